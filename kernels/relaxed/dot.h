/* The dots of one token with relaxed SIMD. The codes are below 128 and come
 * second, so that the relaxed instruction has one result only: pairs of
 * products, at most 2 * 127 * 128 = 32512, as i16. */
#ifndef KERNELS_RELAXED_DOT_H
#define KERNELS_RELAXED_DOT_H

#include "kernels/simd128/lanes.h"

/* i16x8: sums of pairs. */
ALWAYS_INLINE v128_t pairs(v128_t codes, v128_t activations) {
    return wasm_i16x8_relaxed_dot_i8x16_i7x16(activations, codes);
}

/* Codes up to 31: four products of at most 31 * 128 fit i16. */
ALWAYS_INLINE v128_t pairs32(const v128_t codes[2], const v128_t activations[2]) {
    return wasm_i16x8_add(pairs(codes[0], activations[0]), pairs(codes[1], activations[1]));
}

ALWAYS_INLINE v128_t dot32_scaled(const v128_t *codes, const v128_t *activations, v128_t scale) {
    return wasm_i32x4_dot_i16x8(pairs32(codes, activations), scale);
}

ALWAYS_INLINE v128_t dot16_scaled(const v128_t *codes, const v128_t *activations, v128_t scale) {
    return wasm_i32x4_dot_i16x8(pairs(codes[0], activations[0]), scale);
}

#endif
