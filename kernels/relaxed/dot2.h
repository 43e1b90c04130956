/* The dot products of one token with relaxed SIMD. Codes are below 128 and the second operand, so the specification
 * allows only one result: sums of two products, at most 2 * 127 * 128 = 32512, as i16. */
#ifndef KERNELS_RELAXED_DOT2_H
#define KERNELS_RELAXED_DOT2_H

#include <stddef.h>

#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

/* i16x8: each lane is a sum of two products. */
ALWAYS_INLINE v128_t dot2(v128_t codes, v128_t activations) {
    return wasm_i16x8_relaxed_dot_i8x16_i7x16(activations, codes);
}

/* The same for 32 codes below 32: four products of at most 31 * 128 fit i16. */
ALWAYS_INLINE v128_t dot2_of_32(const v128_t codes[2], const v128_t activations[2]) {
    return wasm_i16x8_add(dot2(codes[0], activations[0]), dot2(codes[1], activations[1]));
}

/* A dot_scaled_fn (gemv_kquant.h). */
ALWAYS_INLINE v128_t dot_scaled(size_t sub_block, const v128_t *codes, const v128_t *activations, v128_t scale) {
    const v128_t sums = sub_block == 32 ? dot2_of_32(codes, activations) : dot2(codes[0], activations[0]);
    return wasm_i32x4_dot_i16x8(sums, scale);
}

#endif
