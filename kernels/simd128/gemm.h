/* A batch in plain SIMD128. A panel holds its codes as i16, those of K-quants times the scale of their sub-block
 * already (at most 63 * 128, with sums of 256 such times 127 in i32), so that one dot_i16x8 folds, multiplies and
 * widens.
 *
 * A step holds four weights of each row, a vector for two rows (row 0: w0 w1 w2 w3, row 1: w0 ...). For each block come
 * its steps and then its tail. */
#ifndef KERNELS_SIMD128_GEMM_H
#define KERNELS_SIMD128_GEMM_H

#include "kernels/simd128/tile.h"

#define PAIRS          (PANEL_ROWS / 2)
#define STEP_BYTES     (PAIRS * 16)
#define PANEL32_BYTES  PANEL32_I16_BYTES
#define PANEL256_BYTES (64 * STEP_BYTES + GROUPS * sizeof(struct tail256))

/* Sixteen weights of a group of four rows, times a scale for each two rows: four steps. */
ALWAYS_INLINE void store_steps(uint8_t *steps, const v128_t rows[4], v128_t scale01, v128_t scale23) {
    v128_t bytes[4];
    transpose(bytes, rows[0], rows[1], rows[2], rows[3]);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        wasm_v128_store(steps + i * STEP_BYTES, wasm_i16x8_mul(wasm_i16x8_extend_low_i8x16(bytes[i]), scale01));
        wasm_v128_store(steps + i * STEP_BYTES + 16, wasm_i16x8_mul(wasm_i16x8_extend_high_i8x16(bytes[i]), scale23));
    }
}

/* What the types share of unpacking is not inlined: it would be most of each. */
static __attribute__((noinline)) void store_group32(uint8_t *panel, struct tail32 *tail, size_t g, v128_t each[4][2],
                                                    v128_t halves, int32_t offset) {
    const v128_t one = every16(1);
    UNROLL
    for (size_t half = 0; half < 2; half++) {
        v128_t rows[4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            rows[k] = wasm_i8x16_sub(each[k][half], wasm_i8x16_splat((int8_t)offset));
        }
        store_steps(panel + 4 * half * STEP_BYTES + 32 * g, rows, one, one);
    }
    store_tail32(tail, g, halves);
}

ALWAYS_INLINE void panel_blocks32(codes32_fn *codes, size_t block_bytes, int32_t offset,
                                  const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    for (size_t b = args->n / 32; b; b--, w += block_bytes, panel += PANEL32_BYTES) {
        struct tail32 *tail = (struct tail32 *)(void *)(panel + 8 * STEP_BYTES);
        KEEP_LOOP
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            v128_t each[4][2];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
            }
            store_group32(panel, tail, g, each, words_of_rows(at, 0), offset);
        }
    }
}

static __attribute__((noinline)) void store_group256(uint8_t *panel, size_t g, int exact, const struct rows256 *rows,
                                                     v128_t halves) {
    KEEP_LOOP
    for (size_t j = 0; j < 16; j++) {
        v128_t codes[4];
        v128_t scale[4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            codes[k] = rows->codes[k][j];
            scale[k] = wasm_v128_load16_splat(&rows->scales[k].scale[j]);
        }
        store_steps(panel + 4 * j * STEP_BYTES + 32 * g, codes, wasm_i64x2_shuffle(scale[0], scale[1], 0, 2),
                    wasm_i64x2_shuffle(scale[2], scale[3], 0, 2));
    }
    store_tail256((struct tail256 *)(void *)(panel + 64 * STEP_BYTES) + g, 16, exact, rows->scales, halves);
}

/* sub_block, exact, halves_at: see gemv.h. */
ALWAYS_INLINE void panel_blocks256(chunk256_fn *chunk, scales256_fn *scales, size_t sub_block, int exact,
                                   size_t halves_at, size_t block_bytes, const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    for (size_t b = args->n / 256; b; b--, w += block_bytes, panel += PANEL256_BYTES) {
        KEEP_LOOP
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            struct rows256 unpacked;
            unpack_rows256(&unpacked, chunk, scales, sub_block, at);
            store_group256(panel, g, exact, &unpacked, words_of_rows(at, halves_at));
        }
    }
}

/* i32: dots of `steps` times four weights. Two lanes of a pair's sums belong to each of its rows. */
ALWAYS_INLINE void sum_steps(struct tile *isum, const uint8_t **w, struct places *at, size_t steps) {
    v128_t sum[TOKENS][PAIRS];
    UNROLL
    for (int t = 0; t < TOKENS; t++) {
        UNROLL
        for (int p = 0; p < PAIRS; p++) {
            sum[t][p] = wasm_i32x4_splat(0);
        }
    }
    const uint8_t *codes = *w;
    const uint8_t *const end = codes + steps * STEP_BYTES;
    KEEP_LOOP
    do {
        codes = opaque(codes);
        v128_t a[TOKENS];
        UNROLL
        for (int t = 0; t < TOKENS; t++) {
            at->q[t] = opaque(at->q[t]);
            a[t] = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(at->q[t]));
            at->q[t] += 4;
        }
        UNROLL
        for (int p = 0; p < PAIRS; p++) {
            const v128_t two_rows = wasm_v128_load(codes + 16 * p);
            UNROLL
            for (int t = 0; t < TOKENS; t++) {
                sum[t][p] = wasm_i32x4_add(sum[t][p], wasm_i32x4_dot_i16x8(a[t], two_rows));
            }
        }
        codes += STEP_BYTES;
    } while (codes != end);
    *w = end;
    FOR_TILE(t, g) {
        isum->of[t][g] = wasm_i32x4_add(wasm_i32x4_shuffle(sum[t][2 * g], sum[t][2 * g + 1], 0, 2, 4, 6),
                                        wasm_i32x4_shuffle(sum[t][2 * g], sum[t][2 * g + 1], 1, 3, 5, 7));
    }
}

ALWAYS_INLINE void gemm_blocks32(int has_minimum, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        KEEP_LOOP
        for (size_t b = args->n / 32; b; b--) {
            struct tile isum;
            sum_steps(&isum, &w, &at, 8);
            const struct tail32 *tail = (const struct tail32 *)(const void *)opaque(w);
            finish32(LOADED, &sums, &isum, has_minimum, 0, tail, &at);
            w = (const uint8_t *)(tail + 1);
        }
        tile_store(args, token, &sums);
    }
}

ALWAYS_INLINE void gemm_blocks256(int exact, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        KEEP_LOOP
        for (size_t b = args->n / 256; b; b--) {
            struct tile isum;
            sum_steps(&isum, &w, &at, 64);
            const struct tail256 *tail = (const struct tail256 *)(const void *)opaque(w);
            finish256(LOADED, 16, &sums, &isum, exact, tail, &at);
            w = (const uint8_t *)(tail + GROUPS);
        }
        tile_store(args, token, &sums);
    }
}

#endif
