/* One token times rows of a K-quant, straight from the file's blocks. The variants supply the dot product of a
 * sub-block. */
#ifndef KERNELS_SIMD128_GEMV_KQUANT_H
#define KERNELS_SIMD128_GEMV_KQUANT_H

#include "kernels/kernels.h"
#include "kernels/simd128/four_rows.h"
#include "kernels/simd128/prefetch.h"
#include "kernels/simd128/row_products.h"
#include "kernels/simd128/types_kquant.h"

#define KQUANT_RUN 4 /* blocks of one row that are computed together, while as many are fetched ahead */

/* i32x4 whose lanes add up to scale times the dot product of `sub_block` codes and activations: one vector of each for
 * 16, two for 32. The scale is in every i16 lane. */
typedef v128_t dot_scaled_fn(size_t sub_block, const v128_t *codes, const v128_t *activations, v128_t scale);

/* The float operations of `count` <= KQUANT_RUN blocks of one row: out[i] = the product of block i. The lanes of
 * isums[i] and msums[i] add up to the sums of the codes and of the minimums. d: the activation's scales. */
void kquant_products(float *out, const v128_t isums[KQUANT_RUN], const v128_t msums[KQUANT_RUN],
                     const struct kquant_type *type, const uint8_t *blocks, const uint8_t *d, size_t count);

/* Stores each scale twice, so that 32 bits of them can be splatted. */
ALWAYS_INLINE void double_scales(int16_t out[16][2], const int16_t scale[16]) {
    UNROLL
    for (int i = 0; i < 2; i++) {
        const v128_t each = wasm_v128_load(scale + 8 * i);
        wasm_v128_store(out[8 * i], wasm_i16x8_shuffle(each, each, 0, 0, 1, 1, 2, 2, 3, 3));
        wasm_v128_store(out[8 * i + 4], wasm_i16x8_shuffle(each, each, 4, 4, 5, 5, 6, 6, 7, 7));
    }
}

/* i32x4 whose lanes add up to the dot product of a block and 256 activations, scales of sub-blocks included. */
ALWAYS_INLINE v128_t dot_kquant_block(const struct kquant_type *type, dot_scaled_fn *dot, const uint8_t *block,
                                      const int16_t scale[16][2], const uint8_t *q) {
    const size_t step = quarter_vector(type->sub_block, 0, 1);
    v128_t sum = wasm_i32x4_splat(0);
    v128_t so_far[1];
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        const size_t first = quarter_vector(type->sub_block, i, 0);
        const uint8_t *a = opaque(q + 16 * first);
        const uint8_t *scales = opaque((const uint8_t *)scale[first]);
        v128_t codes[4];
        type->unpack_quarter(codes, block, i);
        UNROLL
        for (size_t v = 0; v < 4; v += type->sub_block / 16) {
            const v128_t activations[2] = {wasm_v128_load(a + 16 * step * v), wasm_v128_load(a + 16 * (step * v | 1))};
            sum = wasm_i32x4_add(
                sum, dot(type->sub_block, codes + v, activations, wasm_v128_load32_splat(scales + 4 * step * v)));
        }
        if (i < 3) {
            so_far[0] = sum;
            STORED(so_far);
        }
    }
    return sum;
}

/* The products of `count` <= PRODUCTS_PER_ROW blocks of one row, from block `first` on. */
ALWAYS_INLINE void kquant_row(float *products, const struct kquant_type *type, dot_scaled_fn *dot,
                              struct prefetch *prefetch, const struct gemv_args *args, size_t row, size_t first,
                              size_t all, const struct activation_layout *layout) {
    const size_t block_bytes = type->block_bytes;
    const uint8_t *at = args->w + row * args->row_bytes + first * block_bytes;
    const uint8_t *q = args->activation + first * 256;
    const uint8_t *d = args->activation + layout->scales + first * 4;
    const uint8_t *s = args->activation + layout->sums + first * 32;
    for (size_t done = 0, count; done < all; done += count) {
        count = all - done < KQUANT_RUN ? all - done : KQUANT_RUN;
        const uint8_t *const run = at;
        v128_t isums[KQUANT_RUN];
        v128_t msums[KQUANT_RUN];
        prefetch_run(prefetch, at + KQUANT_RUN * block_bytes, KQUANT_RUN * block_bytes);
        KEEP_LOOP
        for (size_t i = 0; i < count; i++) {
            struct kquant_scales scales;
            int16_t doubled[16][2];
            type->unpack_scales(&scales, at);
            double_scales(doubled, scales.scale);
            msums[i] = wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(scales.minimum), wasm_v128_load(s)),
                                      wasm_i32x4_dot_i16x8(wasm_v128_load(scales.minimum + 8), wasm_v128_load(s + 16)));
            isums[i] = dot_kquant_block(type, dot, at, doubled, q);
            at += block_bytes;
            q += 256;
            s += 32;
        }
        kquant_products(products + done, isums, msums, type, run, d + 4 * done, count);
    }
}

ALWAYS_INLINE void gemv_kquant(const struct kquant_type *type, dot_scaled_fn *dot, const struct gemv_args *given) {
    const struct gemv_args args = *given; /* a copy stays in registers, because stores to out cannot change it */
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args.n);
    const size_t blocks = args.n / 256;
    struct prefetch prefetch = prefetch_begin(&args, KQUANT_RUN * type->block_bytes);
    struct row_products products;
    for (size_t row = 0; row < args.rows; row += 4) {
        const size_t rows = args.rows - row < 4 ? args.rows - row : 4;
        v128_t sums = wasm_f32x4_splat(0.0f);
        for (size_t first = 0; first < blocks; first += PRODUCTS_PER_ROW) {
            const size_t count = blocks - first < PRODUCTS_PER_ROW ? blocks - first : PRODUCTS_PER_ROW;
            for (size_t k = 0; k < rows; k++) {
                kquant_row(products.of[k], type, dot, &prefetch, &args, row + k, first, count, &layout);
            }
            add_row_products(&sums, &products, count);
        }
        store_rows(args.out + row, sums, rows);
    }
    prefetch_end(&prefetch);
}

#endif
