/* A batch in plain SIMD128. A panel holds its codes as i16, those of K-quants times the scale of their sub-block
 * already (at most 4-bit code * 6-bit scale and the like: below 2^13), so that one dot_i16x8 folds, multiplies and
 * widens.
 *
 * For each block, each group of four rows: for each four weights two vectors, (row 0: w0 w1 w2 w3, row 1: w0 ... w3)
 * and the same of rows 2 and 3; then what the block's kind adds. */
#ifndef KERNELS_SIMD128_GEMM_H
#define KERNELS_SIMD128_GEMM_H

#include "kernels/kernels.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/lanes.h"
#include "kernels/simd128/scales.h"

#define GROUPS (PANEL_ROWS / 4)

struct group32 {
    int16_t codes[8][2][8]; /* (step of 4 weights, pair of rows) true codes, the offset taken off */
    float d[4];
    float m[4];
};

struct group256 {
    int16_t codes[64][2][8]; /* true code less nothing, times scale */
    int16_t minimum[8][8];   /* (pair of sub-blocks of 16: row 0 both, row 1 both ...) */
    float d[4];
    float dmin[4];
};

/* Spreads the bytes of 16 weights of four rows over four steps. */
ALWAYS_INLINE void store_steps(int16_t (*steps)[2][8], const v128_t rows[4]) {
    v128_t m[4] = {rows[0], rows[1], rows[2], rows[3]};
    transpose(m);
    for (int i = 0; i < 4; i++) {
        wasm_v128_store(steps[i][0], wasm_i16x8_extend_low_i8x16(m[i]));
        wasm_v128_store(steps[i][1], wasm_i16x8_extend_high_i8x16(m[i]));
    }
}

/* What the types share of unpacking is not inlined: it would be most of each. */
static __attribute__((noinline)) void store_group32(struct group32 *group, v128_t each[4][2], v128_t d, v128_t m,
                                                    int8_t offset) {
    const v128_t offsets = wasm_i8x16_splat(offset);
    for (int half = 0; half < 2; half++) {
        const v128_t four[4] = {wasm_i8x16_sub(each[0][half], offsets), wasm_i8x16_sub(each[1][half], offsets),
                                wasm_i8x16_sub(each[2][half], offsets), wasm_i8x16_sub(each[3][half], offsets)};
        store_steps(group->codes + 4 * half, four);
    }
    wasm_v128_store(group->d, d);
    wasm_v128_store(group->m, m);
}

ALWAYS_INLINE void panel_blocks32(codes32_fn *codes, size_t block_bytes, int8_t offset, int has_minimum, uint8_t *panel,
                                  const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    struct group32 *group = (struct group32 *)(void *)panel;
    for (size_t b = 0; b < n / 32; b++) {
        for (size_t g = 0; g < GROUPS; g++, group++) {
            const uint8_t *at[4];
            four_rows(at, w + b * block_bytes, row_bytes, 4 * g, rows);
            v128_t each[4][2];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
            }
            const v128_t halves = words_of_rows(at);
            const v128_t m = has_minimum ? widen_f16(wasm_u32x4_shr(halves, 16)) : wasm_f32x4_splat(0.0f);
            store_group32(group, each, widen_f16(halves), m, offset);
        }
    }
}

static __attribute__((noinline)) void store_group256(struct group256 *group, v128_t each[4][16],
                                                     const struct scales256 of[4]) {
    for (int k = 0; k < 4; k++) {
        group->d[k] = f16_to_f32(of[k].d);
        group->dmin[k] = f16_to_f32(of[k].dmin);
        for (int j = 0; j < 16; j++) {
            group->minimum[j / 2][2 * k + j % 2] = of[k].minimum[j];
        }
    }
    for (int i = 0; i < 16; i++) {
        const v128_t four[4] = {each[0][i], each[1][i], each[2][i], each[3][i]};
        store_steps(group->codes + 4 * i, four);
        v128_t scale[2];
        for (int pair = 0; pair < 2; pair++) {
            scale[pair] = wasm_i64x2_shuffle(wasm_v128_load16_splat(&of[2 * pair].scale[i]),
                                             wasm_v128_load16_splat(&of[2 * pair + 1].scale[i]), 0, 2);
        }
        for (int step = 4 * i; step < 4 * i + 4; step++) {
            for (int pair = 0; pair < 2; pair++) {
                int16_t *codes = group->codes[step][pair];
                wasm_v128_store(codes, wasm_i16x8_mul(wasm_v128_load(codes), scale[pair]));
            }
        }
    }
}

ALWAYS_INLINE void panel_blocks256(codes256_fn *codes, scales256_fn *scales, size_t block_bytes, uint8_t *panel,
                                   const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    struct group256 *group = (struct group256 *)(void *)panel;
    for (size_t b = 0; b < n / 256; b++) {
        for (size_t g = 0; g < GROUPS; g++, group++) {
            const uint8_t *at[4];
            four_rows(at, w + b * block_bytes, row_bytes, 4 * g, rows);
            v128_t each[4][16];
            struct scales256 of[4];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
                scales(&of[k], at[k]);
            }
            store_group256(group, each, of);
        }
    }
}

/* i32x4, a lane a row: the dot of `steps` times four weights of a group with one token's quants. */
ALWAYS_INLINE v128_t group_dot(const int16_t (*codes)[2][8], const int8_t *q, int steps) {
    v128_t first = wasm_i32x4_splat(0);
    v128_t second = wasm_i32x4_splat(0);
    for (int i = 0; i < steps; i++) {
        const v128_t a = wasm_i16x8_extend_low_i8x16(wasm_v128_load32_splat(q + 4 * i));
        first = wasm_i32x4_add(first, wasm_i32x4_dot_i16x8(a, wasm_v128_load(codes[i][0])));
        second = wasm_i32x4_add(second, wasm_i32x4_dot_i16x8(a, wasm_v128_load(codes[i][1])));
    }
    return wasm_i32x4_add(wasm_i32x4_shuffle(first, second, 0, 2, 4, 6), wasm_i32x4_shuffle(first, second, 1, 3, 5, 7));
}

struct gemm_args {
    float *out;
    size_t out_stride;
    const uint8_t *panel;
    size_t rows;
    const uint8_t *activations;
    size_t activation_bytes;
    size_t tokens;
    size_t n;
};

/* Lanes of both groups of one token. */
ALWAYS_INLINE void store_groups(const struct gemm_args *args, size_t token, const v128_t out[GROUPS]) {
    for (size_t g = 0; g < GROUPS && 4 * g < args->rows; g++) {
        store_lanes(args->out + token * args->out_stride + 4 * g, out[g], args->rows - 4 * g);
    }
}

ALWAYS_INLINE void gemm_blocks32(int has_minimum, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    for (size_t t = 0; t < args->tokens; t++) {
        const uint8_t *row = args->activations + t * args->activation_bytes;
        const struct group32 *group = (const struct group32 *)(const void *)args->panel;
        v128_t out[GROUPS] = {wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f)};
        for (size_t b = 0; b < args->n / 32; b++) {
            const v128_t da = wasm_v128_load32_splat(row + layout.scales + 4 * b);
            const v128_t s = wasm_v128_load32_splat(row + layout.sums + 4 * b);
            for (int g = 0; g < GROUPS; g++, group++) {
                const v128_t isum = group_dot(group->codes, (const int8_t *)row + 32 * b, 8);
                v128_t product =
                    wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(wasm_v128_load(group->d), da));
                if (has_minimum) {
                    product = wasm_f32x4_add(product, wasm_f32x4_mul(wasm_v128_load(group->m), s));
                }
                out[g] = wasm_f32x4_add(out[g], product);
            }
        }
        store_groups(args, t, out);
    }
}

ALWAYS_INLINE void gemm_blocks256(int exact, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    for (size_t t = 0; t < args->tokens; t++) {
        const uint8_t *row = args->activations + t * args->activation_bytes;
        const struct group256 *group = (const struct group256 *)(const void *)args->panel;
        v128_t out[GROUPS] = {wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f)};
        for (size_t b = 0; b < args->n / 256; b++) {
            const v128_t da = wasm_v128_load32_splat(row + layout.scales + 4 * b);
            for (int g = 0; g < GROUPS; g++, group++) {
                const v128_t isum = group_dot(group->codes, (const int8_t *)row + 256 * b, 64);
                v128_t msum = wasm_i32x4_splat(0);
                for (int j = 0; j < 8; j++) {
                    const v128_t pair = wasm_v128_load32_splat(row + layout.sums + 32 * b + 4 * j);
                    msum = wasm_i32x4_add(msum, wasm_i32x4_dot_i16x8(pair, wasm_v128_load(group->minimum[j])));
                }
                const v128_t scale = wasm_f32x4_mul(wasm_v128_load(group->d), da);
                v128_t product;
                if (exact) {
                    product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum, msum)), scale);
                } else {
                    const v128_t dmin = wasm_f32x4_mul(wasm_v128_load(group->dmin), da);
                    product = wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale),
                                             wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), dmin));
                }
                out[g] = wasm_f32x4_add(out[g], product);
            }
        }
        store_groups(args, t, out);
    }
}

#endif
