/* Hyperparameters of positions: how heads are rotated, and how far back each layer sees. */
#include "engine/config/metadata.h"
#include "platform/error.h"
#include "platform/math.h"

enum scaling { SCALING_NONE, SCALING_LINEAR, SCALING_YARN, SCALING_LONGROPE, SCALINGS };
static const char *const scaling_names[SCALINGS] = {"none", "linear", "yarn", "longrope"};

static int read_dimension_count(struct reader *reader, const char *suffix, struct head_shape *head, bool whole) {
    const int status = read_u32(reader, suffix, 2, head->k, &head->rot);
    if (status == QN_OK && (head->rot % 2 != 0 || (whole && head->rot != head->k))) {
        return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader), "rope over %u dimensions of heads of %u",
                         head->rot, head->k);
    }
    return status;
}

static int read_dimensions(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    struct head_shape *all = &hparams->heads[LAYER_ROPE];
    struct head_shape *window = &hparams->heads[LAYER_ROPE_WINDOW];
    all->rot = all->k;
    int status = read_dimension_count(reader, "rope.dimension_count", all, row->rope.whole_head);
    window->rot = all->rot;
    if (status == QN_OK && row->window.own_heads) {
        status = read_dimension_count(reader, "rope.dimension_count_swa", window, false);
    }
    hparams->n_rot = all->rot > window->rot ? all->rot : window->rot;
    return status;
}

static int read_sections(struct reader *reader, struct hparams *hparams) {
    if (hparams->architecture->rope.sections == SECTIONS_NONE) {
        return QN_OK;
    }
    const struct gguf_value *value = reader_find(reader, "rope.dimension_sections");
    if (value == NULL) {
        return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the metadata has no %s", reader->key);
    }
    const bool fits = value->type == GGUF_ARRAY && (value->element == GGUF_U32 || value->element == GGUF_I32) &&
                      value->count >= 3 && value->count <= 4;
    uint32_t sum = 0;
    for (size_t i = 0; fits && i < value->count; i++) {
        hparams->rope.sections[i] = gguf_array_u32(value, i);
        sum = hparams->rope.sections[i] > MAX_WIDTH ? MAX_WIDTH : sum + hparams->rope.sections[i];
    }
    if (sum < 1 || sum > hparams->head_dim_k) {
        return error_set(reader->error, QN_ERR_FORMAT, value->offset,
                         "%s must hold three or four whole numbers whose sum is 1 to %u", reader->key,
                         hparams->head_dim_k);
    }
    return QN_OK;
}

static int read_scaling(struct reader *reader, enum scaling *scaling) {
    struct gguf_text kind = {"linear", 6};
    reader_find(reader, "rope.scaling.type");
    const int status = gguf_text(reader->gguf, reader->key, &kind, reader->error);
    if (status < 0) {
        return status;
    }
    for (int i = 0; i < SCALINGS; i++) {
        if (kind.bytes == strlen(scaling_names[i]) && memcmp(kind.at, scaling_names[i], kind.bytes) == 0) {
            *scaling = (enum scaling)i;
            return QN_OK;
        }
    }
    const int shown = kind.bytes < 32 ? (int)kind.bytes : 32;
    return error_set(reader->error, QN_ERR_UNSUPPORTED, reader_offset(reader),
                     "%s is \"%.*s\", which this build does not run", reader->key, shown, kind.at);
}

/* YaRN makes up for the longer context by larger products: 1 + 0.1 mscale ln(factor). */
static double mscale(double factor, double by) { return factor <= 1.0 ? 1.0 : 0.1 * by * math_log(factor) + 1.0; }

static int read_yarn(struct reader *reader, struct rope_hparams *rope, float factor, bool latent) {
    float log_multiplier = 0.0f;
    rope->beta_fast = 32.0f;
    rope->beta_slow = 1.0f;
    int status = read_f32(reader, "rope.scaling.yarn_beta_fast", &rope->beta_fast);
    if (status == QN_OK) {
        status = read_f32(reader, "rope.scaling.yarn_beta_slow", &rope->beta_slow);
    }
    if (status == QN_OK) {
        status = read_optional_f32(reader, "rope.scaling.yarn_log_multiplier", &log_multiplier);
    }
    if (latent) {
        log_multiplier *= 10.0f; /* its files have a tenth of the number */
    }
    const double over = log_multiplier > 0.0f ? mscale((double)factor, (double)log_multiplier) : 1.0;
    const double by = latent && log_multiplier > 0.0f ? (double)log_multiplier : 1.0;
    rope->sets[0].magnitude = (float)(mscale((double)factor, by) / over);
    rope->stretch = (float)(0.1 * (double)log_multiplier * math_log((double)factor));
    rope->sets[0].yarn = true;
    return status;
}

/* Scaling that depends on the width of a head: base * alpha^(n / (n - 2)). */
static int read_alpha(struct reader *reader, struct hparams *hparams) {
    float alpha = 0.0f;
    const int status = read_optional_f32(reader, "rope.scaling.alpha", &alpha);
    if (status == QN_OK && alpha > 0.0f) {
        const double n = hparams->head_dim_k;
        struct rope_set *set = &hparams->rope.sets[0];
        set->base = (float)((double)set->base * math_pow((double)alpha, n / (n - 2.0)));
    }
    return status;
}

static int read_sets(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    struct rope_hparams *rope = &hparams->rope;
    struct rope_set *set = &rope->sets[LAYER_ROPE];
    *set = (struct rope_set){.base = 10000.0f, .scale = 1.0f, .magnitude = 1.0f, .factors = true};
    enum scaling scaling = SCALING_LINEAR;
    float factor = 1.0f;
    float attention_factor = 1.0f;
    int status = read_scaling(reader, &scaling);
    if (status == QN_OK) {
        status = read_f32(reader, "rope.freq_base", &set->base);
    }
    if (status == QN_OK) {
        status = read_alpha(reader, hparams);
    }
    if (status == QN_OK) {
        const bool named = reader_find(reader, "rope.scaling.factor") != NULL;
        status = read_optional_f32(reader, named ? "rope.scaling.factor" : "rope.scale_linear", &factor);
    }
    set->scale = scaling == SCALING_NONE ? 1.0f : 1.0f / factor;
    rope->original_context = hparams->n_ctx_train;
    if (status == QN_OK) {
        status = read_u32(reader, "rope.scaling.original_context_length", 1, MAX_CONTEXT, &rope->original_context);
    }
    if (status == QN_OK && scaling == SCALING_YARN) {
        status = read_yarn(reader, rope, factor, row->attention.latent);
    }
    if (status == QN_OK) {
        status = read_f32(reader, "rope.scaling.attn_factor", &attention_factor);
        set->magnitude *= attention_factor;
    }
    struct rope_set *window = &rope->sets[LAYER_ROPE_WINDOW];
    *window = row->rope.windowed_unscaled ? (struct rope_set){.scale = 1.0f, .magnitude = 1.0f} : *set;
    window->base = row->rope.windowed_base > 0.0f ? row->rope.windowed_base : set->base;
    return status == QN_OK ? read_f32(reader, "rope.freq_base_swa", &window->base) : status;
}

static int read_windows(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    const bool has =
        row->window.every && (row->window.only_n_layer == 0 || row->window.only_n_layer == hparams->n_layer);
    uint32_t window = has ? row->window.size : 0;
    reader_find(reader, "attention.sliding_window");
    int status = has ? gguf_u32(reader->gguf, reader->key, &window, reader->error) : QN_OK;
    if (status >= 0 && window == 0 && row->window.every == WINDOW_FROM_FILE) {
        return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader), "the metadata has no %s above 0",
                         reader->key);
    }
    if (status < 0 || window == 0) {
        return status < 0 ? status : QN_OK;
    }
    const struct gguf_value *pattern = reader_find(reader, "attention.sliding_window_pattern");
    if (row->window.every == WINDOW_FROM_FILE && (pattern == NULL || pattern->type != GGUF_ARRAY)) {
        return error_set(reader->error, QN_ERR_FORMAT, pattern ? pattern->offset : QN_NO_OFFSET,
                         "%s must be an array that says which layers have a window", reader->key);
    }
    const bool array = pattern && pattern->type == GGUF_ARRAY && row->window.every != WINDOW_ALL;
    uint32_t every = row->window.every;
    if (array && ((pattern->element != GGUF_BOOL && pattern->element != GGUF_U32 && pattern->element != GGUF_I32) ||
                  pattern->count < hparams->n_layer)) {
        return error_set(reader->error, QN_ERR_FORMAT, pattern->offset,
                         "%s must be a number, or a bool or number for each layer", reader->key);
    }
    if (!array && row->window.every != WINDOW_ALL) {
        status = gguf_u32(reader->gguf, reader->key, &every, reader->error);
        if (status < 0) {
            return status;
        }
    }
    const uint32_t free = row->window.first ? 0 : every - 1; /* of every `every` layers, the one without a window */
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const bool windowed = array ? flag_at(pattern, i) : every == 0 || i % every != free;
        layers[i].window = windowed ? window : 0;
        layers[i].rope = windowed ? LAYER_ROPE_WINDOW : row->rope.windowed_only ? LAYER_ROPE_NONE : layers[i].rope;
    }
    return QN_OK;
}

static int read_layer_ropes(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    bool rotates = row->rope.kind != ROPE_NONE;
    if (row->rope.can_be_off) {
        reader_find(reader, "rope.scaling.finetuned");
        const int status = gguf_bool(reader->gguf, reader->key, &rotates, reader->error);
        if (status < 0) {
            return status;
        }
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const bool skipped = row->rope.none_every && (i + 1) % row->rope.none_every == 0;
        layers[i].rope = rotates && !skipped ? LAYER_ROPE : LAYER_ROPE_NONE;
    }
    return QN_OK;
}

int hparams_read_rope(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    int status = read_dimensions(reader, hparams);
    if (status == QN_OK) {
        status = read_sections(reader, hparams);
    }
    if (status == QN_OK) {
        status = read_sets(reader, hparams);
    }
    if (status == QN_OK) {
        status = read_layer_ropes(reader, hparams, layers);
    }
    return status == QN_OK ? read_windows(reader, hparams, layers) : status;
}
