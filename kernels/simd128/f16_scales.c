/* f16 scales with special values, widened to float. */
#include "kernels/simd128/f16_scales.h"

/* Zeros and subnormals get the exponent of 2^-14, which is subtracted again at the end. */
struct widened_f16 widen_any_f16(v128_t f16) {
    const v128_t exponent = wasm_v128_and(f16, splat16(0x7c00));
    const v128_t sign = wasm_v128_and(f16, splat16(0x8000));
    const v128_t is_small = wasm_i16x8_eq(exponent, wasm_i16x8_splat(0));
    const v128_t is_infinite = wasm_i16x8_eq(exponent, splat16(0x7c00));
    const v128_t moved = wasm_v128_and(wasm_u16x8_shr(f16, 3), splat16(0xfff));
    const v128_t bias = wasm_i16x8_add(wasm_v128_and(is_infinite, splat16(0x3800)), splat16(0x3800)); /* 112 << 7 */
    const v128_t once = wasm_i16x8_add(wasm_v128_and(is_small, splat16(0x80)), bias);
    const v128_t high_bits = wasm_v128_or(wasm_i16x8_add(moved, once), sign);
    const v128_t low_bits = wasm_i16x8_shl(f16, 13);
    const v128_t excess = wasm_v128_or(wasm_v128_and(is_small, splat16(0x3880)), sign);
    const v128_t zero = wasm_i16x8_splat(0);
    return (struct widened_f16){
        .low = wasm_f32x4_sub(wasm_i16x8_shuffle(low_bits, high_bits, 0, 8, 1, 9, 2, 10, 3, 11),
                              wasm_i16x8_shuffle(zero, excess, 0, 8, 1, 9, 2, 10, 3, 11)),
        .high = wasm_f32x4_sub(wasm_i16x8_shuffle(low_bits, high_bits, 4, 12, 5, 13, 6, 14, 7, 15),
                               wasm_i16x8_shuffle(zero, excess, 4, 12, 5, 13, 6, 14, 7, 15)),
    };
}
