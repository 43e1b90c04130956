/* Unpacks a block of four rows of a K-quant into a panel, for dot2 or for dot4. */
#ifndef KERNELS_RELAXED_PANEL_KQUANT_H
#define KERNELS_RELAXED_PANEL_KQUANT_H

#include "kernels/relaxed/panel_i8.h"

ALWAYS_INLINE void unpack_scales_of_rows(const struct kquant_type *type, struct kquant_scales out[4],
                                         const uint8_t *const rows[4]) {
    KEEP_LOOP
    for (size_t k = 0; k < 4; k++) {
        type->unpack_scales(&out[k], rows[k]);
    }
}

/* ---- for dot2: slices of four weights of each row, as in panel_i8.h, with scales after each `slices` of them ---- */

/* Where weight 16 j starts. */
ALWAYS_INLINE size_t dot2_offset(size_t slices, size_t j) { return (4 * j + 4 * j / slices) * I8_SLICE_BYTES; }

/* Stores the codes of the block at rows[0] to rows[3] as group g. */
ALWAYS_INLINE void store_dot2_codes(const struct kquant_type *type, size_t slices, uint8_t *panel, size_t g,
                                    const uint8_t *const rows[4]) {
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        uint8_t *quarter = panel + 16 * g + dot2_offset(slices, quarter_vector(type->sub_block, i, 0));
        v128_t codes[4][4];
        UNROLL
        for (size_t k = 0; k < 4; k++) {
            type->unpack_quarter(codes[k], rows[k], i);
        }
        UNROLL
        for (size_t v = 0; v < 4; v++) {
            uint8_t *to = quarter + dot2_offset(slices, quarter_vector(type->sub_block, 0, v));
            v128_t out[4];
            transpose(out, codes[0][v], codes[1][v], codes[2][v], codes[3][v]);
            UNROLL
            for (size_t s = 0; s < 4; s++) {
                wasm_v128_store(to + (s + s / slices) * I8_SLICE_BYTES, out[s]);
            }
        }
    }
}

/* Stores their scales. d: see struct kquant_type. */
void store_dot2_scales(const struct kquant_type *type, size_t slices, uint8_t *panel, size_t g,
                       const struct kquant_scales scales[4], v128_t d);

/* ---- for dot4: one group of four rows after the other. A slice is eight weights of each row, in two vectors of two
 * rows (row 0: w0 ... w7, row 1: w0 ... w7). After each `slices` of them follow the scales of four rows, each twice
 * ---- */

#define DOT4_SLICE_BYTES  32
#define DOT4_SCALES_BYTES 16

/* Where weight 16 j starts. */
ALWAYS_INLINE size_t dot4_offset(size_t slices, size_t j) {
    return 2 * j * DOT4_SLICE_BYTES + 2 * j / slices * DOT4_SCALES_BYTES;
}

/* Bytes of a block of four rows. */
ALWAYS_INLINE size_t dot4_kquant_bytes(size_t slices) {
    return dot4_offset(slices, 16) + sizeof(struct kquant_panel_scales);
}

/* Stores the codes of the block at rows[0] to rows[3]. */
ALWAYS_INLINE void store_dot4_codes(const struct kquant_type *type, size_t slices, uint8_t *panel,
                                    const uint8_t *const rows[4]) {
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        uint8_t *quarter = panel + dot4_offset(slices, quarter_vector(type->sub_block, i, 0));
        UNROLL
        for (size_t k = 0; k < 2; k++) {
            v128_t first[4];
            v128_t second[4];
            type->unpack_quarter(first, rows[2 * k], i);
            type->unpack_quarter(second, rows[2 * k + 1], i);
            UNROLL
            for (size_t v = 0; v < 4; v++) {
                uint8_t *to = quarter + dot4_offset(slices, quarter_vector(type->sub_block, 0, v)) + 16 * k;
                wasm_v128_store(to, wasm_i64x2_shuffle(first[v], second[v], 0, 2));
                wasm_v128_store(to + DOT4_SLICE_BYTES, wasm_i64x2_shuffle(first[v], second[v], 1, 3));
            }
        }
    }
}

/* Stores their scales. d: see struct kquant_type. */
void store_dot4_scales(const struct kquant_type *type, size_t slices, uint8_t *panel,
                       const struct kquant_scales scales[4], v128_t d);

#endif
