#include "engine/hparams.h"

#include "platform/error.h"

#define MAX_KEY 128

/* Reads keys of one architecture: "<architecture>.<suffix>". */
struct reader {
    const struct gguf *gguf;
    const char *prefix;
    struct qn_error *error;
    char key[MAX_KEY];
};

static const char *key_of(struct reader *reader, const char *suffix) {
    const size_t left = strlen(reader->prefix);
    const size_t right = strlen(suffix);
    memcpy(reader->key, reader->prefix, left); /* both are our own constants: they fit */
    reader->key[left] = '.';
    memcpy(reader->key + left + 1, suffix, right + 1);
    return reader->key;
}

static uint64_t offset_of(const struct reader *reader) {
    const struct gguf_value *value = gguf_find(reader->gguf, reader->key);
    return value ? value->offset : QN_NO_OFFSET;
}

static int missing(const struct reader *reader) {
    return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the metadata has no %s", reader->key);
}

/* An integer in [low, high]; absent: *out stays, which is an error unless it lies in the range already. */
static int read_u32(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out) {
    const int status = gguf_u32(reader->gguf, key_of(reader, suffix), out, reader->error);
    if (status < 0) {
        return status;
    }
    if (*out < low || *out > high) {
        return status == QN_MORE ? missing(reader)
                                 : error_set(reader->error, QN_ERR_FORMAT, offset_of(reader),
                                             "%s is %u; it must lie in %u to %u", reader->key, *out, low, high);
    }
    return QN_OK;
}

/* A positive finite number; absent: *out stays, an error when it is not positive. */
static int read_f32(struct reader *reader, const char *suffix, float *out) {
    const int status = gguf_f32(reader->gguf, key_of(reader, suffix), out, reader->error);
    if (status < 0) {
        return status;
    }
    if (!(*out > 0.0f && *out < 1e30f)) {
        return status == QN_MORE ? missing(reader)
                                 : error_set(reader->error, QN_ERR_FORMAT, offset_of(reader),
                                             "%s is not a positive finite number", reader->key);
    }
    return QN_OK;
}

/* One number for all layers, or an array with one for each. field: offset in struct layer_hparams. */
static int read_layers(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t fallback,
                       struct layer_hparams *layers, uint32_t n_layer, size_t field) {
    const struct gguf_value *value = gguf_find(reader->gguf, key_of(reader, suffix));
    const bool array = value && value->type == GGUF_ARRAY;
    uint32_t all = fallback;
    if (array) {
        if (value->element != GGUF_U32 && value->element != GGUF_I32) {
            return error_set(reader->error, QN_ERR_FORMAT, value->offset,
                             "%s is an array of %s; it must hold u32 or i32", reader->key,
                             gguf_type_name(value->element));
        }
        if (value->count < n_layer) {
            return error_set(reader->error, QN_ERR_FORMAT, value->offset, "%s has %zu elements for %u layers",
                             reader->key, value->count, n_layer);
        }
    } else {
        const int status = read_u32(reader, suffix, low, high, &all);
        if (status < 0) {
            return status;
        }
    }
    for (uint32_t i = 0; i < n_layer; i++) {
        const uint32_t one = array ? gguf_array_u32(value, i) : all;
        if (one < low || one > high) {
            return error_set(reader->error, QN_ERR_FORMAT, offset_of(reader),
                             "%s is %u in layer %u; it must lie in %u to %u", reader->key, one, i, low, high);
        }
        memcpy((uint8_t *)&layers[i] + field, &one, sizeof(one));
    }
    return QN_OK;
}

static int check_heads(struct reader *reader, struct hparams *hparams) {
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const struct layer_hparams *layer = &hparams->layers[i];
        if (layer->n_head % layer->n_head_kv != 0) {
            return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                             "layer %u has %u heads over %u KV heads: not a whole number", i, layer->n_head,
                             layer->n_head_kv);
        }
        hparams->max_head = layer->n_head > hparams->max_head ? layer->n_head : hparams->max_head;
        hparams->max_head_kv = layer->n_head_kv > hparams->max_head_kv ? layer->n_head_kv : hparams->max_head_kv;
        hparams->max_ff = layer->n_ff > hparams->max_ff ? layer->n_ff : hparams->max_ff;
    }
    return QN_OK;
}

static int read_head_dims(struct reader *reader, struct hparams *hparams, uint32_t n_head) {
    const uint32_t natural = hparams->n_embd / n_head;
    hparams->head_dim_k = natural;
    hparams->head_dim_v = natural;
    int status = read_u32(reader, "attention.key_length", 1, MAX_WIDTH, &hparams->head_dim_k);
    if (status == QN_OK) {
        status = read_u32(reader, "attention.value_length", 1, MAX_WIDTH, &hparams->head_dim_v);
    }
    if (status != QN_OK) {
        return status;
    }
    if (hparams->head_dim_k % 8 != 0 || hparams->head_dim_v % 8 != 0) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "heads of %u (key) and %u (value) dimensions: this build needs multiples of 8",
                         hparams->head_dim_k, hparams->head_dim_v);
    }
    if ((uint64_t)hparams->head_dim_k * hparams->max_head > MAX_WIDTH ||
        (uint64_t)hparams->head_dim_v * hparams->max_head > MAX_WIDTH) {
        const uint32_t dim = hparams->head_dim_k > hparams->head_dim_v ? hparams->head_dim_k : hparams->head_dim_v;
        return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "%u heads of %u dimensions are more than %u",
                         hparams->max_head, dim, MAX_WIDTH);
    }
    hparams->n_rot = hparams->head_dim_k;
    status = read_u32(reader, "rope.dimension_count", 2, hparams->head_dim_k, &hparams->n_rot);
    if (status != QN_OK) {
        return status;
    }
    if (hparams->n_rot % 2 != 0 || (hparams->architecture->rope_is_head_dim && hparams->n_rot != hparams->head_dim_k)) {
        return error_set(reader->error, QN_ERR_FORMAT, offset_of(reader), "rope over %u dimensions of heads of %u",
                         hparams->n_rot, hparams->head_dim_k);
    }
    return QN_OK;
}

/* Linear scaling only: other kinds are refused by name rather than computed wrongly. */
static int read_rope(struct reader *reader, struct hparams *hparams) {
    struct gguf_text kind = {"", 0};
    int status = gguf_text(reader->gguf, key_of(reader, "rope.scaling.type"), &kind, reader->error);
    if (status < 0) {
        return status;
    }
    const bool none = status == QN_OK && kind.bytes == 4 && memcmp(kind.at, "none", 4) == 0;
    const bool linear = status == QN_MORE || (kind.bytes == 6 && memcmp(kind.at, "linear", 6) == 0);
    if (!none && !linear) {
        const int shown = kind.bytes < 32 ? (int)kind.bytes : 32;
        return error_set(reader->error, QN_ERR_UNSUPPORTED, offset_of(reader),
                         "%s is \"%.*s\", which this build does not run", reader->key, shown, kind.at);
    }
    hparams->rope_base = 10000.0f;
    status = read_f32(reader, "rope.freq_base", &hparams->rope_base);
    if (status == QN_OK) {
        hparams->window_rope_base = hparams->architecture->window_rope_base > 0.0f
                                        ? hparams->architecture->window_rope_base
                                        : hparams->rope_base;
        status = read_f32(reader, "rope.freq_base_swa", &hparams->window_rope_base);
    }
    float factor = 1.0f;
    if (status == QN_OK && linear) {
        const bool named = gguf_find(reader->gguf, key_of(reader, "rope.scaling.factor")) != NULL;
        status = read_f32(reader, named ? "rope.scaling.factor" : "rope.scale_linear", &factor);
    }
    hparams->rope_scale = 1.0f / factor;
    return status;
}

static int read_windows(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const uint32_t pattern_default = hparams->architecture->window_pattern;
    uint32_t window = 0;
    int status = pattern_default
                     ? gguf_u32(reader->gguf, key_of(reader, "attention.sliding_window"), &window, reader->error)
                     : QN_OK;
    if (status < 0 || window == 0) {
        return status < 0 ? status : QN_OK;
    }
    const struct gguf_value *pattern = gguf_find(reader->gguf, key_of(reader, "attention.sliding_window_pattern"));
    const bool array = pattern && pattern->type == GGUF_ARRAY;
    uint32_t every = pattern_default;
    if (array && (pattern->element != GGUF_BOOL || pattern->count < hparams->n_layer)) {
        return error_set(reader->error, QN_ERR_FORMAT, pattern->offset, "%s must be a number or one bool a layer",
                         reader->key);
    }
    if (!array) {
        status = gguf_u32(reader->gguf, reader->key, &every, reader->error);
        if (status < 0) {
            return status;
        }
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const bool windowed = array ? gguf_array_bool(pattern, i) : every == 0 || i % every < every - 1;
        layers[i].window = windowed ? window : 0;
        layers[i].window_rope = windowed;
    }
    return QN_OK;
}

static float square_root(uint32_t x) { return __builtin_sqrtf((float)x); }

int hparams_read(struct hparams *hparams, const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    const struct gguf_value *name = gguf_find(gguf, "general.architecture");
    if (name == NULL || name->type != GGUF_STRING) {
        return error_set(error, QN_ERR_FORMAT, name ? name->offset : QN_NO_OFFSET,
                         "the metadata has no general.architecture");
    }
    const struct gguf_text text = {(const char *)name->data, name->bytes};
    memset(hparams, 0, sizeof(*hparams));
    hparams->architecture = architecture_find(text, name->offset, error);
    if (hparams->architecture == NULL) {
        return error->code;
    }
    struct reader reader = {.gguf = gguf, .prefix = hparams->architecture->name, .error = error};
    int status = read_u32(&reader, "block_count", 1, MAX_LAYERS, &hparams->n_layer);
    if (status == QN_OK) {
        status = read_u32(&reader, "context_length", 1, MAX_CONTEXT, &hparams->n_ctx_train);
    }
    if (status == QN_OK) {
        status = read_u32(&reader, "embedding_length", 1, MAX_WIDTH, &hparams->n_embd);
    }
    if (status == QN_OK) {
        status = read_f32(&reader, "attention.layer_norm_rms_epsilon", &hparams->norm_epsilon);
    }
    if (status == QN_OK && gguf_find(gguf, key_of(&reader, "final_logit_softcapping"))) {
        status = read_f32(&reader, "final_logit_softcapping", &hparams->logit_softcap);
    }
    if (status != QN_OK) {
        return status;
    }
    struct layer_hparams *layers = ARENA_ARRAY(arena, struct layer_hparams, hparams->n_layer);
    if (layers == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the hyperparameters of %u layers",
                         hparams->n_layer);
    }
    hparams->layers = layers;
    const uint32_t n = hparams->n_layer;
    status =
        read_layers(&reader, "feed_forward_length", 1, MAX_WIDTH, 0, layers, n, offsetof(struct layer_hparams, n_ff));
    if (status == QN_OK) {
        status =
            read_layers(&reader, "attention.head_count", 1, 4096, 0, layers, n, offsetof(struct layer_hparams, n_head));
    }
    if (status == QN_OK) {
        status = read_layers(&reader, "attention.head_count_kv", 1, 4096, layers[0].n_head, layers, n,
                             offsetof(struct layer_hparams, n_head_kv));
    }
    if (status == QN_OK) {
        status = check_heads(&reader, hparams);
    }
    if (status == QN_OK) {
        status = read_head_dims(&reader, hparams, layers[0].n_head);
    }
    if (status == QN_OK) {
        status = read_rope(&reader, hparams);
    }
    if (status == QN_OK) {
        status = read_windows(&reader, hparams, layers);
    }
    hparams->attention_scale = 1.0f / square_root(hparams->head_dim_k);
    hparams->embedding_scale = hparams->architecture->embedding_sqrt ? square_root(hparams->n_embd) : 1.0f;
    return status;
}
