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

ALWAYS_INLINE v128_t dot16_scaled(const v128_t codes[2], const v128_t activations[2], const int16_t *scale) {
    return wasm_i32x4_mul(dot16(codes[0], activations[0]), wasm_i32x4_splat(*scale));
}

ALWAYS_INLINE v128_t dot32_scaled(const v128_t codes[2], const v128_t activations[2], const int16_t *scale) {
    return wasm_i32x4_mul(dot32(codes, activations), wasm_i32x4_splat(*scale));
}

#endif
