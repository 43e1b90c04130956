/* Panels for the relaxed dot products, with codes as bytes. A slice is four weights of each row, in one vector for each
 * group of four rows (row 0: w0 w1 w2 w3, row 1: w0 ...). Four activations, splatted, are multiplied by all four rows
 * at once, and each row has its own lane. A panel is read from start to end: each block is its slices, with scales
 * after every few of them if the type is a K-quant, and then the scales of the block. */
#ifndef KERNELS_RELAXED_PANEL_I8_H
#define KERNELS_RELAXED_PANEL_I8_H

#include "kernels/simd128/gemm_kquant.h"
#include "kernels/simd128/gemm_legacy.h"

#define I8_SLICE_BYTES        (GROUPS * 16)
#define I8_LEGACY_PANEL_BYTES (8 * I8_SLICE_BYTES + sizeof(struct legacy_panel_scales))
/* dot2_slices: how many slices lie between two scales. The scales, i16, are stored twice per row and take as many bytes
 * as a slice. */
#define I8_KQUANT_PANEL_BYTES(dot2_slices)                                                                             \
    ((64 + 64 / (dot2_slices)) * I8_SLICE_BYTES + GROUPS * sizeof(struct kquant_panel_scales))
/* A sub-block of 16 with a float scale. */
#define I8_SUB_BLOCK16_BYTES (4 * I8_SLICE_BYTES + GROUPS * 16)

/* Stores 16 weights of four rows, as four slices of group g. */
ALWAYS_INLINE void store_i8_slices(uint8_t *panel, size_t g, const v128_t rows[4]) {
    v128_t slices[4];
    transpose(slices, rows[0], rows[1], rows[2], rows[3]);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        wasm_v128_store(panel + i * I8_SLICE_BYTES + 16 * g, slices[i]);
    }
}

/* The codes keep their offset. */
store_legacy_group_fn store_i8_legacy_group;

#endif
