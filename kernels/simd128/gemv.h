/* One token, straight from the file's blocks: four rows at a time, so that their sums fill a vector. The dots of 32 and
 * of 16 weights are the variant's. */
#ifndef KERNELS_SIMD128_GEMV_H
#define KERNELS_SIMD128_GEMV_H

#include "kernels/kernels.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/lanes.h"
#include "kernels/simd128/scales.h"

/* i32x4 whose lanes add up to the dot of 32 codes with 32 activations. */
typedef v128_t dot32_fn(const v128_t codes[2], const v128_t activations[2]);
/* The same times a scale, which stands in all lanes of i16; of the first vectors only, for the dot of 16. */
typedef v128_t dot_scaled_fn(const v128_t *codes, const v128_t *activations, v128_t scale);

struct gemv_args {
    float *out;
    const uint8_t *w;
    size_t row_bytes;
    size_t rows;
    const uint8_t *activation;
    size_t n;
};

/* Blocks of 32 whose f16 scale comes first, and with a minimum the f16 after it. */
ALWAYS_INLINE void gemv_blocks32(codes32_fn *codes, dot32_fn *dot, size_t block_bytes, uint32_t offset, int has_minimum,
                                 const struct gemv_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    for (size_t row = 0; row < args->rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, row, args->rows);
        const uint8_t *q = args->activation;
        const uint8_t *d = args->activation + layout.scales;
        const uint8_t *s = args->activation + layout.sums;
        v128_t out = wasm_f32x4_splat(0.0f);
        KEEP_LOOP
        for (size_t b = args->n / 32; b; b--) {
            q = opaque(q);
            const v128_t activations[2] = {wasm_v128_load(q), wasm_v128_load(q + 16)};
            v128_t sums[4];
            UNROLL
            for (int k = 0; k < 4; k++) {
                v128_t each[2];
                at[k] = opaque(at[k]);
                codes(each, at[k]);
                sums[k] = dot(each, activations);
            }
            v128_t scale;
            v128_t minimum;
            widen_pairs(&scale, &minimum, words_of_rows(at, 0));
            v128_t isum = add_across(sums);
            const v128_t activation_sum = wasm_v128_load32_splat(s);
            if (offset) { /* codes are less by half their range, 2^offset */
                isum = wasm_i32x4_sub(isum, wasm_i32x4_shl(activation_sum, offset - 1));
            }
            v128_t product =
                wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(scale, wasm_v128_load32_splat(d)));
            if (has_minimum) {
                product = wasm_f32x4_add(product, wasm_f32x4_mul(minimum, activation_sum));
            }
            out = wasm_f32x4_add(out, product);
            UNROLL
            for (int k = 0; k < 4; k++) {
                at[k] += block_bytes;
            }
            q += 32;
            d += 4;
            s += 4;
        }
        store_lanes(args->out + row, out, args->rows - row);
    }
}

/* Scales twice each, so that 32 bits of them can be splatted. */
ALWAYS_INLINE void double_scales(int16_t out[16][2], const int16_t scale[16]) {
    UNROLL
    for (int half = 0; half < 2; half++) {
        const v128_t each = wasm_v128_load(scale + 8 * half);
        wasm_v128_store(out[8 * half], wasm_i16x8_shuffle(each, each, 0, 0, 1, 1, 2, 2, 3, 3));
        wasm_v128_store(out[8 * half + 4], wasm_i16x8_shuffle(each, each, 4, 4, 5, 5, 6, 6, 7, 7));
    }
}

/* i32x4 whose lanes add up to the dot of a block with 256 activations, scales of sub-blocks included. */
ALWAYS_INLINE v128_t dot256(chunk256_fn *chunk, dot_scaled_fn *dot, int sub_block, const uint8_t *block,
                            const int16_t scale[16][2], const uint8_t *q) {
    const size_t step = sub_block == 32 ? 1 : 2; /* from a chunk's vector to the next, in sixteens of weights */
    v128_t sum = wasm_i32x4_splat(0);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        const size_t first = sub_block == 32 ? 4 * i : 8 * (i / 2) + i % 2;
        const uint8_t *a = opaque(q + 16 * first);
        const uint8_t *twice = opaque((const uint8_t *)scale[first]);
        v128_t codes[4];
        chunk(codes, block, i);
        UNROLL
        for (size_t v = 0; v < 4; v += sub_block == 32 ? 2 : 1) {
            const v128_t activations[2] = {wasm_v128_load(a + 16 * step * v), wasm_v128_load(a + 16 * (step * v | 1))};
            sum = wasm_i32x4_add(sum, dot(codes + v, activations, wasm_v128_load32_splat(twice + 4 * step * v)));
        }
    }
    return sum;
}

/* Blocks of 256 with sub-blocks of 16 or 32. `exact`: see scales.h. halves_at: where the f16 d and after it dmin lie in
 * a block, with `exact` d as the second of the two. */
ALWAYS_INLINE void gemv_blocks256(chunk256_fn *chunk, scales256_fn *scales, dot_scaled_fn *dot, int sub_block,
                                  int exact, size_t halves_at, size_t block_bytes, const struct gemv_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    for (size_t row = 0; row < args->rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, row, args->rows);
        const uint8_t *q = args->activation;
        const uint8_t *d = args->activation + layout.scales;
        const uint8_t *s = args->activation + layout.sums;
        v128_t out = wasm_f32x4_splat(0.0f);
        KEEP_LOOP
        for (size_t b = args->n / 256; b; b--, q += 256, d += 4, s += 32) {
            v128_t isums[4];
            v128_t msums[4];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                struct scales256 of;
                int16_t twice[16][2];
                scales(&of, at[k]);
                double_scales(twice, of.scale);
                msums[k] = wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(of.minimum), wasm_v128_load(s)),
                                          wasm_i32x4_dot_i16x8(wasm_v128_load(of.minimum + 8), wasm_v128_load(s + 16)));
                isums[k] = dot256(chunk, dot, sub_block, at[k], twice, q);
                isums[k] = exact ? wasm_i32x4_sub(isums[k], msums[k]) : isums[k];
            }
            v128_t first;
            v128_t second;
            widen_pairs(&first, &second, words_of_rows(at, halves_at));
            const v128_t da = wasm_v128_load32_splat(d);
            const v128_t scale = wasm_f32x4_mul(exact ? second : first, da);
            v128_t product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(add_across(isums)), scale);
            if (!exact) {
                product = wasm_f32x4_sub(
                    product, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(add_across(msums)), wasm_f32x4_mul(second, da)));
            }
            out = wasm_f32x4_add(out, product);
            UNROLL
            for (int k = 0; k < 4; k++) {
                at[k] += block_bytes;
            }
        }
        store_lanes(args->out + row, out, args->rows - row);
    }
}

#endif
