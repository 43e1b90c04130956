/* exp of four floats, by the steps of kernels/exp.h. */
#ifndef KERNELS_SIMD128_EXP_H
#define KERNELS_SIMD128_EXP_H

#include "kernels/exp.h"
#include "kernels/simd128/simd.h"

static inline v128_t exp_f32x4(v128_t x) {
    x = wasm_f32x4_pmax(x, wasm_f32x4_splat(EXP_LOWEST)); /* a NaN passes through both */
    x = wasm_f32x4_pmin(x, wasm_f32x4_splat(EXP_HIGHEST));
    const v128_t shift = wasm_f32x4_splat(EXP_SHIFT);
    const v128_t shifted = wasm_f32x4_add(wasm_f32x4_mul(x, wasm_f32x4_splat(EXP_LOG2_E)), shift);
    const v128_t k = wasm_f32x4_sub(shifted, shift);
    v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(k, wasm_f32x4_splat(EXP_LN2_HIGH)));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(k, wasm_f32x4_splat(EXP_LN2_LOW)));
    const v128_t square = wasm_f32x4_mul(r, r);
    const v128_t low = wasm_f32x4_add(wasm_f32x4_splat(EXP_P0), wasm_f32x4_mul(wasm_f32x4_splat(EXP_P1), r));
    v128_t high = wasm_f32x4_add(wasm_f32x4_splat(EXP_P2), wasm_f32x4_mul(wasm_f32x4_splat(EXP_P3), r));
    high = wasm_f32x4_add(high, wasm_f32x4_mul(wasm_f32x4_splat(EXP_P4), square));
    v128_t power = wasm_f32x4_mul(square, wasm_f32x4_add(low, wasm_f32x4_mul(square, high)));
    power = wasm_f32x4_add(wasm_f32x4_splat(2.0f), wasm_f32x4_add(wasm_f32x4_add(r, r), power));
    const v128_t scale = wasm_i32x4_add(wasm_i32x4_shl(shifted, 23), wasm_i32x4_splat((int32_t)EXP_BIAS));
    return wasm_f32x4_mul(power, scale);
}

#endif
