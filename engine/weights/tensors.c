/* Binds the tensors of the model and the norms of its layers; the rest of a layer is bound by tensors_*.c. */
#include "engine/weights/tensors.h"

#include "engine/weights/binder.h"
#include "engine/weights/tensors_attention.h"
#include "engine/weights/tensors_ffn.h"
#include "engine/weights/tensors_recurrent.h"
#include "engine/weights/tensors_streams.h"
#include "platform/error.h"

#define IN_MODEL(field) offsetof(struct tensors, field)
#define IN_LAYER(field) offsetof(struct layer_tensors, field)

/* Conditions of the lines below. */
static bool learned_positions(const struct architecture *row) { return row->embedding.learned_positions; }
static bool token_types(const struct architecture *row) { return row->embedding.token_types; }
static bool embedding_norm(const struct architecture *row) { return row->embedding.norm; }
static bool embedding_norm_bias(const struct architecture *row) { return row->embedding.norm && row->norm.bias; }
static bool encoder(const struct architecture *row) { return row->encoder; }

/* All architectures with this placement have biases. */
static bool sum_norms(const struct architecture *row) { return row->norm.placement == NORM_SUM; }
static bool post_norms(const struct architecture *row) {
    return row->norm.placement == NORM_PRE_AND_POST || row->norm.placement == NORM_POST;
}
static bool pre_norms(const struct architecture *row) {
    return row->norm.placement == NORM_PRE || row->norm.placement == NORM_PRE_AND_POST;
}
static bool attn_norm(const struct architecture *row) { return pre_norms(row) && !row->norm.first_optional; }
static bool attn_norm_bias(const struct architecture *row) { return pre_norms(row) && row->norm.bias; }
static bool second_norm(const struct architecture *row) { return row->norm.second; }

/* A norm before the FFN, of the given name. */
static bool has_ffn_norm(const struct architecture *row, enum ffn_norm name) {
    return pre_norms(row) && !row->parallel && !row->ffn.none && row->norm.ffn == name;
}
static bool ffn_norm(const struct architecture *row) { return has_ffn_norm(row, FFN_NORM_DEFAULT); }
static bool ffn_norm_bias(const struct architecture *row) { return ffn_norm(row) && row->norm.bias; }
static bool ffn_norm_optional(const struct architecture *row) { return has_ffn_norm(row, FFN_NORM_OPTIONAL); }
static bool ffn_norm_post_attention(const struct architecture *row) {
    return has_ffn_norm(row, FFN_NORM_POST_ATTENTION);
}
static bool ffn_norm_bare(const struct architecture *row) { return has_ffn_norm(row, FFN_NORM_BARE); }

static bool output_norm(const struct architecture *row) {
    return !sum_norms(row) && !row->output.norm_from_embedding_name;
}
static bool output_norm_bias(const struct architecture *row) { return output_norm(row) && row->norm.bias; }
static bool output_norm_renamed(const struct architecture *row) { return row->output.norm_from_embedding_name; }

/* Needed before the first layer; tensors_bind adds token_embd. */
static const struct tensor_line model_lines[] = {
    {"position_embd.weight", MATRIX, REQUIRED, EMBD, CONTEXT, learned_positions, IN_MODEL(positions)},
    {"token_types.weight", MATRIX, OPTIONAL, EMBD, TYPES, token_types, IN_MODEL(types)},
    {"token_embd_norm.weight", VECTOR, REQUIRED, EMBD, ONE, embedding_norm, IN_MODEL(embedding_norm.weight)},
    {"token_embd_norm.bias", VECTOR, REQUIRED, EMBD, ONE, embedding_norm_bias, IN_MODEL(embedding_norm.bias)},
    {"rope_freqs.weight", VECTOR, OPTIONAL, ROPE_PAIRS, ONE, ALWAYS, IN_MODEL(rope_factors)},
    {"rope_factors_long.weight", VECTOR, OPTIONAL, ROPE_PAIRS, ONE, ALWAYS, IN_MODEL(rope_factors_long)},
    {"rope_factors_short.weight", VECTOR, OPTIONAL, ROPE_PAIRS, ONE, ALWAYS, IN_MODEL(rope_factors_short)},
};

/* Needed after the last layer; tensors_bind adds the output matrix. */
static const struct tensor_line output_lines[] = {
    {"output.bias", VECTOR, OPTIONAL, VOCAB, ONE, ALWAYS, IN_MODEL(output_bias)},
    {"output_norm.weight", VECTOR, REQUIRED, EMBD, ONE, output_norm, IN_MODEL(output_norm.weight)},
    {"token_embd_norm.weight", VECTOR, REQUIRED, EMBD, ONE, output_norm_renamed, IN_MODEL(output_norm.weight)},
    {"output_norm.bias", VECTOR, REQUIRED, EMBD, ONE, output_norm_bias, IN_MODEL(output_norm.bias)},
    {"dense_2.weight", MATRIX, OPTIONAL, EMBD, DENSE, encoder, IN_MODEL(dense_in)},
    {"dense_3.weight", MATRIX, OPTIONAL, DENSE, EMBD, encoder, IN_MODEL(dense_out)},
};

/* The norms of a layer, whatever its mixer and FFN are. */
static const struct tensor_line norm_lines[] = {
    {"attn_norm.weight", VECTOR, REQUIRED, EMBD, ONE, attn_norm, IN_LAYER(attention_norm.weight)},
    {"attn_norm.bias", VECTOR, REQUIRED, EMBD, ONE, attn_norm_bias, IN_LAYER(attention_norm.bias)},
    {"post_attention_norm.weight", VECTOR, REQUIRED, EMBD, ONE, post_norms, IN_LAYER(attention_post_norm.weight)},
    {"ffn_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ffn_norm, IN_LAYER(ffn_norm.weight)},
    {"ffn_norm", VECTOR, REQUIRED, EMBD, ONE, ffn_norm_bare, IN_LAYER(ffn_norm.weight)},
    {"post_attention_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ffn_norm_post_attention, IN_LAYER(ffn_norm.weight)},
    {"ffn_norm.bias", VECTOR, REQUIRED, EMBD, ONE, ffn_norm_bias, IN_LAYER(ffn_norm.bias)},
    {"ffn_norm.weight", VECTOR, OPTIONAL, EMBD, ONE, ffn_norm_optional, IN_LAYER(ffn_norm.weight)},
    {"ffn_norm.bias", VECTOR, OPTIONAL, EMBD, ONE, ffn_norm_optional, IN_LAYER(ffn_norm.bias)},
    {"post_ffw_norm.weight", VECTOR, REQUIRED, EMBD, ONE, post_norms, IN_LAYER(ffn_post_norm.weight)},
    {"attn_output_norm.weight", VECTOR, REQUIRED, EMBD, ONE, sum_norms, IN_LAYER(attention_post_norm.weight)},
    {"attn_output_norm.bias", VECTOR, REQUIRED, EMBD, ONE, sum_norms, IN_LAYER(attention_post_norm.bias)},
    {"layer_output_norm.weight", VECTOR, REQUIRED, EMBD, ONE, sum_norms, IN_LAYER(ffn_post_norm.weight)},
    {"layer_output_norm.bias", VECTOR, REQUIRED, EMBD, ONE, sum_norms, IN_LAYER(ffn_post_norm.bias)},
};

static const struct tensor_line second_norm_lines[] = {
    {"attn_norm_2.weight", VECTOR, OPTIONAL, EMBD, ONE, second_norm, IN_LAYER(attention_norm.weight)},
    {"attn_norm_2.bias", VECTOR, OPTIONAL, EMBD, ONE, second_norm, IN_LAYER(attention_norm.bias)},
};

/* Falcon: attn_norm_2 replaces attn_norm, which becomes the norm of the FFN. */
static void bind_second_norm(struct binder *binder, struct layer_tensors *layer) {
    const struct norm first = layer->attention_norm;
    BIND_LINES(binder, second_norm_lines, layer);
    if (layer->attention_norm.weight != first.weight) {
        layer->ffn_norm = first;
    }
}

static void bind_layer(struct binder *binder, struct layer_tensors *layer, const struct layer_hparams *shape) {
    memset(layer, 0, sizeof(*layer));
    BIND_LINES(binder, norm_lines, layer);
    if (binder->hparams->architecture->norm.first_optional) {
        const bool first = binder->layer == 0;
        layer->attention_norm.weight =
            binder_vector(binder, "attn_norm.weight", first ? OPTIONAL : REQUIRED, binder->extents[EMBD]);
    }
    bind_second_norm(binder, layer);
    if (shape->kind == LAYER_LATENT) {
        bind_latent_attention(binder, layer);
    } else if (shape->n_head) {
        bind_attention(binder, layer, shape->kv_layer == binder->layer);
    }
    bind_recurrent(binder, layer, shape->kind);
    bind_layer_streams(binder, layer);
    bind_ffn(binder, layer, shape->ffn);
}

/* The size of the vocabulary is the number of rows of the token embedding. */
static int read_vocab_size(const struct binder *binder, struct hparams *hparams) {
    const struct gguf_tensor *tensor = gguf_find_tensor(binder->gguf, "token_embd.weight");
    if (tensor == NULL) {
        return error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no tensor token_embd.weight");
    }
    if (tensor->shape[1] < 1 || tensor->shape[1] > MAX_VOCAB) {
        return error_set(binder->error, QN_ERR_FORMAT, tensor->info_offset,
                         "token_embd.weight has %llu rows; a vocabulary has 1 to %u",
                         (unsigned long long)tensor->shape[1], MAX_VOCAB);
    }
    hparams->n_vocab = (uint32_t)tensor->shape[1];
    return QN_OK;
}

/* Heads of rerankers and classifiers, which are not run. */
static const char *const classifier[] = {"cls.weight", "cls.bias", "cls.norm.weight", "cls.output.weight",
                                         "cls.output.bias"};

static void bind_output(struct binder *binder, struct tensors *tensors) {
    const struct hparams *hparams = binder->hparams;
    binder->phase = PHASE_OUTPUT(hparams);
    tensors->output = binder_matrix(binder, "output.weight", OPTIONAL, hparams->n_vocab, hparams->n_embd);
    if (tensors->output.kernels == NULL) {
        tensors->output = tensors->embedding;
    }
    BIND_LINES(binder, output_lines, tensors);
    if (hparams->architecture->output.ignore_bias) {
        tensors->output_bias = NULL;
    }
    if (binder->status == QN_OK && (tensors->dense_in.kernels == NULL) != (tensors->dense_out.kernels == NULL)) {
        binder->status = error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                                   "the file has one of dense_2.weight and dense_3.weight, not both");
    }
    for (size_t i = 0; i < sizeof(classifier) / sizeof(classifier[0]); i++) {
        binder_ignore(binder, classifier[i]);
    }
}

static void bind_model(struct binder *binder, struct tensors *tensors) {
    const struct hparams *hparams = binder->hparams;
    binder_enter(binder, NO_LAYER);
    memset(tensors, 0, sizeof(*tensors));
    tensors->embedding = binder_matrix(binder, "token_embd.weight", REQUIRED, hparams->n_vocab, hparams->n_embd);
    BIND_LINES(binder, model_lines, tensors);
    bind_model_streams(binder, tensors);
    if (hparams->architecture->rope.ignore_freqs) {
        tensors->rope_factors = NULL;
    }
    bind_output(binder, tensors);
}

/* Whether the tensor belongs to a draft layer: one after the last that is run. */
static bool is_draft(struct gguf_text name, const struct hparams *hparams) {
    const uint32_t end = hparams->n_layer + hparams->n_draft;
    for (uint32_t layer = hparams->n_layer; layer < end; layer++) {
        char prefix[LAYER_PREFIX];
        const size_t bytes = binder_prefix(prefix, layer);
        if (name.bytes >= bytes && memcmp(name.at, prefix, bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* Every tensor must be used: ignoring one would change the results. */
static int check_unbound(const struct binder *binder) {
    const struct gguf *gguf = binder->gguf;
    for (size_t i = 0; i < gguf->n_tensors; i++) {
        const struct gguf_tensor *tensor = &gguf->tensors[i];
        if (binder->phases[i] == 0 && is_draft(tensor->name, binder->hparams)) {
            binder->phases[i] = (uint16_t)(1 + PHASE_OUTPUT(binder->hparams));
        } else if (binder->phases[i] == 0) {
            return error_set(binder->error, QN_ERR_UNSUPPORTED, tensor->info_offset,
                             "tensor %.*s is not supported in %s models", (int)tensor->name.bytes, tensor->name.at,
                             binder->hparams->architecture->name);
        }
    }
    return QN_OK;
}

int tensors_bind(struct tensors *tensors, struct layer_tensors *layers, struct hparams *hparams,
                 const struct gguf *gguf, uintptr_t base, uint16_t *phases, struct qn_error *error) {
    struct binder binder = {.gguf = gguf, .hparams = hparams, .base = base, .phases = phases, .error = error};
    memset(phases, 0, gguf->n_tensors * sizeof(*phases));
    const int status = read_vocab_size(&binder, hparams);
    if (status != QN_OK) {
        return status;
    }
    bind_model(&binder, tensors);
    tensors->layers = layers;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        binder_enter(&binder, i);
        bind_layer(&binder, &layers[i], &hparams->layers[i]);
    }
    tensors->quantized_bytes = binder.quantized_bytes;
    tensors->panel_bytes = binder.panel_bytes;
    return binder.status == QN_OK ? check_unbound(&binder) : binder.status;
}
