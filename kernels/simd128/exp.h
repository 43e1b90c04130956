/* exp of four floats: the steps of kernels/scalar/exp.h. */
#ifndef KERNELS_SIMD128_EXP_H
#define KERNELS_SIMD128_EXP_H

#include "kernels/scalar/exp.h"
#include "kernels/simd128/simd.h"

static inline v128_t exp_f32x4(v128_t x) {
    x = wasm_f32x4_pmax(x, wasm_f32x4_splat(EXP_LOWEST)); /* these two let a NaN through */
    x = wasm_f32x4_pmin(x, wasm_f32x4_splat(EXP_HIGHEST));
    const v128_t shift = wasm_f32x4_splat(EXP_SHIFT);
    const v128_t shifted = wasm_f32x4_add(wasm_f32x4_mul(x, wasm_f32x4_splat(EXP_LOG2_E)), shift);
    const v128_t k = wasm_f32x4_sub(shifted, shift);
    v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(k, wasm_f32x4_splat(EXP_LN2_HIGH)));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(k, wasm_f32x4_splat(EXP_LN2_LOW)));
    v128_t p = wasm_f32x4_splat(EXP_P4);
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(EXP_P3));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(EXP_P2));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(EXP_P1));
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), wasm_f32x4_splat(EXP_P0));
    const v128_t square = wasm_f32x4_mul(r, r);
    const v128_t power = wasm_f32x4_add(wasm_f32x4_splat(1.0f), wasm_f32x4_add(r, wasm_f32x4_mul(square, p)));
    const v128_t exponent = wasm_i32x4_sub(shifted, shift);
    const v128_t half = wasm_i32x4_shr(exponent, 1);
    const v128_t bias = wasm_i32x4_splat(127);
    const v128_t first = wasm_i32x4_shl(wasm_i32x4_add(half, bias), 23);
    const v128_t second = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_sub(exponent, half), bias), 23);
    return wasm_f32x4_mul(wasm_f32x4_mul(power, first), second);
}

#endif
