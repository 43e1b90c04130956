/* The dot products of one token in plain SIMD128: both sides are widened to i16. */
#ifndef KERNELS_SIMD128_DOT_I16_H
#define KERNELS_SIMD128_DOT_I16_H

#include <stddef.h>

#include "kernels/simd128/constants.h"
#include "kernels/simd128/dot_form.h"
#include "kernels/simd128/hints.h"

/* i32x4 whose lanes add up to the dot product of 16 signed bytes. */
ALWAYS_INLINE v128_t dot16(v128_t codes, v128_t activations) {
    const v128_t low =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(codes), wasm_i16x8_extend_low_i8x16(activations));
    const v128_t high =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(codes), wasm_i16x8_extend_high_i8x16(activations));
    return wasm_i32x4_add(low, high);
}

/* The even and the odd bytes as i16: fewer instructions than the low and the high half. */
ALWAYS_INLINE struct activations16 prepare(v128_t activations) {
    return (struct activations16){{wasm_i16x8_shr(wasm_i16x8_shl(activations, 8), 8), wasm_i16x8_shr(activations, 8)}};
}

/* i32x4 whose lanes add up to the dot product with 16 codes below 128. */
ALWAYS_INLINE v128_t dot_unsigned16(v128_t codes, const struct activations16 *activations) {
    return wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_and(codes, splat16(0xff)), activations->of[0]),
                          wasm_i32x4_dot_i16x8(wasm_u16x8_shr(codes, 8), activations->of[1]));
}

/* A lane's sum fits i16, because it has 8 products of 5-bit codes and 7-bit activations (8 * 31 * 127), or 4 of 6-bit
 * codes (4 * 63 * 127). So it is multiplied as the lower of two i16 lanes. */
ALWAYS_INLINE v128_t dot_scaled(size_t sub_block, const v128_t *codes, const struct activations16 *activations,
                                v128_t scale) {
    v128_t sum = dot_unsigned16(codes[0], activations);
    if (sub_block == 32) {
        sum = wasm_i32x4_add(sum, dot_unsigned16(codes[1], activations + 1));
    }
    return wasm_i32x4_dot_i16x8(sum, wasm_v128_and(scale, load_constant(constants.low_16_bits)));
}

static const struct dot_form i16_form = {.prepare = prepare, .dot_scaled = dot_scaled};

ALWAYS_INLINE struct activations32 prepare32(v128_t first, v128_t second) {
    const struct activations16 each[2] = {prepare(first), prepare(second)};
    return (struct activations32){{each[0].of[0], each[0].of[1], each[1].of[0], each[1].of[1]}};
}

/* A dot32_fn for codes below 128. */
ALWAYS_INLINE v128_t dot_unsigned32(const v128_t codes[2], const struct activations32 *activations) {
    const struct activations16 each[2] = {{{activations->of[0], activations->of[1]}},
                                          {{activations->of[2], activations->of[3]}}};
    return wasm_i32x4_add(dot_unsigned16(codes[0], &each[0]), dot_unsigned16(codes[1], &each[1]));
}

/* A dot32_fn for signed codes. */
ALWAYS_INLINE v128_t dot_signed32(const v128_t codes[2], const struct activations32 *activations) {
    const struct activations32 wide = prepare32(codes[0], codes[1]);
    return wasm_i32x4_add(wasm_i32x4_add(wasm_i32x4_dot_i16x8(wide.of[0], activations->of[0]),
                                         wasm_i32x4_dot_i16x8(wide.of[1], activations->of[1])),
                          wasm_i32x4_add(wasm_i32x4_dot_i16x8(wide.of[2], activations->of[2]),
                                         wasm_i32x4_dot_i16x8(wide.of[3], activations->of[3])));
}

static const struct block_form i16_unsigned_form = {.prepare = prepare32, .dot = dot_unsigned32, .lanes = SUMS_I32};
static const struct block_form i16_signed_form = {.prepare = prepare32, .dot = dot_signed32, .lanes = SUMS_I32};

#endif
