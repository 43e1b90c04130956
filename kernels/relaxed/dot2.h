/* The dot products of one token with relaxed SIMD. Codes are below 128 and the second operand, so the specification
 * allows only one result: sums of two products, at most 2 * 127 * 128 = 32512, as i16. */
#ifndef KERNELS_RELAXED_DOT2_H
#define KERNELS_RELAXED_DOT2_H

#include <stddef.h>

#include "kernels/simd128/constants.h"
#include "kernels/simd128/dot_form.h"
#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

/* i16x8: each lane is a sum of two products. */
ALWAYS_INLINE v128_t dot2(v128_t codes, v128_t activations) {
    return wasm_i16x8_relaxed_dot_i8x16_i7x16(activations, codes);
}

ALWAYS_INLINE struct activations16 prepare(v128_t activations) { return (struct activations16){{activations}}; }

ALWAYS_INLINE v128_t dot_scaled(size_t sub_block, const v128_t *codes, const struct activations16 *activations,
                                v128_t scale) {
    v128_t sums = dot2(codes[0], activations[0].of[0]);
    if (sub_block == 32) {
        sums = wasm_i16x8_add(sums, dot2(codes[1], activations[1].of[0]));
    }
    return wasm_i32x4_dot_i16x8(sums, scale);
}

static const struct dot_form dot2_form = {.prepare = prepare, .dot_scaled = dot_scaled};

ALWAYS_INLINE struct activations32 prepare32(v128_t first, v128_t second) {
    return (struct activations32){{first, second}};
}

ALWAYS_INLINE v128_t dot2_of_32(const v128_t codes[2], const struct activations32 *activations) {
    return wasm_i16x8_add(dot2(codes[0], activations->of[0]), dot2(codes[1], activations->of[1]));
}

/* Codes below 32: four products of at most 31 * 128 fit i16. */
static const struct block_form dot2_unsigned_form = {.prepare = prepare32, .dot = dot2_of_32, .lanes = SUMS_I16};

/* Signed codes go where all eight bits count on every host. The activations are split into what is positive of them
 * and what is negative, both below 128. */
ALWAYS_INLINE struct activations32 prepare_split(v128_t first, v128_t second) {
    const v128_t positive[2] = {wasm_i8x16_max(first, wasm_i8x16_splat(0)),
                                wasm_i8x16_max(second, wasm_i8x16_splat(0))};
    return (struct activations32){
        {positive[0], positive[1], wasm_i8x16_sub(positive[0], first), wasm_i8x16_sub(positive[1], second)}};
}

/* A pair's sum has, for each of its two products, one part only: at most 2 * 128 * 127. */
ALWAYS_INLINE v128_t dot2_split(const v128_t codes[2], const struct activations32 *activations) {
    const v128_t first = wasm_i16x8_sub(dot2(activations->of[0], codes[0]), dot2(activations->of[2], codes[0]));
    const v128_t second = wasm_i16x8_sub(dot2(activations->of[1], codes[1]), dot2(activations->of[3], codes[1]));
    return wasm_i32x4_add(wasm_i32x4_dot_i16x8(first, splat16(1)), wasm_i32x4_dot_i16x8(second, splat16(1)));
}

static const struct block_form dot2_signed_form = {.prepare = prepare_split, .dot = dot2_split, .lanes = SUMS_I32};

#endif
