/* The dots of one token in plain SIMD128: both sides widened to i16. */
#ifndef KERNELS_SIMD128_DOT_H
#define KERNELS_SIMD128_DOT_H

#include "kernels/simd128/lanes.h"

ALWAYS_INLINE v128_t dot16(v128_t codes, v128_t activations) {
    const v128_t low =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(codes), wasm_i16x8_extend_low_i8x16(activations));
    const v128_t high =
        wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(codes), wasm_i16x8_extend_high_i8x16(activations));
    return wasm_i32x4_add(low, high);
}

ALWAYS_INLINE v128_t dot32(const v128_t codes[2], const v128_t activations[2]) {
    return wasm_i32x4_add(dot16(codes[0], activations[0]), dot16(codes[1], activations[1]));
}

/* A lane's sum fits i16, for it has products of 5 bits by 8 or 4 of 6 bits by 7 bits: 8 * 31 * 127 and 4 * 63 * 127. So
 * it is multiplied as the lower of two i16 lanes. */
ALWAYS_INLINE v128_t times_scale(v128_t sum, v128_t scale) {
    return wasm_i32x4_dot_i16x8(sum, wasm_v128_and(scale, every_low_half()));
}

ALWAYS_INLINE v128_t dot16_scaled(const v128_t *codes, const v128_t *activations, v128_t scale) {
    return times_scale(dot16(codes[0], activations[0]), scale);
}

ALWAYS_INLINE v128_t dot32_scaled(const v128_t *codes, const v128_t *activations, v128_t scale) {
    return times_scale(dot32(codes, activations), scale);
}

#endif
