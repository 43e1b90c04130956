/* Reads the hyperparameters in the order of their dependencies. */
#include "engine/config/hparams.h"

#include "engine/config/hparams_ffn.h"
#include "engine/config/hparams_latent.h"
#include "engine/config/hparams_layers.h"
#include "engine/config/hparams_recurrent.h"
#include "engine/config/hparams_rope.h"
#include "engine/config/metadata.h"
#include "platform/error.h"

#define MAX_HEADS 4096u

/* Draft layers follow the others and are not run. */
static void read_sizes(struct reader *reader, struct hparams *hparams) {
    uint32_t all = 0;
    reader_u32(reader, "block_count", 1, MAX_LAYERS, &all);
    reader_any_u32(reader, "nextn_predict_layers", &hparams->n_draft);
    if (hparams->n_draft >= all) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader), "%s is %u, but the model has %u layers", reader->key,
                    hparams->n_draft, all);
        hparams->n_draft = 0;
    }
    hparams->n_layer = all - hparams->n_draft;
    reader_u32(reader, "context_length", 1, MAX_CONTEXT, &hparams->n_ctx_train);
    reader_u32(reader, "embedding_length", 1, MAX_WIDTH, &hparams->n_embd);
}

static void read_norm_and_softcaps(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    const bool rms = row->norm.kind == NORM_RMS;
    reader_f32(reader, rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
               &hparams->norm_epsilon);
    hparams->logit_softcap = row->output.softcap_default;
    if (row->output.softcap) {
        reader_optional_f32(reader, "final_logit_softcapping", &hparams->logit_softcap);
    }
    if (row->attention.softcap) {
        hparams->attention_softcap = 50.0f;
        reader_optional_f32(reader, "attn_logit_softcapping", &hparams->attention_softcap);
    }
    reader_optional_f32(reader, "attention.temperature_scale", &hparams->attention_temperature);
}

/* For encoders, and for decoders that were trained further into encoders. */
static void read_encoder(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    bool causal = !row->encoder;
    uint32_t pooling = (uint32_t)QN_POOLING_MODEL;
    reader_bool(reader, "attention.causal", &causal);
    hparams->bidirectional = !causal;
    reader_any_u32(reader, "pooling_type", &pooling);
    hparams->pooling = (int32_t)pooling;
    if (row->embedding.token_types && reader->status == QN_OK) {
        const int status = gguf_u32(reader->gguf, "tokenizer.ggml.token_type_count", &hparams->n_types, reader->error);
        reader->status = status < 0 ? status : QN_OK;
    }
    if (row->encoder && reader_find(reader, "dense_2_feat_out")) {
        reader_u32(reader, "dense_2_feat_out", 1, MAX_WIDTH, &hparams->n_dense);
    }
}

static void read_activation(struct reader *reader, struct hparams *hparams) {
    static const struct {
        const char *name;
        enum act_kind act;
    } names[] = {
        {"gelu", ACT_GELU}, {"geglu", ACT_GELU}, {"silu", ACT_SILU}, {"swish", ACT_SILU}, {"swiglu", ACT_SILU}};
    const char *list[sizeof(names) / sizeof(names[0])];
    hparams->act = hparams->architecture->ffn.act;
    if (hparams->architecture->ffn.act_from_file) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            list[i] = names[i].name;
        }
        hparams->act = names[reader_choice(reader, "hidden_activation", list, sizeof(names) / sizeof(names[0]))].act;
    }
}

static void read_head_counts(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const uint32_t least = hparams->architecture->recurrent.kind == LAYER_ATTENTION ? 1 : 0;
    reader_layers(reader, "attention.head_count", least, MAX_HEADS, &layers[0].n_head, sizeof(layers[0]),
                  hparams->n_layer);
    layers[0].n_head_kv = layers[0].n_head;
    reader_layers(reader, "attention.head_count_kv", least, MAX_HEADS, &layers[0].n_head_kv, sizeof(layers[0]),
                  hparams->n_layer);
}

static void check_head_counts(struct reader *reader, struct hparams *hparams) {
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const struct layer_hparams *layer = &hparams->layers[i];
        if (layer->n_head_kv && layer->n_head % layer->n_head_kv != 0) {
            reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET, "layer %u has %u heads over %u KV heads: not a multiple",
                        i, layer->n_head, layer->n_head_kv);
        }
        hparams->max_head = max_u32(hparams->max_head, layer->n_head);
        hparams->max_head_kv = max_u32(hparams->max_head_kv, layer->n_head_kv);
    }
}

static void check_head_dims(struct reader *reader, const struct hparams *hparams, const struct head_shape *head) {
    if (head->k % 8 != 0 || head->v % 8 != 0) {
        reader_fail(reader, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                    "heads of %u (key) and %u (value) dimensions: both must be multiples of 8", head->k, head->v);
    }
    if (hparams->architecture->attention.gated && head->k != head->v) {
        reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET,
                    "attention gates of %u and values of %u dimensions: they must be equal", head->k, head->v);
    }
    const uint32_t widest = max_u32(head->k, head->v);
    if ((uint64_t)widest * hparams->max_head > MAX_WIDTH) {
        reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET, "%u heads of %u dimensions are more than %u",
                    hparams->max_head, widest, MAX_WIDTH);
    }
}

static void read_head_dims(struct reader *reader, struct hparams *hparams, uint32_t n_head) {
    struct head_shape *full = &hparams->heads[LAYER_ROPE];
    struct head_shape *window = &hparams->heads[LAYER_ROPE_WINDOW];
    full->k = full->v = hparams->n_embd / n_head;
    reader_u32(reader, "attention.key_length", 1, MAX_WIDTH, &full->k);
    reader_u32(reader, "attention.value_length", 1, MAX_WIDTH, &full->v);
    *window = *full;
    if (hparams->architecture->window.own_heads) {
        reader_u32(reader, "attention.key_length_swa", 1, MAX_WIDTH, &window->k);
        reader_u32(reader, "attention.value_length_swa", 1, MAX_WIDTH, &window->v);
    }
    check_head_dims(reader, hparams, full);
    check_head_dims(reader, hparams, window);
    hparams->head_dim_k = max_u32(full->k, window->k);
    hparams->head_dim_v = max_u32(full->v, window->v);
}

static float square_root(uint32_t x) { return __builtin_sqrtf((float)x); }

static void set_attention_scale(struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    const uint32_t special = row->attention.embd_scale_n_layer;
    if (row->attention.unscaled) {
        hparams->attention_scale = 1.0f;
    } else if (special && hparams->n_layer == special) {
        hparams->attention_scale = 1.0f / square_root(hparams->n_embd / hparams->layers[0].n_head);
    } else {
        hparams->attention_scale = 1.0f / square_root(hparams->head_dim_k);
    }
}

static void read_multipliers(struct reader *reader, struct hparams *hparams) {
    const struct architecture *row = hparams->architecture;
    hparams->embedding_scale = row->embedding.times_sqrt_width ? square_root(hparams->n_embd) : 1.0f;
    if (row->multipliers == MULTIPLIERS_NONE) {
        return;
    }
    if (row->multipliers == MULTIPLIERS_LOGITS) {
        reader_f32(reader, "logit_scale", &hparams->logit_scale);
        return;
    }
    float divisor = 0.0f;
    if (row->multipliers == MULTIPLIERS_MINICPM) {
        hparams->embedding_scale = 12.0f;
        hparams->residual_scale = 1.4f / square_root(hparams->n_layer);
        divisor = 256.0f / (float)hparams->n_embd;
    }
    reader_optional_f32(reader, "embedding_scale", &hparams->embedding_scale);
    reader_optional_f32(reader, "residual_scale", &hparams->residual_scale);
    reader_optional_f32(reader, "attention.scale", &hparams->attention_scale);
    reader_f32(reader, "logit_scale", &divisor);
    hparams->logit_scale = 1.0f / divisor;
}

/* In a model with attention; n_head is that of a layer with heads. */
static void read_attention(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers,
                           uint32_t n_head) {
    read_head_dims(reader, hparams, n_head);
    hparams_read_rope(reader, hparams, layers);
    hparams_read_layers(reader, hparams, layers);
    set_attention_scale(hparams);
    read_multipliers(reader, hparams);
    if (hparams->architecture->attention.latent) {
        hparams_read_latent(reader, hparams, layers);
    }
}

static void read_layers(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].kv_layer = i;
    }
    hparams_read_ffn(reader, hparams, layers);
    read_head_counts(reader, hparams, layers);
    const uint32_t n_head = layers[0].n_head;
    hparams_read_recurrent(reader, hparams, layers);
    check_head_counts(reader, hparams);
    hparams->embedding_scale = 1.0f;
    hparams->residual_scale = 1.0f;
    hparams->logit_scale = 1.0f;
    if (hparams->max_head && reader->status == QN_OK) {
        read_attention(reader, hparams, layers, n_head ? n_head : hparams->max_head);
    }
}

/* Files that people load instead of a language model: the values of `key` that mark them. */
static const struct {
    const char *key;
    const char *value;
    const char *hint;
} other_files[] = {
    {"general.type", "adapter", "it is an adapter (LoRA), which only changes another model"},
    {"general.type", "mmproj", "it is the image or audio encoder of a model; load the other file of that model"},
    {"general.architecture", "clip", "it is the image or audio encoder of a model; load the other file of that model"},
    {"general.type", "imatrix", "it is an importance matrix, which only helps to quantize a model"},
    {"general.architecture", "imatrix", "it is an importance matrix, which only helps to quantize a model"},
    {"general.architecture", "controlvector", "it is a control vector, which only changes another model"},
};

static int refuse_other_files(const struct gguf *gguf, struct qn_error *error) {
    for (size_t i = 0; i < sizeof(other_files) / sizeof(other_files[0]); i++) {
        const struct gguf_value *value = gguf_find(gguf, other_files[i].key);
        if (value != NULL && gguf_value_is(value, other_files[i].value)) {
            return error_set(error, QN_ERR_UNSUPPORTED, value->offset, "the file has no language model: %s",
                             other_files[i].hint);
        }
    }
    return QN_OK;
}

int hparams_read(struct hparams *hparams, const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    const struct gguf_value *name = gguf_find(gguf, "general.architecture");
    if (name == NULL || name->type != GGUF_STRING) {
        return error_set(error, QN_ERR_FORMAT, name ? name->offset : QN_NO_OFFSET,
                         "the metadata has no general.architecture");
    }
    if (refuse_other_files(gguf, error) != QN_OK) {
        return error->code;
    }
    const struct gguf_text text = {(const char *)name->data, name->bytes};
    memset(hparams, 0, sizeof(*hparams));
    hparams->architecture = architecture_find(text, name->offset, error);
    if (hparams->architecture == NULL) {
        return error->code;
    }
    struct reader reader = {.gguf = gguf, .prefix = hparams->architecture->name, .error = error};
    read_sizes(&reader, hparams);
    read_norm_and_softcaps(&reader, hparams);
    read_encoder(&reader, hparams);
    read_activation(&reader, hparams);
    if (reader.status != QN_OK) {
        return reader.status;
    }
    struct layer_hparams *layers = ARENA_ARRAY(arena, struct layer_hparams, hparams->n_layer);
    if (layers == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the hyperparameters of %u layers",
                         hparams->n_layer);
    }
    hparams->layers = layers;
    read_layers(&reader, hparams, layers);
    return reader.status;
}
