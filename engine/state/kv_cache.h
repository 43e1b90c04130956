/* The KV cache: keys and values in pages of KV_TILE positions that are taken as the context fills. A page holds, for
 * every layer with keys of its own, K as (n_head_kv, KV_TILE, head.k) and then V as (n_head_kv, KV_TILE, head.v), in
 * f16 or in q8_0 blocks; the other layers read those of one before them. */
#ifndef ENGINE_KV_H
#define ENGINE_KV_H

#include "engine/config/hparams.h"
#include "kernels/kernels.h"

struct kv {
    uint8_t **pages;     /* (max_pages); null from n_pages on */
    size_t *layer_start; /* (n_layer), bytes from the start of a page to the layer's K */
    size_t page_bytes;
    uint32_t n_pages;
    uint32_t max_pages;
    uint32_t form; /* enum qn_cache */
};

uint64_t kv_page_bytes(const struct hparams *hparams, uint32_t form);
static inline uint32_t kv_pages_for(uint32_t positions) { return (positions + KV_TILE - 1) / KV_TILE; }

/* Fills in the layout; pages, layer_start and form have been set by the caller, pages cleared. */
void kv_init(struct kv *kv, const struct hparams *hparams, uint32_t max_pages);
/* Takes pages until `positions` fit. What has been taken stays when the host refuses. */
int kv_grow(struct kv *kv, uint32_t positions, struct qn_error *error);
void kv_free(struct kv *kv);

/* Floats of working memory that kv_store and kv_read want. */
uint64_t kv_scratch(const struct hparams *hparams, uint32_t form);

/* K or V rows of one KV head in one page: (KV_TILE, head_dim). */
uint8_t *kv_keys(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head);
uint8_t *kv_values(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head);

/* Puts x (head_dim) into row `slot` of such rows. scratch: 16-byte aligned. */
void kv_store(const struct kv *kv, uint8_t *rows, size_t slot, const float *x, size_t head_dim, float *scratch);
/* Rows [slot, slot + count) in f16: where they lie, or made in scratch. */
const uint16_t *kv_read(const struct kv *kv, const uint8_t *rows, size_t slot, size_t count, size_t head_dim,
                        float *scratch);

#endif
