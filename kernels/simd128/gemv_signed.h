/* One token times rows of a signed type, straight from the file's blocks. Codes reach the dot product without a sign
 * and below 128, so that the dot of any variant can take them: signs are moved to the activations, and codes of both
 * signs are raised by an offset. */
#ifndef KERNELS_SIMD128_GEMV_SIGNED_H
#define KERNELS_SIMD128_GEMV_SIGNED_H

#include "kernels/kernels.h"
#include "kernels/simd128/bit_fields.h"
#include "kernels/simd128/dot_form.h"
#include "kernels/simd128/gemv_lanes.h"
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
typedef v128_t dot_signed_fn(const struct dot_form *form, const struct signed_operands *of, float *d);

ALWAYS_INLINE v128_t dot_grid(enum grid_form kind, const struct dot_form *form, const struct signed_operands *of,
                              float *d) {
    struct grid_indices indices;
    of->type->unpack_indices(&indices, of->block);
    *d = indices.d;
    v128_t sum = wasm_i32x4_splat(0);
    if (kind == GRID8_OFFSET) {
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
            v128_t codes = grid_codes(kind, of->grid, index);
            v128_t activations = wasm_v128_load(of->q + 32 * i + 16 * v);
            if (kind == GRID8_OFFSET) {
                codes = offset_codes(codes, masks);
            } else {
                activations = negate_masked(activations, masks);
            }
            const struct activations16 prepared = form->prepare(activations);
            sum = wasm_i32x4_add(sum, form->dot_scaled(16, &codes, &prepared, scale));
            index += grid_indices_per_vector(kind);
        }
    }
    return sum;
}

ALWAYS_INLINE v128_t dot_grid8(const struct dot_form *form, const struct signed_operands *of, float *d) {
    return dot_grid(GRID8, form, of, d);
}

ALWAYS_INLINE v128_t dot_grid4(const struct dot_form *form, const struct signed_operands *of, float *d) {
    return dot_grid(GRID4, form, of, d);
}

ALWAYS_INLINE v128_t dot_grid8_offset(const struct dot_form *form, const struct signed_operands *of, float *d) {
    return dot_grid(GRID8_OFFSET, form, of, d);
}

/* -1 times the sum of the activations, for codes raised by 1. */
ALWAYS_INLINE v128_t minus_activations(const uint8_t *s) {
    const v128_t ones = splat16(1);
    return wasm_i32x4_neg(wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(s), ones),
                                         wasm_i32x4_dot_i16x8(wasm_v128_load(s + 16), ones)));
}

ALWAYS_INLINE v128_t add_dot16(const struct dot_form *form, v128_t sum, v128_t codes, const uint8_t *q) {
    const struct activations16 activations = form->prepare(wasm_v128_load(q));
    return wasm_i32x4_add(sum, form->dot_scaled(16, &codes, &activations, splat16(1)));
}

ALWAYS_INLINE v128_t dot_tq2_0(const struct dot_form *form, const struct signed_operands *of, float *d) {
    const struct block_tq2_0 *block = (const struct block_tq2_0 *)of->block;
    v128_t sum = minus_activations(of->s);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        const v128_t qs = wasm_v128_load(opaque(block->qs) + 16 * i);
        const uint8_t *a = opaque(of->q + 128 * (i / 2) + 16 * (i % 2));
        UNROLL
        for (uint32_t v = 0; v < 4; v++) {
            sum = add_dot16(form, sum, bit_field(qs, 2 * v, 3, 0), a + 32 * v);
        }
    }
    *d = f16_at(block->d);
    return sum;
}

ALWAYS_INLINE v128_t dot_tq1_0(const struct dot_form *form, const struct signed_operands *of, float *d) {
    const struct block_tq1_0 *block = (const struct block_tq1_0 *)of->block;
    v128_t sum = minus_activations(of->s);
    UNROLL
    for (size_t i = 0; i < 3; i++) { /* 16 bytes: 5 * 16 weights, 32 or 16 apart */
        const uint8_t *a = opaque(of->q + (i < 2 ? 16 * i : 160));
        v128_t digits = wasm_v128_load(block->qs + 16 * i);
        UNROLL
        for (size_t k = 0; k < 5; k++) {
            sum = add_dot16(form, sum, first_digit(digits), a + (i < 2 ? 32 : 16) * k);
            digits = next_digit(digits);
        }
    }
    *d = f16_at(block->d);
    return add_dot16(form, sum, first_digit(last_digits(block->qh)), opaque(of->q) + 240);
}

/* The products of the blocks at at[k], a lane each. of: has what the blocks have in common. */
ALWAYS_INLINE v128_t signed_products(dot_signed_fn *dot_signed, const struct dot_form *form,
                                     const struct signed_operands *of, const uint8_t *const at[4], float d) {
    v128_t isums[4];
    float scales[4];
    KEEP_LOOP
    for (size_t k = 0; k < 4; k++) {
        struct signed_operands block = *of;
        block.block = at[k];
        isums[k] = dot_signed(form, &block, &scales[k]);
    }
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(add_across_i32(isums)),
                          wasm_f32x4_mul(wasm_v128_load(scales), wasm_f32x4_splat(d)));
}

ALWAYS_INLINE void gemv_signed(const struct signed_type *type, dot_signed_fn *dot_signed, const struct dot_form *form,
                               const struct gemv_args *given) {
    const struct gemv_args args = *given; /* a copy stays in registers, because stores to out cannot change it */
    union spread_grid grid;
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args.n);
    const uint8_t *const d = args.activations + layout.scales;
    const uint8_t *const s = args.activations + layout.sums;
    struct gemv_turns turns = gemv_turns(&args);
    spread_grid(&grid, type);
    for (size_t turn = 0; turn < turns.apart; turn++) {
        const uint8_t *at[4];
        v128_t sum = wasm_f32x4_splat(0.0f);
        rows_of_turn(at, &turns, turn);
        KEEP_LOOP
        for (size_t b = 0; b < args.n / 256; b++) {
            load_ahead(&turns, at, 64);
            const struct signed_operands of = {
                .type = type, .grid = &grid, .q = args.activations + 256 * b, .s = s + 32 * b};
            sum = wasm_f32x4_add(sum, signed_products(dot_signed, form, &of, at, f32_from_bits(u32_at(d + 4 * b))));
            advance_rows(at, type->block_bytes);
        }
        store_turn(&turns, turn, 0, sum);
    }
    gemv_end(&turns);
}

#endif
