/* The dot products of one token in plain SIMD128: both sides are widened to i16. */
#ifndef KERNELS_SIMD128_DOT_I16_H
#define KERNELS_SIMD128_DOT_I16_H

#include <stddef.h>

#include "kernels/simd128/constants.h"
#include "kernels/simd128/hints.h"

/* i32x4 whose lanes add up to the dot product of 16 signed bytes. */
ALWAYS_INLINE v128_t dot16(v128_t codes, v128_t activations) {
    const v128_t low =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(codes), wasm_i16x8_extend_low_i8x16(activations));
    const v128_t high =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(codes), wasm_i16x8_extend_high_i8x16(activations));
    return wasm_i32x4_add(low, high);
}

/* The same for 32. */
ALWAYS_INLINE v128_t dot32(const v128_t codes[2], const v128_t activations[2]) {
    return wasm_i32x4_add(dot16(codes[0], activations[0]), dot16(codes[1], activations[1]));
}

/* A dot_scaled_fn (gemv_kquant.h). A lane's sum fits i16, because it has 8 products of 5-bit codes and 7-bit
 * activations (8 * 31 * 127), or 4 of 6-bit codes (4 * 63 * 127). So it is multiplied as the lower of two i16 lanes. */
ALWAYS_INLINE v128_t dot_scaled(size_t sub_block, const v128_t *codes, const v128_t *activations, v128_t scale) {
    const v128_t sum = sub_block == 32 ? dot32(codes, activations) : dot16(codes[0], activations[0]);
    return wasm_i32x4_dot_i16x8(sum, wasm_v128_and(scale, load_constant(constants.low_16_bits)));
}

#endif
