/* The KV cache: keys and values in pages of KV_TILE positions, taken as the context fills. A page holds, for every
 * layer that stores keys of its own, K as (n_head_kv, KV_TILE, head.k) and then V as (n_head_kv, KV_TILE, head.v), in
 * f16 or in q8_0 blocks. The other layers read the keys and values of an earlier layer. */
#ifndef ENGINE_STATE_KV_CACHE_H
#define ENGINE_STATE_KV_CACHE_H

#include "engine/config/hparams.h"
#include "kernels/kernels.h"

struct kv {
    uint8_t **pages;     /* (max_pages): the first n_pages are taken */
    size_t *layer_start; /* (n_layer): offset of the layer's K in a page */
    size_t page_bytes;
    uint32_t n_pages;
    uint32_t max_pages;
    uint32_t format; /* enum qn_cache */
};

/* Size of a page. Bidirectional models compute their input at once, so all their layers share the memory of one layer.
 */
uint64_t kv_page_bytes(const struct hparams *hparams, uint32_t format);
static inline uint32_t kv_pages_for(uint32_t positions) { return (positions + KV_TILE - 1) / KV_TILE; }

/* Computes the layout of a page. The caller has set format, and pages and layer_start to cleared arrays. */
void kv_init(struct kv *kv, const struct hparams *hparams, uint32_t max_pages);
/* Takes pages until `positions` fit. If the host refuses one, those taken before stay. */
int kv_grow(struct kv *kv, uint32_t positions, struct qn_error *error);
void kv_free(struct kv *kv);

/* Floats of scratch memory that kv_store needs. */
uint64_t kv_scratch_floats(const struct hparams *hparams, uint32_t format);

/* The K or V rows of one KV head in one page: (KV_TILE, head_dim). */
uint8_t *kv_keys(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head);
uint8_t *kv_values(const struct kv *kv, const struct hparams *hparams, uint32_t layer, uint32_t page, uint32_t head);

/* Stores x (head_dim) as row `slot` of such rows. scratch: 16-byte aligned. */
void kv_store(const struct kv *kv, uint8_t *rows, size_t slot, const float *x, size_t head_dim, float *scratch);
/* Such rows from `slot` on, each of head_dim values, without the values before `column`. In q8_0, column is a multiple
 * of 32. */
struct kv_rows kv_rows_at(const struct kv *kv, const uint8_t *rows, size_t slot, size_t head_dim, size_t column);

#endif
