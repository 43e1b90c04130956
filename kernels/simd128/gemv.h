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
/* The same times a scale; of the first vectors only, for the dot of 16. */
typedef v128_t dot_scaled_fn(const v128_t codes[2], const v128_t activations[2], const int16_t *scale);

struct gemv_args {
    float *out;
    const uint8_t *w;
    size_t row_bytes;
    size_t rows;
    const uint8_t *activation;
    size_t n;
};

/* Blocks of 32 whose f16 scale comes first, and with a minimum the f16 after it. */
ALWAYS_INLINE void gemv_blocks32(codes32_fn *codes, dot32_fn *dot, size_t block_bytes, int32_t offset, int has_minimum,
                                 const struct gemv_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    const size_t blocks = args->n / 32;
    for (size_t row = 0; row < args->rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, row, args->rows);
        const uint8_t *q = args->activation;
        const uint8_t *d = args->activation + layout.scales;
        const uint8_t *s = args->activation + layout.sums;
        v128_t out = wasm_f32x4_splat(0.0f);
        for (size_t b = 0; b < blocks; b++, q += 32, d += 4, s += 4) {
            const v128_t activations[2] = {wasm_v128_load(q), wasm_v128_load(q + 16)};
            v128_t sums[4];
            for (int k = 0; k < 4; k++) {
                v128_t each[2];
                codes(each, at[k]);
                sums[k] = dot(each, activations);
            }
            const v128_t halves = words_of_rows(at); /* the scale, and the minimum where there is one */
            const v128_t scale = wasm_f32x4_mul(widen_f16(halves), wasm_v128_load32_splat(d));
            v128_t isum = add_across(sums);
            if (offset) {
                isum = wasm_i32x4_sub(isum, wasm_i32x4_mul(wasm_v128_load32_splat(s), wasm_i32x4_splat(offset)));
            }
            v128_t product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale);
            if (has_minimum) {
                product = wasm_f32x4_add(
                    product, wasm_f32x4_mul(widen_f16(wasm_u32x4_shr(halves, 16)), wasm_v128_load32_splat(s)));
            }
            out = wasm_f32x4_add(out, product);
            for (int k = 0; k < 4; k++) {
                at[k] += block_bytes;
            }
        }
        store_lanes(args->out + row, out, args->rows - row);
    }
}

/* Blocks of 256 with sub-blocks of 16 or 32. `exact`: see scales.h. */
ALWAYS_INLINE void gemv_blocks256(codes256_fn *codes, scales256_fn *scales, dot_scaled_fn *dot, int sub_block,
                                  int exact, size_t block_bytes, const struct gemv_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    const size_t blocks = args->n / 256;
    for (size_t row = 0; row < args->rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, row, args->rows);
        const uint8_t *q = args->activation;
        const uint8_t *d = args->activation + layout.scales;
        const uint8_t *s = args->activation + layout.sums;
        v128_t out = wasm_f32x4_splat(0.0f);
        for (size_t b = 0; b < blocks; b++, q += 256, d += 4, s += 32) {
            v128_t isums[4];
            v128_t msums[4];
            struct scales256 each[4];
            for (int k = 0; k < 4; k++) {
                v128_t code[16];
                codes(code, at[k]);
                scales(&each[k], at[k]);
                v128_t sum = wasm_i32x4_splat(0);
                for (int i = 0; i < 16; i += sub_block / 16) {
                    const v128_t activations[2] = {wasm_v128_load(q + 16 * i), wasm_v128_load(q + 16 * (i | 1))};
                    sum = wasm_i32x4_add(sum, dot(code + i, activations, &each[k].scale[i]));
                }
                isums[k] = sum;
                msums[k] =
                    wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(each[k].minimum), wasm_v128_load(s)),
                                   wasm_i32x4_dot_i16x8(wasm_v128_load(each[k].minimum + 8), wasm_v128_load(s + 16)));
                at[k] += block_bytes;
            }
            const v128_t da = wasm_v128_load32_splat(d);
            const v128_t scale =
                wasm_f32x4_mul(widen_f16(wasm_i32x4_make(each[0].d, each[1].d, each[2].d, each[3].d)), da);
            const v128_t isum = add_across(isums);
            const v128_t msum = add_across(msums);
            v128_t product;
            if (exact) {
                product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum, msum)), scale);
            } else {
                const v128_t minima = wasm_i32x4_make(each[0].dmin, each[1].dmin, each[2].dmin, each[3].dmin);
                const v128_t dmin = wasm_f32x4_mul(widen_f16(minima), da);
                product = wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale),
                                         wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), dmin));
            }
            out = wasm_f32x4_add(out, product);
        }
        store_lanes(args->out + row, out, args->rows - row);
    }
}

#endif
