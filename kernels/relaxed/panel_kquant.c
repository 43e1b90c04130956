/* Scales of K-quants in panels. They are not inlined, because they would be most of the code of each type. */
#include "kernels/relaxed/panel_kquant.h"

/* The scales of eight sub-blocks, from the first or second eight of each row: out[i] has row r's scale i twice, in
 * lanes 2 r and 2 r + 1. */
ALWAYS_INLINE void double_scales_of_rows(v128_t out[8], const struct kquant_scales rows[4], size_t second) {
    v128_t low[4];
    v128_t high[4];
    UNROLL
    for (int k = 0; k < 4; k++) {
        const v128_t scale = wasm_v128_load(rows[k].scale + 8 * second);
        low[k] = wasm_i16x8_shuffle(scale, scale, 0, 0, 1, 1, 2, 2, 3, 3);
        high[k] = wasm_i16x8_shuffle(scale, scale, 4, 4, 5, 5, 6, 6, 7, 7);
    }
    transpose(out, low[0], low[1], low[2], low[3]);
    transpose(out + 4, high[0], high[1], high[2], high[3]);
}

/* Stores 16 scales of four rows: those of each `slices` slices, `bytes` long, follow them. A scale counts for
 * `per_scale` slices. */
NEVER_INLINE void store_scales(uint8_t *panel, size_t slices, size_t bytes, size_t scales_bytes, size_t per_scale,
                               const struct kquant_scales scales[4]) {
    uint8_t *at = panel;
    size_t slice = 0;
    KEEP_LOOP
    for (size_t second = 0; second < 2; second++) {
        const size_t end = 8 * per_scale * (second + 1);
        v128_t scale[8];
        double_scales_of_rows(scale, scales, second);
        KEEP_LOOP
        for (; slice < end; slice += slices) {
            at += slices * bytes;
            wasm_v128_store(at, scale[slice / per_scale % 8]);
            at += scales_bytes;
        }
    }
}

NEVER_INLINE void store_block_scales(struct kquant_panel_scales *out, const struct kquant_type *type,
                                     const struct kquant_scales scales[4], v128_t d) {
    store_kquant_scales(out, type->sub_block, type->exact, scales, d);
}

void store_dot2_scales(const struct kquant_type *type, size_t slices, uint8_t *panel, size_t g,
                       const struct kquant_scales scales[4], v128_t d) {
    struct kquant_panel_scales *end = (struct kquant_panel_scales *)(void *)(panel + dot2_offset(slices, 16));
    store_scales(panel + 16 * g, slices, I8_SLICE_BYTES, I8_SLICE_BYTES, 4, scales);
    store_block_scales(end + g, type, scales, d);
}

void store_dot4_scales(const struct kquant_type *type, size_t slices, uint8_t *panel,
                       const struct kquant_scales scales[4], v128_t d) {
    struct kquant_panel_scales *end = (struct kquant_panel_scales *)(void *)(panel + dot4_offset(slices, 16));
    store_scales(panel, slices, DOT4_SLICE_BYTES, DOT4_SCALES_BYTES, 2, scales);
    store_block_scales(end, type, scales, d);
}
