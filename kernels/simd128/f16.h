/* Conversions between f32 and f16, four at a time, with the results of quant/f16.h. An f16 is in the low 16 bits of a
 * 32-bit lane. */
#ifndef KERNELS_SIMD128_F16_H
#define KERNELS_SIMD128_F16_H

#include "kernels/simd128/simd.h"

static inline v128_t f32x4_to_f16x4(v128_t x) {
    const v128_t magnitude = wasm_v128_and(x, wasm_i32x4_splat(0x7fffffff));
    const v128_t sign = wasm_v128_xor(x, magnitude);
    /* Round to even: add half an ulp minus one, and one more if the last bit would stay odd. The bias of the exponent
     * changes from 127 to 15. */
    const v128_t odd = wasm_v128_and(wasm_u32x4_shr(magnitude, 13), wasm_i32x4_splat(1));
    const v128_t moved = wasm_i32x4_add(magnitude, wasm_i32x4_splat(0xfff - 0x38000000));
    const v128_t normal = wasm_u32x4_shr(wasm_i32x4_add(moved, odd), 13);
    /* Below 2^-14 adding 0.5 rounds to a multiple of 2^-24. */
    const v128_t sum = wasm_f32x4_add(magnitude, wasm_f32x4_splat(0.5f));
    const v128_t subnormal = wasm_i32x4_sub(sum, wasm_f32x4_splat(0.5f));
    const v128_t is_small = wasm_i32x4_lt(magnitude, wasm_i32x4_splat(0x38800000));
    v128_t f16 = wasm_v128_bitselect(subnormal, normal, is_small);
    f16 = wasm_i32x4_min(f16, wasm_i32x4_splat(0x7c00));
    const v128_t is_nan = wasm_i32x4_gt(magnitude, wasm_i32x4_splat(0x7f800000));
    f16 = wasm_v128_or(f16, wasm_v128_and(is_nan, wasm_i32x4_splat(0x200)));
    return wasm_v128_or(f16, wasm_u32x4_shr(sign, 16));
}

/* The high 16 bits of the lanes are ignored. */
static inline v128_t f16x4_to_f32x4(v128_t f16) {
    const v128_t high = wasm_i32x4_shl(f16, 16);
    const v128_t sign = wasm_v128_and(high, wasm_i32x4_splat((int32_t)0x80000000));
    const v128_t magnitude = wasm_u32x4_shr(wasm_v128_xor(high, sign), 3);
    const v128_t finite = wasm_f32x4_mul(magnitude, wasm_f32x4_splat(0x1p112f)); /* exact, subnormals too */
    const v128_t is_special = wasm_i32x4_ge(magnitude, wasm_i32x4_splat(0x0f800000));
    const v128_t largest = wasm_v128_and(is_special, wasm_i32x4_splat(0x7f800000));
    return wasm_v128_or(wasm_v128_or(finite, largest), sign);
}

/* x rounded to f16 and back, for |x| < 2^16 and NaNs. Adding 1.5 * 2^13 times the power of 2 below x, or 2^-14 if that
 * is larger, leaves 11 bits of x, or as many as a subnormal f16 has. */
static inline v128_t f32x4_round_to_f16(v128_t x) {
    const v128_t exponent = wasm_v128_and(x, wasm_i32x4_splat(0x7f800000));
    const v128_t least = wasm_i32x4_max(exponent, wasm_i32x4_splat(0x38800000));
    const v128_t large = wasm_i32x4_add(least, wasm_i32x4_splat((13 << 23) + 0x400000));
    const v128_t rounded = wasm_f32x4_sub(wasm_f32x4_add(x, large), large);
    return wasm_v128_or(rounded, wasm_v128_and(x, wasm_i32x4_splat((int32_t)0x80000000))); /* for -0 */
}

#endif
