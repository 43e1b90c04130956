/* Finds tensors by name and checks them. */
#include "engine/weights/binder.h"

#include "platform/error.h"

size_t binder_prefix(char prefix[LAYER_PREFIX], uint32_t layer) {
    char *at = prefix;
    memcpy(at, "blk.", 4);
    at += 4;
    for (uint32_t unit = 100; unit; unit /= 10) {
        if (layer >= unit || unit == 1) {
            *at++ = (char)('0' + layer / unit % 10);
        }
    }
    *at++ = '.';
    return (size_t)(at - prefix);
}

/* Names are short constants: the result fits. */
static const char *full_name(struct binder *binder, const char *name) {
    const size_t bytes = binder->layer == NO_LAYER ? 0 : binder_prefix(binder->name, binder->layer);
    memcpy(binder->name + bytes, name, strlen(name) + 1);
    return binder->name;
}

static const uint8_t *data_of(const struct binder *binder, const struct gguf_tensor *tensor) {
    return (const uint8_t *)(binder->base + (uintptr_t)(tensor->offset - binder->gguf->data_offset));
}

/* A tensor that is bound twice belongs to the earlier phase. */
static void mark_bound(struct binder *binder, const struct gguf_tensor *tensor, uint32_t phase) {
    uint16_t *bound = &binder->phases[tensor - binder->gguf->tensors];
    *bound = *bound && *bound <= phase ? *bound : (uint16_t)(1 + phase);
}

/* The tensor of that name and shape: `count` matrices of `rows` rows of `cols` contiguous weights. */
static const struct gguf_tensor *find(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                                      uint64_t cols, uint64_t count) {
    if (binder->status != QN_OK) {
        return NULL;
    }
    const struct gguf_tensor *tensor = gguf_find_tensor(binder->gguf, full_name(binder, name));
    if (tensor == NULL) {
        if (presence == REQUIRED) {
            binder->status =
                error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no tensor %s", binder->name);
        }
        return NULL;
    }
    if (tensor->shape[0] != cols || tensor->shape[1] != rows || tensor->shape[2] != count || tensor->shape[3] != 1) {
        binder->status =
            error_set(binder->error, QN_ERR_FORMAT, tensor->info_offset,
                      "tensor %s is %llu x %llu x %llu x %llu; the metadata requires %llu x %llu x %llu", binder->name,
                      (unsigned long long)tensor->shape[0], (unsigned long long)tensor->shape[1],
                      (unsigned long long)tensor->shape[2], (unsigned long long)tensor->shape[3],
                      (unsigned long long)cols, (unsigned long long)rows, (unsigned long long)count);
        return NULL;
    }
    mark_bound(binder, tensor, binder->phase);
    return tensor;
}

const float *binder_vectors(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                            uint64_t cols) {
    const struct gguf_tensor *tensor = find(binder, name, presence, rows, cols, 1);
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

const float *binder_vector(struct binder *binder, const char *name, enum presence presence, uint64_t count) {
    return binder_vectors(binder, name, presence, 1, count);
}

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

void binder_ignore(struct binder *binder, const char *name) {
    const struct gguf_tensor *tensor = gguf_find_tensor(binder->gguf, full_name(binder, name));
    if (tensor) {
        mark_bound(binder, tensor, PHASE_OUTPUT(binder->hparams)); /* loads last */
    }
}

/* The tensor "x.weight" may come with "x.scale" and "x.input_scale", which have a float for each of its matrices.
 * input_scale is for engines that quantize activations with a fixed scale. */
static const float *bind_scale(struct binder *binder, const char *weight, uint64_t count) {
    char name[GGUF_MAX_NAME];
    const size_t stem = strlen(weight) - strlen("weight");
    memcpy(name, weight, stem);
    memcpy(name + stem, "input_scale", sizeof("input_scale"));
    binder_ignore(binder, name);
    memcpy(name + stem, "scale", sizeof("scale"));
    return binder_vector(binder, name, OPTIONAL, count);
}

struct weight binder_matrix(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                            uint64_t cols) {
    return binder_matrices(binder, name, presence, rows, cols, 1, 1).first;
}

struct weights binder_matrices(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                               uint64_t cols, uint64_t count, uint64_t per_token) {
    const struct weights none = {.first = {0}};
    const struct gguf_tensor *tensor = find(binder, name, presence, rows, cols, count);
    if (tensor == NULL) {
        return none;
    }
    const struct weight_kernels *chosen = weight_kernels(tensor->type);
    const struct type_traits *traits = type_traits(tensor->type);
    if (chosen == NULL) {
        binder->status = error_set(binder->error, QN_ERR_UNSUPPORTED, tensor->info_offset,
                                   "tensor %s has the type %s, which is not supported", binder->name, traits->name);
        return none;
    }
    binder->quantized_bytes =
        larger(binder->quantized_bytes, per_token * activation_row_bytes(chosen->activation, (size_t)cols));
    binder->panel_bytes = larger(binder->panel_bytes, panel_bytes(tensor->type, (size_t)cols));
    const float *scales = bind_scale(binder, name, count);
    const size_t row_bytes = (size_t)(cols / traits->block_weights * traits->block_bytes);
    const struct weight first = {.data = data_of(binder, tensor),
                                 .kernels = chosen,
                                 .scale = count == 1 ? scales : NULL,
                                 .rows = (size_t)rows,
                                 .cols = (size_t)cols,
                                 .row_bytes = row_bytes,
                                 .type = tensor->type};
    return (struct weights){first, (size_t)rows * row_bytes, scales, NULL};
}

static void set_model_extents(uint64_t *extents, const struct hparams *hparams) {
    const struct recurrent_hparams *recurrent = &hparams->recurrent;
    extents[ONE] = 1;
    extents[EMBD] = hparams->n_embd;
    extents[EMBD_THRICE] = 3 * (uint64_t)hparams->n_embd;
    extents[VOCAB] = hparams->n_vocab;
    extents[CONTEXT] = hparams->n_ctx_train;
    extents[TYPES] = hparams->n_types;
    extents[DENSE] = hparams->n_dense;
    extents[PER_LAYER] = hparams->n_per_layer;
    extents[PER_LAYERS] = (uint64_t)hparams->n_layer * hparams->n_per_layer;
    extents[ALTUP] = hparams->n_altup;
    extents[ALTUP_SQUARE] = (uint64_t)hparams->n_altup * hparams->n_altup;
    extents[LAUREL] = hparams->laurel_rank;
    extents[ROPE_PAIRS] = hparams->heads[LAYER_ROPE].rot / 2;
    extents[TAPS] = recurrent->taps;
    extents[INNER] = recurrent->inner;
    extents[INNER_TWICE] = 2 * (uint64_t)recurrent->inner;
    extents[INNER_GROUPS] = recurrent->inner + 2 * (uint64_t)recurrent->groups * recurrent->state;
    extents[PROJECTED] = recurrent->projected;
    extents[STATE] = recurrent->state;
    extents[RANK] = recurrent->rank;
    extents[RANK_STATES] = recurrent->rank + 2 * (uint64_t)recurrent->state;
}

static void set_layer_extents(uint64_t *extents, const struct hparams *hparams, const struct layer_hparams *layer) {
    const bool gated = hparams->architecture->attention.gated;
    extents[HEADS] = layer->n_head;
    extents[HEADS_KV] = layer->n_head_kv;
    extents[HEAD_DIM] = layer->head.k;
    extents[QUERY_ROWS] = (uint64_t)layer->n_head * layer->head.k * (gated ? 2 : 1);
    extents[KEY_ROWS] = (uint64_t)layer->n_head_kv * layer->head.k;
    extents[VALUE_ROWS] = (uint64_t)layer->n_head_kv * layer->head.v;
    extents[QKV_ROWS] = extents[QUERY_ROWS] + extents[KEY_ROWS] + extents[VALUE_ROWS];
    extents[MIXED] = (uint64_t)layer->n_head * layer->head.v;
    extents[FF] = layer->n_ff;
    extents[FF_TWICE] = 2 * (uint64_t)layer->n_ff;
    extents[EXPERT_COUNT] = hparams->experts.n_expert;
    extents[EXPERT_FF] = hparams->experts.n_ff;
    extents[SHARED_FF] = hparams->experts.n_ff_shared;
}

void binder_enter(struct binder *binder, uint32_t layer) {
    const struct hparams *hparams = binder->hparams;
    binder->layer = layer;
    if (layer == NO_LAYER) {
        binder->phase = PHASE_EMBEDDING;
        set_model_extents(binder->extents, hparams);
    } else {
        binder->phase = PHASE_LAYER(layer);
        set_layer_extents(binder->extents, hparams, &hparams->layers[layer]);
    }
}

void binder_lines(struct binder *binder, const struct tensor_line *lines, size_t count, void *into) {
    for (const struct tensor_line *line = lines; line < lines + count; line++) {
        if (line->when != ALWAYS && !line->when(binder->hparams->architecture)) {
            continue;
        }
        uint8_t *field = (uint8_t *)into + line->field;
        const uint64_t cols = binder->extents[line->cols];
        const uint64_t rows = binder->extents[line->rows];
        if (line->kind == VECTOR) {
            const float *vector = binder_vectors(binder, line->name, line->presence, rows, cols);
            if (vector) {
                memcpy(field, &vector, sizeof(vector));
            }
        } else {
            const struct weight matrix = binder_matrix(binder, line->name, line->presence, rows, cols);
            if (matrix.kernels) {
                memcpy(field, &matrix, sizeof(matrix));
            }
        }
    }
}
