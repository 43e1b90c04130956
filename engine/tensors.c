#include "engine/tensors.h"

#include "platform/error.h"

struct binder {
    const struct gguf *gguf;
    uintptr_t base;
    uint8_t *bound; /* (n_tensors): 1 for each that has been given out */
    struct qn_error *error;
    int status;     /* the first failure; nothing is bound after it */
    uint32_t layer; /* names are blk.<layer>.<name> */
    char name[GGUF_MAX_NAME];
};

#define NO_LAYER UINT32_MAX

/* "blk.<layer>.<name>", or the name alone. Layers have at most three digits, names are our own and short. */
static const char *full_name(struct binder *binder, const char *name) {
    char *at = binder->name;
    if (binder->layer != NO_LAYER) {
        memcpy(at, "blk.", 4);
        at += 4;
        for (uint32_t unit = binder->layer >= 100 ? 100 : binder->layer >= 10 ? 10 : 1; unit; unit /= 10) {
            *at++ = (char)('0' + binder->layer / unit % 10);
        }
        *at++ = '.';
    }
    memcpy(at, name, strlen(name) + 1);
    return binder->name;
}

static const uint8_t *data_of(const struct binder *binder, const struct gguf_tensor *tensor) {
    return (const uint8_t *)(binder->base + (uintptr_t)(tensor->offset - binder->gguf->data_offset));
}

/* The tensor of that name and shape (cols contiguous). Null after a failure, or when it is absent and may be. */
static const struct gguf_tensor *find(struct binder *binder, const char *name, bool required, uint64_t cols,
                                      uint64_t rows) {
    if (binder->status != QN_OK) {
        return NULL;
    }
    const struct gguf_tensor *tensor = gguf_find_tensor(binder->gguf, full_name(binder, name));
    if (tensor == NULL) {
        if (required) {
            binder->status =
                error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no tensor %s", binder->name);
        }
        return NULL;
    }
    if (tensor->shape[0] != cols || tensor->shape[1] != rows || tensor->shape[2] != 1 || tensor->shape[3] != 1) {
        binder->status =
            error_set(binder->error, QN_ERR_FORMAT, tensor->info_offset,
                      "tensor %s is %llu x %llu x %llu x %llu; the metadata asks for %llu x %llu", binder->name,
                      (unsigned long long)tensor->shape[0], (unsigned long long)tensor->shape[1],
                      (unsigned long long)tensor->shape[2], (unsigned long long)tensor->shape[3],
                      (unsigned long long)cols, (unsigned long long)rows);
        return NULL;
    }
    binder->bound[tensor - binder->gguf->tensors] = 1;
    return tensor;
}

static const float *bind_vector(struct binder *binder, const char *name, bool required, uint64_t n) {
    const struct gguf_tensor *tensor = find(binder, name, required, n, 1);
    if (tensor == NULL) {
        return NULL;
    }
    if (tensor->type != TYPE_F32) {
        binder->status =
            error_set(binder->error, QN_ERR_UNSUPPORTED, tensor->info_offset, "tensor %s is %s; a vector must be f32",
                      binder->name, type_traits(tensor->type)->name);
        return NULL;
    }
    return (const float *)(const void *)data_of(binder, tensor);
}

static struct weight bind_matrix(struct binder *binder, const char *name, bool required, uint64_t rows, uint64_t cols) {
    const struct gguf_tensor *tensor = find(binder, name, required, cols, rows);
    if (tensor == NULL) {
        return (struct weight){0};
    }
    const struct weight_kernels *chosen = weight_kernels(tensor->type);
    const struct type_traits *traits = type_traits(tensor->type);
    if (chosen == NULL) {
        binder->status =
            error_set(binder->error, QN_ERR_UNSUPPORTED, tensor->info_offset,
                      "tensor %s has the type %s, which this build does not multiply", binder->name, traits->name);
        return (struct weight){0};
    }
    return (struct weight){.data = data_of(binder, tensor),
                           .kernels = chosen,
                           .rows = (size_t)rows,
                           .cols = (size_t)cols,
                           .row_bytes = (size_t)(cols / traits->block_weights * traits->block_bytes),
                           .type = tensor->type};
}

static void bind_layer(struct binder *binder, struct layer_tensors *layer, const struct hparams *hparams,
                       const struct layer_hparams *shape) {
    const struct architecture *row = hparams->architecture;
    const uint64_t n_embd = hparams->n_embd;
    const uint64_t n_query = (uint64_t)shape->n_head * hparams->head_dim_k;
    const uint64_t n_key = (uint64_t)shape->n_head_kv * hparams->head_dim_k;
    const uint64_t n_value = (uint64_t)shape->n_head_kv * hparams->head_dim_v;
    const uint64_t n_mixed = (uint64_t)shape->n_head * hparams->head_dim_v;
    layer->attention_norm = bind_vector(binder, "attn_norm.weight", true, n_embd);
    layer->query = bind_matrix(binder, "attn_q.weight", true, n_query, n_embd);
    layer->key = bind_matrix(binder, "attn_k.weight", true, n_key, n_embd);
    layer->value = bind_matrix(binder, "attn_v.weight", true, n_value, n_embd);
    layer->output = bind_matrix(binder, "attn_output.weight", true, n_embd, n_mixed);
    layer->query_bias = bind_vector(binder, "attn_q.bias", false, n_query);
    layer->key_bias = bind_vector(binder, "attn_k.bias", false, n_key);
    layer->value_bias = bind_vector(binder, "attn_v.bias", false, n_value);
    layer->output_bias = bind_vector(binder, "attn_output.bias", false, n_embd);
    if (row->qk_norm) {
        layer->query_norm = bind_vector(binder, "attn_q_norm.weight", true, hparams->head_dim_k);
        layer->key_norm = bind_vector(binder, "attn_k_norm.weight", true, hparams->head_dim_k);
    }
    if (row->post_norms) {
        layer->attention_post_norm = bind_vector(binder, "post_attention_norm.weight", true, n_embd);
        layer->ff_post_norm = bind_vector(binder, "post_ffw_norm.weight", true, n_embd);
    }
    layer->ff_norm = bind_vector(binder, "ffn_norm.weight", true, n_embd);
    layer->gate = bind_matrix(binder, "ffn_gate.weight", true, shape->n_ff, n_embd);
    layer->up = bind_matrix(binder, "ffn_up.weight", true, shape->n_ff, n_embd);
    layer->down = bind_matrix(binder, "ffn_down.weight", true, n_embd, shape->n_ff);
    layer->gate_bias = bind_vector(binder, "ffn_gate.bias", false, shape->n_ff);
    layer->up_bias = bind_vector(binder, "ffn_up.bias", false, shape->n_ff);
    layer->down_bias = bind_vector(binder, "ffn_down.bias", false, n_embd);
}

/* The vocabulary is as large as the embedding has rows. */
static int read_vocab_size(struct binder *binder, struct hparams *hparams) {
    const struct gguf_tensor *tensor = gguf_find_tensor(binder->gguf, full_name(binder, "token_embd.weight"));
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

int tensors_bind(struct tensors *tensors, struct layer_tensors *layers, struct hparams *hparams,
                 const struct gguf *gguf, uintptr_t base, struct arena *scratch, struct qn_error *error) {
    struct binder binder = {.gguf = gguf, .base = base, .error = error, .layer = NO_LAYER};
    binder.bound = ARENA_ARRAY(scratch, uint8_t, gguf->n_tensors + 1);
    if (binder.bound == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory to bind %zu tensors", gguf->n_tensors);
    }
    binder.status = read_vocab_size(&binder, hparams);
    memset(tensors, 0, sizeof(*tensors));
    tensors->embedding = bind_matrix(&binder, "token_embd.weight", true, hparams->n_vocab, hparams->n_embd);
    tensors->output = bind_matrix(&binder, "output.weight", false, hparams->n_vocab, hparams->n_embd);
    if (tensors->output.kernels == NULL) {
        tensors->output = tensors->embedding;
    }
    tensors->output_norm = bind_vector(&binder, "output_norm.weight", true, hparams->n_embd);
    tensors->rope_factors = bind_vector(&binder, "rope_freqs.weight", false, hparams->n_rot / 2);
    tensors->layers = layers;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        binder.layer = i;
        memset(&layers[i], 0, sizeof(layers[i]));
        bind_layer(&binder, &layers[i], hparams, &hparams->layers[i]);
    }
    for (size_t i = 0; i < gguf->n_tensors && binder.status == QN_OK; i++) {
        if (!binder.bound[i]) { /* left out, the model would compute something else */
            const struct gguf_tensor *extra = &gguf->tensors[i];
            binder.status = error_set(error, QN_ERR_UNSUPPORTED, extra->info_offset,
                                      "tensor %.*s has no place in %s models as this build runs them",
                                      (int)extra->name.bytes, extra->name.at, hparams->architecture->name);
        }
    }
    return binder.status;
}
