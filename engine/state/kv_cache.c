/* The layout of KV pages, and rows in and out of them. */
#include "engine/state/kv_cache.h"

#include "platform/error.h"
#include "quant/blocks.h"

/* Bytes of head_dim values. qn_model_cache allows q8_0 only if head_dim is a multiple of 32. */
static size_t row_bytes(uint32_t format, size_t head_dim) {
    return format == QN_CACHE_Q8_0 ? head_dim / 32 * sizeof(struct block_q8_0) : head_dim * sizeof(uint16_t);
}

static uint64_t layer_bytes(const struct hparams *hparams, uint32_t format, uint32_t layer) {
    const struct layer_hparams *shape = &hparams->layers[layer];
    const uint64_t rows = row_bytes(format, shape->head.k) + row_bytes(format, shape->head.v);
    return shape->kv_layer == layer ? shape->n_head_kv * rows * KV_TILE : 0; /* 0: it reads another layer's */
}

uint64_t kv_page_bytes(const struct hparams *hparams, uint32_t format) {
    uint64_t bytes = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const uint64_t layer = layer_bytes(hparams, format, i);
        bytes += layer;
        most = layer > most ? layer : most;
    }
    return hparams->bidirectional ? most : bytes;
}

void kv_init(struct kv *kv, const struct hparams *hparams, uint32_t max_pages) {
    kv->page_bytes = (size_t)kv_page_bytes(hparams, kv->format);
    kv->n_pages = 0;
    kv->max_pages = max_pages;
    size_t at = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const uint32_t from = hparams->layers[i].kv_layer;
        kv->layer_start[i] = from == i ? at : kv->layer_start[from];
        at += hparams->bidirectional ? 0 : (size_t)layer_bytes(hparams, kv->format, i);
    }
}

int kv_grow(struct kv *kv, uint32_t positions, struct qn_error *error) {
    const uint32_t wanted = kv->page_bytes ? kv_pages_for(positions) : 0; /* 0: no layer has keys */
    while (kv->n_pages < wanted) {
        uint8_t *page = block_take(kv->page_bytes);
        if (page == NULL) {
            return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET,
                             "the host refused %zu bytes for the KV cache at position %u", kv->page_bytes,
                             kv->n_pages * KV_TILE);
        }
        kv->pages[kv->n_pages++] = memset(page, 0, kv->page_bytes); /* a save copies whole pages */
    }
    return QN_OK;
}

void kv_free(struct kv *kv) {
    for (uint32_t i = 0; i < kv->n_pages; i++) {
        block_give(kv->pages[i]);
    }
    kv->n_pages = 0;
}

uint8_t *kv_keys(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head) {
    return kv->pages[page] + kv->layer_start[layer] +
           head * KV_TILE * row_bytes(kv->format, hparams->layers[layer].head.k);
}

uint8_t *kv_values(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head) {
    const uint32_t heads = hparams->layers[layer].n_head_kv;
    uint8_t *values = kv_keys(kv, hparams, layer, page, heads); /* values follow the last head's keys */
    return values + head * KV_TILE * row_bytes(kv->format, hparams->layers[layer].head.v);
}

uint64_t kv_scratch_floats(const struct hparams *hparams, uint32_t format) {
    const uint64_t widest = hparams->head_dim_k > hparams->head_dim_v ? hparams->head_dim_k : hparams->head_dim_v;
    return format == QN_CACHE_Q8_0 ? activation_layout(ACTIVATION_Q8_0, (size_t)widest).bytes / sizeof(float) : 0;
}

void kv_store(const struct kv *kv, uint8_t *rows, size_t slot, const float *x, size_t head_dim, float *scratch) {
    uint8_t *row = rows + slot * row_bytes(kv->format, head_dim);
    if (kv->format != QN_CACHE_Q8_0) {
        kernels.f32_to_f16((uint16_t *)(void *)row, x, head_dim);
        return;
    }
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, head_dim);
    const uint8_t *quantized = (const uint8_t *)scratch;
    kernels.quantize_q8_0((uint8_t *)scratch, x, head_dim);
    struct block_q8_0 *block = (struct block_q8_0 *)row;
    for (size_t b = 0; b < head_dim / 32; b++, block++) {
        float d;
        memcpy(&d, quantized + layout.scales + b * sizeof(d), sizeof(d));
        const uint16_t half = f32_to_f16(d); /* exact: the scale was rounded to f16 */
        memcpy(block->d, &half, sizeof(half));
        memcpy(block->qs, quantized + b * 32, 32);
    }
}

struct kv_rows kv_rows_at(const struct kv *kv, const uint8_t *rows, size_t slot, size_t head_dim, size_t column) {
    const size_t stride = row_bytes(kv->format, head_dim);
    return (struct kv_rows){rows + slot * stride + row_bytes(kv->format, column), stride, kv->format == QN_CACHE_Q8_0};
}
