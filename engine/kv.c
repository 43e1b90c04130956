#include "engine/kv.h"

#include "platform/error.h"

static uint64_t layer_bytes(const struct hparams *hparams, uint32_t layer) {
    const uint64_t row = (uint64_t)hparams->head_dim_k + hparams->head_dim_v;
    return hparams->layers[layer].n_head_kv * row * KV_TILE * sizeof(uint16_t);
}

uint64_t kv_page_bytes(const struct hparams *hparams) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        bytes += layer_bytes(hparams, i);
    }
    return bytes;
}

void kv_init(struct kv *kv, const struct hparams *hparams, uint32_t max_pages) {
    kv->page_bytes = (size_t)kv_page_bytes(hparams);
    kv->n_pages = 0;
    kv->max_pages = max_pages;
    size_t at = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        kv->layer_start[i] = at;
        at += (size_t)layer_bytes(hparams, i);
    }
}

int kv_grow(struct kv *kv, uint32_t positions, struct qn_error *error) {
    const uint32_t wanted = kv_pages_for(positions);
    while (kv->n_pages < wanted) {
        uint8_t *page = block_take(kv->page_bytes);
        if (page == NULL) {
            return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET,
                             "the host refused %zu bytes for the KV cache at position %u", kv->page_bytes,
                             kv->n_pages * KV_TILE);
        }
        kv->pages[kv->n_pages++] = memset(page, 0, kv->page_bytes); /* pages are saved whole */
    }
    return QN_OK;
}

void kv_free(struct kv *kv) {
    for (uint32_t i = 0; i < kv->n_pages; i++) {
        block_give(kv->pages[i]);
    }
    kv->n_pages = 0;
}

uint16_t *kv_keys(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head) {
    uint16_t *keys = (uint16_t *)(void *)(kv->pages[page] + kv->layer_start[layer]);
    return keys + (size_t)head * KV_TILE * hparams->head_dim_k;
}

uint16_t *kv_values(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head) {
    const uint32_t heads = hparams->layers[layer].n_head_kv;
    uint16_t *values = kv_keys(kv, hparams, layer, page, heads); /* past the last head's keys */
    return values + (size_t)head * KV_TILE * hparams->head_dim_v;
}
