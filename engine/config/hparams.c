#include "engine/config/hparams.h"

#include "engine/config/metadata.h"
#include "platform/error.h"

static int check_heads(struct reader *reader, struct hparams *hparams) {
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const struct layer_hparams *layer = &hparams->layers[i];
        if (layer->n_head_kv && layer->n_head % layer->n_head_kv != 0) {
            return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                             "layer %u has %u heads over %u KV heads: not a whole number", i, layer->n_head,
                             layer->n_head_kv);
        }
        hparams->max_head = layer->n_head > hparams->max_head ? layer->n_head : hparams->max_head;
        hparams->max_head_kv = layer->n_head_kv > hparams->max_head_kv ? layer->n_head_kv : hparams->max_head_kv;
    }
    return QN_OK;
}

static int check_head_dims(struct reader *reader, const struct head_shape *shape) {
    return shape->k % 8 == 0 && shape->v % 8 == 0
               ? QN_OK
               : error_set(reader->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                           "heads of %u (key) and %u (value) dimensions: this build needs multiples of 8", shape->k,
                           shape->v);
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static int read_head_dims(struct reader *reader, struct hparams *hparams, uint32_t n_head) {
    struct head_shape *all = &hparams->heads[LAYER_ROPE];
    struct head_shape *window = &hparams->heads[LAYER_ROPE_WINDOW];
    all->k = all->v = hparams->n_embd / n_head;
    int status = read_u32(reader, "attention.key_length", 1, MAX_WIDTH, &all->k);
    if (status == QN_OK) {
        status = read_u32(reader, "attention.value_length", 1, MAX_WIDTH, &all->v);
    }
    *window = *all;
    if (status == QN_OK && hparams->architecture->window.own_heads) {
        status = read_u32(reader, "attention.key_length_swa", 1, MAX_WIDTH, &window->k);
        if (status == QN_OK) {
            status = read_u32(reader, "attention.value_length_swa", 1, MAX_WIDTH, &window->v);
        }
    }
    if (status == QN_OK) {
        status = check_head_dims(reader, all);
    }
    if (status == QN_OK) {
        status = check_head_dims(reader, window);
    }
    if (status != QN_OK) {
        return status;
    }
    hparams->head_dim_k = larger(all->k, window->k);
    hparams->head_dim_v = larger(all->v, window->v);
    if (hparams->architecture->attention.gated && (all->k != all->v || window->k != window->v)) {
        return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "gates of %u dimensions for values of %u: they must be as many", hparams->head_dim_k,
                         hparams->head_dim_v);
    }
    if ((uint64_t)hparams->head_dim_k * hparams->max_head > MAX_WIDTH ||
        (uint64_t)hparams->head_dim_v * hparams->max_head > MAX_WIDTH) {
        const uint32_t dim = hparams->head_dim_k > hparams->head_dim_v ? hparams->head_dim_k : hparams->head_dim_v;
        return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "%u heads of %u dimensions are more than %u",
                         hparams->max_head, dim, MAX_WIDTH);
    }
    return QN_OK;
}

/* What encoders have, and the decoders that were made into ones. */
static int read_encoder(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    bool causal = !row->encoder;
    uint32_t pooling = (uint32_t)QN_POOLING_MODEL;
    reader_find(reader, "attention.causal");
    int status = gguf_bool(reader->gguf, reader->key, &causal, reader->error);
    hparams->bidirectional = !causal;
    if (status >= 0) {
        reader_find(reader, "pooling_type");
        status = gguf_u32(reader->gguf, reader->key, &pooling, reader->error);
        hparams->pooling = (int32_t)pooling;
    }
    if (status >= 0 && row->embedding.token_types) {
        status = gguf_u32(reader->gguf, "tokenizer.ggml.token_type_count", &hparams->n_types, reader->error);
    }
    if (status < 0) {
        return status;
    }
    return row->encoder && reader_find(reader, "dense_2_feat_out")
               ? read_u32(reader, "dense_2_feat_out", 1, MAX_WIDTH, &hparams->n_dense)
               : QN_OK;
}

/* Layers that draft tokens stand behind the others; they are not run. */
static int read_layer_count(struct reader *reader, struct hparams *hparams) {
    uint32_t all = 0;
    int status = read_u32(reader, "block_count", 1, MAX_LAYERS, &all);
    if (status == QN_OK) {
        reader_find(reader, "nextn_predict_layers");
        status = gguf_u32(reader->gguf, reader->key, &hparams->n_draft, reader->error);
    }
    if (status >= 0 && hparams->n_draft >= all && all) {
        return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader), "%s is %u of %u layers", reader->key,
                         hparams->n_draft, all);
    }
    hparams->n_layer = all - hparams->n_draft;
    return status < 0 ? status : QN_OK;
}

static bool says(struct gguf_text text, const char *word) {
    return text.bytes == strlen(word) && memcmp(text.at, word, text.bytes) == 0;
}

static int read_act(struct reader *reader, struct hparams *hparams) {
    hparams->act = hparams->architecture->ffn.act;
    struct gguf_text name = {"gelu", 4};
    if (hparams->architecture->ffn.act_from_file) {
        reader_find(reader, "hidden_activation");
        const int status = gguf_text(reader->gguf, reader->key, &name, reader->error);
        if (status < 0) {
            return status;
        }
        if (says(name, "silu") || says(name, "swish") || says(name, "swiglu")) {
            hparams->act = ACT_SILU;
        } else if (!says(name, "gelu") && !says(name, "geglu")) {
            const int shown = name.bytes < 32 ? (int)name.bytes : 32;
            return error_set(reader->error, QN_ERR_UNSUPPORTED, reader_offset(reader),
                             "%s is \"%.*s\", which this build does not run", reader->key, shown, name.at);
        }
    }
    return QN_OK;
}

static float square_root(uint32_t x) { return __builtin_sqrtf((float)x); }

static int read_numbers(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    int status = read_f32(
        reader, row->norm.kind == NORM_RMS ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
        &hparams->norm_epsilon);
    hparams->logit_softcap = row->output.softcap_default;
    if (status == QN_OK && row->output.softcap) {
        status = read_optional_f32(reader, "final_logit_softcapping", &hparams->logit_softcap);
    }
    if (status == QN_OK && row->attention.softcap) {
        hparams->attention_softcap = 50.0f;
        status = read_optional_f32(reader, "attn_logit_softcapping", &hparams->attention_softcap);
    }
    return status == QN_OK ? read_optional_f32(reader, "attention.temperature_scale", &hparams->attention_temperature)
                           : status;
}

/* The layers' heads have been read. */
static int read_scales(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    const bool wide = row->attention.embd_scale_n_layer && hparams->n_layer == row->attention.embd_scale_n_layer;
    hparams->attention_scale =
        row->attention.unscaled
            ? 1.0f
            : 1.0f / square_root(wide ? hparams->n_embd / hparams->layers[0].n_head : hparams->head_dim_k);
    hparams->embedding_scale = row->embedding.times_sqrt_width ? square_root(hparams->n_embd) : 1.0f;
    hparams->residual_scale = 1.0f;
    hparams->logit_scale = 1.0f;
    if (row->multipliers == MULTIPLIERS_NONE) {
        return QN_OK;
    }
    if (row->multipliers == MULTIPLIERS_LOGITS) {
        return read_f32(reader, "logit_scale", &hparams->logit_scale);
    }
    float divisor = 0.0f;
    if (row->multipliers == MULTIPLIERS_MINICPM) {
        hparams->embedding_scale = 12.0f;
        hparams->residual_scale = 1.4f / square_root(hparams->n_layer);
        divisor = 256.0f / (float)hparams->n_embd;
    }
    int status = read_optional_f32(reader, "embedding_scale", &hparams->embedding_scale);
    if (status == QN_OK) {
        status = read_optional_f32(reader, "residual_scale", &hparams->residual_scale);
    }
    if (status == QN_OK) {
        status = read_optional_f32(reader, "attention.scale", &hparams->attention_scale);
    }
    if (status == QN_OK) {
        status = read_f32(reader, "logit_scale", &divisor);
    }
    hparams->logit_scale = status == QN_OK ? 1.0f / divisor : 1.0f;
    return status;
}

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
    int status = read_layer_count(&reader, hparams);
    if (status == QN_OK) {
        status = read_u32(&reader, "context_length", 1, MAX_CONTEXT, &hparams->n_ctx_train);
    }
    if (status == QN_OK) {
        status = read_u32(&reader, "embedding_length", 1, MAX_WIDTH, &hparams->n_embd);
    }
    if (status == QN_OK) {
        status = read_numbers(&reader, hparams);
    }
    if (status == QN_OK) {
        status = read_encoder(&reader, hparams);
    }
    if (status == QN_OK) {
        status = read_act(&reader, hparams);
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
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].kv = i;
    }
    const uint32_t n = hparams->n_layer;
    const uint32_t least = hparams->architecture->recurrent.kind == LAYER_ATTENTION; /* heads of a layer */
    status = hparams_read_feed(&reader, hparams, layers);
    if (status == QN_OK) {
        status = read_layers(&reader, "attention.head_count", least, 4096, 0, layers, n,
                             offsetof(struct layer_hparams, n_head));
    }
    if (status == QN_OK) {
        status = read_layers(&reader, "attention.head_count_kv", least, 4096, layers[0].n_head, layers, n,
                             offsetof(struct layer_hparams, n_head_kv));
    }
    const uint32_t n_head = layers[0].n_head;
    if (status == QN_OK) {
        status = hparams_read_recurrent(&reader, hparams, layers);
    }
    if (status == QN_OK) {
        status = check_heads(&reader, hparams);
    }
    if (status != QN_OK || hparams->max_head == 0) { /* no attention */
        hparams->embedding_scale = 1.0f;
        hparams->residual_scale = 1.0f;
        hparams->logit_scale = 1.0f;
        return status;
    }
    if (status == QN_OK) {
        status = read_head_dims(&reader, hparams, n_head ? n_head : hparams->max_head);
    }
    if (status == QN_OK) {
        status = hparams_read_rope(&reader, hparams, layers);
    }
    if (status == QN_OK) {
        status = hparams_read_layers(&reader, hparams, layers);
    }
    if (status == QN_OK) {
        status = read_scales(&reader, hparams);
    }
    return status == QN_OK && hparams->architecture->attention.latent ? hparams_read_latent(&reader, hparams, layers)
                                                                      : status;
}
