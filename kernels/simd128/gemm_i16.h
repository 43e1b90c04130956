/* The gemm of plain SIMD128. A panel holds codes as i16; those of K-quants are already multiplied by the scale of their
 * sub-block (at most 63 * 128, and the sum of 256 of them times 127 fits i32). So one i32x4.dot_i16x8 multiplies and
 * widens.
 *
 * A slice is four weights of each row: one vector for two rows (row 0: w0 w1 w2 w3, row 1: w0 ...). Each block of the
 * panel is its slices, then its scales. */
#ifndef KERNELS_SIMD128_GEMM_I16_H
#define KERNELS_SIMD128_GEMM_I16_H

#include "kernels/simd128/gemm_kquant.h"
#include "kernels/simd128/gemm_legacy.h"

#define I16_SLICE_BYTES        (PANEL_ROWS / 2 * 16)
#define I16_LEGACY_PANEL_BYTES (8 * I16_SLICE_BYTES + sizeof(struct legacy_panel_scales))
#define I16_KQUANT_PANEL_BYTES (64 * I16_SLICE_BYTES + GROUPS * sizeof(struct kquant_panel_scales))

/* Stores 16 weights of four rows, as four slices of group g. scale01, scale23: what the codes of two rows each are
 * multiplied by. */
ALWAYS_INLINE void store_i16_slices(uint8_t *panel, size_t g, const v128_t rows[4], v128_t scale01, v128_t scale23) {
    v128_t bytes[4];
    uint8_t *const slices = panel + 32 * g;
    transpose(bytes, rows[0], rows[1], rows[2], rows[3]);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        wasm_v128_store(slices + i * I16_SLICE_BYTES, wasm_i16x8_mul(wasm_i16x8_extend_low_i8x16(bytes[i]), scale01));
        wasm_v128_store(slices + i * I16_SLICE_BYTES + 16,
                        wasm_i16x8_mul(wasm_i16x8_extend_high_i8x16(bytes[i]), scale23));
    }
}

/* i32: dot products of `slices` slices. */
ALWAYS_INLINE void sum_i16_slices(struct tile *isum, const uint8_t **w, struct cursors *at, size_t slices) {
    v128_t sum[TOKENS][2 * GROUPS]; /* two lanes for each row */
    FOR_TOKENS(t) {
        UNROLL
        for (int p = 0; p < 2 * GROUPS; p++) {
            sum[t][p] = wasm_i32x4_splat(0);
        }
    }
    const uint8_t *codes = *w;
    const uint8_t *const end = codes + slices * I16_SLICE_BYTES;
    KEEP_LOOP
    do {
        codes = opaque(codes);
        v128_t a[TOKENS];
        FOR_TOKENS(t) {
            at->q[t] = opaque(at->q[t]);
            a[t] = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(at->q[t]));
            at->q[t] += 4;
        }
        UNROLL
        for (int p = 0; p < 2 * GROUPS; p++) {
            const v128_t two_rows = wasm_v128_load(codes + 16 * p);
            FOR_TOKENS(t) { sum[t][p] = wasm_i32x4_add(sum[t][p], wasm_i32x4_dot_i16x8(a[t], two_rows)); }
        }
        codes += I16_SLICE_BYTES;
    } while (codes != end);
    *w = end;
    FOR_TILE(t, g) {
        isum->of[t][g] = wasm_i32x4_add(wasm_i32x4_shuffle(sum[t][2 * g], sum[t][2 * g + 1], 0, 2, 4, 6),
                                        wasm_i32x4_shuffle(sum[t][2 * g], sum[t][2 * g + 1], 1, 3, 5, 7));
    }
}

store_legacy_group_fn store_i16_legacy_group;
/* Stores group g of a block of a K-quant's panel. */
void store_i16_kquant_group(uint8_t *panel, size_t g, int exact, const struct kquant_rows *rows, v128_t d);

/* gemm of panels with signed codes and no minimum, and of those with one. */
gemm_fn gemm_i16_legacy, gemm_i16_legacy_with_minimum;
/* gemm of K-quants with minimums, and of those that are `exact`. */
gemm_fn gemm_i16_kquant, gemm_i16_kquant_exact;

#endif
