/* Hyperparameters of RoPE (https://arxiv.org/abs/2104.09864), its scaling to longer contexts, and sliding windows. */
#include "engine/config/hparams_rope.h"

#include "platform/math.h"

/* The first is the default. */
enum scaling { SCALING_LINEAR, SCALING_NONE, SCALING_YARN, SCALING_LONGROPE };
static const char *const scaling_names[] = {"linear", "none", "yarn", "longrope"};

static void read_dimension_count(struct reader *reader, const char *suffix, bool whole, struct head_shape *head) {
    reader_u32(reader, suffix, 2, head->k, &head->rot);
    if (head->rot % 2 != 0 || (whole && head->rot != head->k)) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader), "rope over %u dimensions of heads of %u", head->rot,
                    head->k);
    }
}

static void read_dimensions(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    struct head_shape *full = &hparams->heads[LAYER_ROPE];
    struct head_shape *window = &hparams->heads[LAYER_ROPE_WINDOW];
    full->rot = full->k;
    read_dimension_count(reader, "rope.dimension_count", row->rope.whole_head, full);
    window->rot = full->rot;
    if (row->window.own_heads) {
        read_dimension_count(reader, "rope.dimension_count_swa", false, window);
    }
    hparams->n_rot = max_u32(full->rot, window->rot);
}

static void read_sections(struct reader *reader, struct hparams *hparams) {
    const struct gguf_value *value = reader_find(reader, "rope.dimension_sections");
    if (value == NULL) {
        reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET, "the metadata has no %s", reader->key);
        return;
    }
    const bool fits = value->type == GGUF_ARRAY && (value->element == GGUF_U32 || value->element == GGUF_I32) &&
                      value->count >= 3 && value->count <= 4;
    uint32_t sum = 0;
    for (size_t i = 0; fits && i < value->count; i++) {
        hparams->rope.sections[i] = gguf_array_u32(value, i);
        sum = hparams->rope.sections[i] > MAX_WIDTH ? MAX_WIDTH : sum + hparams->rope.sections[i];
    }
    if (sum < 1 || sum > hparams->head_dim_k) {
        reader_fail(reader, QN_ERR_FORMAT, value->offset, "%s must hold three or four integers whose sum is 1 to %u",
                    reader->key, hparams->head_dim_k);
    }
}

/* YaRN's attention factor: 1 + 0.1 * multiplier * ln(factor). */
static double yarn_magnitude(double factor, double multiplier) {
    return factor <= 1.0 ? 1.0 : 0.1 * multiplier * math_log(factor) + 1.0;
}

static void read_yarn(struct reader *reader, struct rope_hparams *rope, float factor, bool latent) {
    float log_multiplier = 0.0f;
    rope->beta_fast = 32.0f;
    rope->beta_slow = 1.0f;
    reader_f32(reader, "rope.scaling.yarn_beta_fast", &rope->beta_fast);
    reader_f32(reader, "rope.scaling.yarn_beta_slow", &rope->beta_slow);
    reader_optional_f32(reader, "rope.scaling.yarn_log_multiplier", &log_multiplier);
    if (latent) {
        log_multiplier *= 10.0f; /* files with latent attention hold a tenth of the multiplier */
    }
    const bool has = log_multiplier > 0.0f;
    const double by = latent && has ? (double)log_multiplier : 1.0;
    const double over = has ? yarn_magnitude((double)factor, (double)log_multiplier) : 1.0;
    rope->sets[LAYER_ROPE].magnitude = (float)(yarn_magnitude((double)factor, by) / over);
    rope->stretch = (float)(0.1 * (double)log_multiplier * math_log((double)factor));
    rope->sets[LAYER_ROPE].yarn = true;
}

/* NTK-aware scaling: base * alpha^(n / (n - 2)), n the width of a head. */
static void read_alpha(struct reader *reader, uint32_t head_dim, float *base) {
    float alpha = 0.0f;
    reader_optional_f32(reader, "rope.scaling.alpha", &alpha);
    if (alpha > 0.0f) {
        const double n = head_dim;
        *base = (float)((double)*base * math_pow((double)alpha, n / (n - 2.0)));
    }
}

/* The angles of layers without a window, and of those with one. */
static void read_sets(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    struct rope_hparams *rope = &hparams->rope;
    struct rope_set *full = &rope->sets[LAYER_ROPE];
    struct rope_set *window = &rope->sets[LAYER_ROPE_WINDOW];
    *full = (struct rope_set){.base = 10000.0f, .scale = 1.0f, .magnitude = 1.0f, .factors = true};
    float factor = 1.0f;
    float attention_factor = 1.0f;
    const enum scaling scaling = (enum scaling)reader_choice(reader, "rope.scaling.type", scaling_names,
                                                             sizeof(scaling_names) / sizeof(scaling_names[0]));
    reader_f32(reader, "rope.freq_base", &full->base);
    read_alpha(reader, hparams->head_dim_k, &full->base);
    const bool named = reader_find(reader, "rope.scaling.factor") != NULL;
    reader_optional_f32(reader, named ? "rope.scaling.factor" : "rope.scale_linear", &factor);
    full->scale = scaling == SCALING_NONE ? 1.0f : 1.0f / factor;
    rope->original_context = hparams->n_ctx_train;
    reader_u32(reader, "rope.scaling.original_context_length", 1, MAX_CONTEXT, &rope->original_context);
    if (scaling == SCALING_YARN) {
        read_yarn(reader, rope, factor, row->attention.latent);
    }
    reader_f32(reader, "rope.scaling.attn_factor", &attention_factor);
    full->magnitude *= attention_factor;
    *window = row->rope.windowed_unscaled ? (struct rope_set){.scale = 1.0f, .magnitude = 1.0f} : *full;
    window->base = row->rope.windowed_base > 0.0f ? row->rope.windowed_base : full->base;
    reader_f32(reader, "rope.freq_base_swa", &window->base);
}

static void read_layer_ropes(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    bool rotates = row->rope.kind != ROPE_NONE;
    if (row->rope.can_be_off) {
        reader_bool(reader, "rope.scaling.finetuned", &rotates);
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const bool skipped = row->rope.none_every && (i + 1) % row->rope.none_every == 0;
        layers[i].rope = rotates && !skipped ? LAYER_ROPE : LAYER_ROPE_NONE;
    }
}

/* The model's window in positions; 0: it has none. */
static uint32_t read_window(struct reader *reader, const struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    if (row->window.every == 0 || (row->window.only_n_layer && row->window.only_n_layer != hparams->n_layer)) {
        return 0;
    }
    uint32_t window = row->window.size;
    reader_any_u32(reader, "attention.sliding_window", &window);
    if (window == 0 && row->window.every == WINDOW_FROM_FILE) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader), "the metadata has no %s above 0", reader->key);
    }
    return reader->status == QN_OK ? window : 0;
}

/* Which layers have the window: flags for each layer, or *every (0: all layers). */
static const struct gguf_value *read_window_pattern(struct reader *reader, const struct hparams *hparams,
                                                    uint32_t *every) {
    static const char suffix[] = "attention.sliding_window_pattern";
    *every = hparams->architecture->window.every;
    if (*every == WINDOW_ALL) {
        *every = 0;
        return NULL;
    }
    const struct gguf_value *value = reader_find(reader, suffix);
    const bool array = value && value->type == GGUF_ARRAY;
    if (!array && *every == WINDOW_FROM_FILE) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader),
                    "%s must be an array that says which layers have a window", reader->key);
    } else if (!array) {
        reader_any_u32(reader, suffix, every);
    }
    return array ? reader_flags(reader, suffix, hparams->n_layer) : NULL;
}

static void read_windows(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    const uint32_t window = read_window(reader, hparams);
    if (window == 0) {
        return;
    }
    uint32_t every = 0;
    const struct gguf_value *flags = read_window_pattern(reader, hparams, &every);
    const uint32_t exception = row->window.first ? 0 : every - 1; /* of `every` layers, the one without a window */
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const bool windowed = flags ? flag_at(flags, i) : every == 0 || i % every != exception;
        layers[i].window = windowed ? window : 0;
        if (windowed) {
            layers[i].rope = LAYER_ROPE_WINDOW;
        } else if (row->rope.windowed_only) {
            layers[i].rope = LAYER_ROPE_NONE;
        }
    }
}

void hparams_read_rope(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    read_dimensions(reader, hparams);
    if (hparams->architecture->rope.sections != SECTIONS_NONE) {
        read_sections(reader, hparams);
    }
    read_sets(reader, hparams);
    read_layer_ropes(reader, hparams, layers);
    read_windows(reader, hparams, layers);
}
