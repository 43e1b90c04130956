/* One token times rows of a signed type, straight from the file's blocks. Codes reach the dot product without a sign
 * and below 128, so that the dot of any variant can take them: signs are moved to the activations, and codes of both
 * signs are raised by an offset. */
#ifndef KERNELS_SIMD128_GEMV_SIGNED_H
#define KERNELS_SIMD128_GEMV_SIGNED_H

#include "kernels/kernels.h"
#include "kernels/simd128/bit_fields.h"
#include "kernels/simd128/four_rows.h"
#include "kernels/simd128/gemv_kquant.h"
#include "kernels/simd128/prefetch.h"
#include "kernels/simd128/signed_type.h"
#include "kernels/simd128/types_grid.h"
#include "kernels/simd128/types_low_bit.h"

/* A block and the activations that it is multiplied by. */
struct signed_operands {
    const struct signed_type *type;
    const union spread_grid *grid;
    const uint8_t *block;
    const uint8_t *q; /* 256 activations */
    const uint8_t *s; /* sums of each 16 activations, i16 */
};
/* i32x4 whose lanes add up to the dot product of the block and 256 activations, scales included; *d is the scale of the
 * block. dot: the variant's, for sub-blocks of 16. */
typedef v128_t dot_signed_fn(dot_scaled_fn *dot, const struct signed_operands *of, float *d);

ALWAYS_INLINE v128_t dot_grid(enum grid_form form, dot_scaled_fn *dot, const struct signed_operands *of, float *d) {
    struct grid_indices indices;
    of->type->unpack_indices(&indices, of->block);
    *d = indices.d;
    v128_t sum = wasm_i32x4_splat(0);
    if (form == GRID8_OFFSET) {
        const v128_t first = wasm_i32x4_dot_i16x8(wasm_v128_load(indices.scale), wasm_v128_load(of->s));
        const v128_t second = wasm_i32x4_dot_i16x8(wasm_v128_load(indices.scale + 8), wasm_v128_load(of->s + 16));
        sum = wasm_i32x4_mul(wasm_i32x4_add(first, second), wasm_i32x4_splat(-GRID_OFFSET));
    }
    const uint16_t *index = indices.index;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t signs = wasm_v128_load32_splat(indices.signs + 4 * i);
        UNROLL
        for (size_t v = 0; v < 2; v++) {
            const v128_t scale = wasm_v128_load16_splat(indices.scale + 2 * i + v);
            const v128_t masks = sign_masks(signs, v);
            v128_t codes = grid_codes(form, of->grid, index);
            v128_t activations = wasm_v128_load(of->q + 32 * i + 16 * v);
            if (form == GRID8_OFFSET) {
                codes = offset_codes(codes, masks);
            } else {
                activations = negate_masked(activations, masks);
            }
            sum = wasm_i32x4_add(sum, dot(16, &codes, &activations, scale));
            index += grid_indices_per_vector(form);
        }
    }
    return sum;
}

ALWAYS_INLINE v128_t dot_grid8(dot_scaled_fn *dot, const struct signed_operands *of, float *d) {
    return dot_grid(GRID8, dot, of, d);
}

ALWAYS_INLINE v128_t dot_grid4(dot_scaled_fn *dot, const struct signed_operands *of, float *d) {
    return dot_grid(GRID4, dot, of, d);
}

ALWAYS_INLINE v128_t dot_grid8_offset(dot_scaled_fn *dot, const struct signed_operands *of, float *d) {
    return dot_grid(GRID8_OFFSET, dot, of, d);
}

/* -1 times the sum of the activations, for codes raised by 1. */
ALWAYS_INLINE v128_t minus_activations(const uint8_t *s) {
    const v128_t ones = splat16(1);
    return wasm_i32x4_neg(wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(s), ones),
                                         wasm_i32x4_dot_i16x8(wasm_v128_load(s + 16), ones)));
}

ALWAYS_INLINE v128_t add_dot16(dot_scaled_fn *dot, v128_t sum, v128_t codes, const uint8_t *q) {
    const v128_t activations = wasm_v128_load(q);
    return wasm_i32x4_add(sum, dot(16, &codes, &activations, splat16(1)));
}

ALWAYS_INLINE v128_t dot_tq2_0(dot_scaled_fn *dot, const struct signed_operands *of, float *d) {
    const struct block_tq2_0 *block = (const struct block_tq2_0 *)of->block;
    v128_t sum = minus_activations(of->s);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        const v128_t qs = wasm_v128_load(opaque(block->qs) + 16 * i);
        const uint8_t *a = opaque(of->q + 128 * (i / 2) + 16 * (i % 2));
        UNROLL
        for (uint32_t v = 0; v < 4; v++) {
            sum = add_dot16(dot, sum, bit_field(qs, 2 * v, 3, 0), a + 32 * v);
        }
    }
    *d = f16_at(block->d);
    return sum;
}

ALWAYS_INLINE v128_t dot_tq1_0(dot_scaled_fn *dot, const struct signed_operands *of, float *d) {
    const struct block_tq1_0 *block = (const struct block_tq1_0 *)of->block;
    v128_t sum = minus_activations(of->s);
    UNROLL
    for (size_t i = 0; i < 3; i++) { /* 16 bytes: 5 * 16 weights, 32 or 16 apart */
        const uint8_t *a = opaque(of->q + (i < 2 ? 16 * i : 160));
        v128_t digits = wasm_v128_load(block->qs + 16 * i);
        UNROLL
        for (size_t k = 0; k < 5; k++) {
            sum = add_dot16(dot, sum, first_digit(digits), a + (i < 2 ? 32 : 16) * k);
            digits = next_digit(digits);
        }
    }
    *d = f16_at(block->d);
    return add_dot16(dot, sum, first_digit(last_digits(block->qh)), opaque(of->q) + 240);
}

ALWAYS_INLINE void gemv_signed(const struct signed_type *type, dot_signed_fn *dot_signed, dot_scaled_fn *dot,
                               const struct gemv_args *given) {
    const struct gemv_args args = *given; /* a copy stays in registers, because stores to out cannot change it */
    union spread_grid grid;
    const size_t run = 256; /* bytes fetched ahead, about four blocks */
    const size_t block_bytes = type->block_bytes;
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args.n);
    const uint8_t *const d = args.activation + layout.scales;
    const uint8_t *const s = args.activation + layout.sums;
    struct prefetch prefetch = prefetch_begin(&args, run);
    spread_grid(&grid, type);
    for (size_t row = 0; row < args.rows; row++) {
        const uint8_t *at = args.w + row * args.row_bytes;
        float sum = 0.0f;
        KEEP_LOOP
        for (size_t b = 0; b < args.n / 256; b++, at += block_bytes) {
            float scale;
            if (b % 2 == 0) {
                prefetch_run(&prefetch, at + run, run);
            }
            const struct signed_operands of = {
                .type = type, .grid = &grid, .block = at, .q = args.activation + 256 * b, .s = s + 32 * b};
            const v128_t isum = dot_signed(dot, &of, &scale);
            sum += (float)sum_of_lanes(isum) * (scale * f32_from_bits(u32_at(d + 4 * b)));
        }
        args.out[row] = sum;
    }
    prefetch_end(&prefetch);
}

#endif
