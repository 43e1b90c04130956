/* The f16 scales of blocks, widened to float eight at a time. */
#ifndef KERNELS_SIMD128_F16_SCALES_H
#define KERNELS_SIMD128_F16_SCALES_H

#include "kernels/simd128/constants.h"
#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

struct widened_f16 {
    v128_t low;
    v128_t high;
};

/* The slow path of widen_f16: any f16, without an operation on a subnormal float. One costs a hundred cycles, and the
 * scales of K-quants are often subnormal. Zeros and subnormals get the exponent of 2^-14, which is subtracted again at
 * the end. */
typedef struct widened_f16 widen_any_fn(v128_t f16);
/* A call, for code that runs once per panel: small. */
widen_any_fn widen_any_f16;
/* Inlined, for the loops of gemv: around a call, a loop loads its addresses and constants again each time. */
ALWAYS_INLINE struct widened_f16 widen_any_f16_inline(v128_t f16) {
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

/* Eight f16 as floats: lanes 0 to 3 in *low, 4 to 7 in *high. Vectors that contain a zero, a subnormal, an infinity or
 * a NaN take the slow path, `widen_any`. */
ALWAYS_INLINE void widen_f16(v128_t *low, v128_t *high, v128_t f16, widen_any_fn *widen_any) {
    const v128_t next_exponent = wasm_v128_and(wasm_i16x8_add(f16, splat16(0x400)), splat16(0x7800));
    if (wasm_v128_any_true(wasm_i16x8_eq(next_exponent, wasm_i16x8_splat(0)))) { /* an exponent of 31 or 0 */
        const struct widened_f16 widened = widen_any(f16);
        *low = widened.low;
        *high = widened.high;
        return;
    }
    const v128_t low_bits = wasm_i16x8_shl(f16, 13);
    const v128_t high_bits = wasm_i16x8_add(wasm_v128_and(wasm_i16x8_shr(f16, 3), splat16(0x8fff)), splat16(0x3800));
    *low = wasm_i16x8_shuffle(low_bits, high_bits, 0, 8, 1, 9, 2, 10, 3, 11);
    *high = wasm_i16x8_shuffle(low_bits, high_bits, 4, 12, 5, 13, 6, 14, 7, 15);
}

/* Two f16 per 32-bit lane as floats: the first of each lane in *first, the second in *second. */
ALWAYS_INLINE void widen_f16_pairs(v128_t *first, v128_t *second, v128_t pairs, widen_any_fn *widen_any) {
    v128_t low;
    v128_t high;
    widen_f16(&low, &high, pairs, widen_any);
    *first = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
    *second = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
}

/* The same for scales that are often subnormal, as those of K-quants: without a branch. */
ALWAYS_INLINE void widen_any_f16_pairs(v128_t *first, v128_t *second, v128_t pairs) {
    const v128_t exponent = wasm_v128_and(pairs, splat16(0x7c00));
    const v128_t small = wasm_i16x8_shl(wasm_i16x8_eq(exponent, wasm_i16x8_splat(0)), 7); /* sign and exponent bits */
    const v128_t infinite = wasm_v128_and(wasm_i16x8_eq(exponent, splat16(0x7c00)), splat16(0x3800));
    const v128_t moved = wasm_i16x8_add(wasm_v128_and(wasm_i16x8_shr(pairs, 3), splat16(0x8fff)), splat16(0x3800));
    const v128_t high = wasm_i16x8_sub(wasm_i16x8_add(moved, infinite), small);
    const v128_t low = wasm_i16x8_shl(pairs, 13);
    const v128_t excess = wasm_v128_and(high, small);
    const v128_t zero = wasm_i16x8_splat(0);
    *first = wasm_f32x4_sub(wasm_i16x8_shuffle(low, wasm_i32x4_shl(high, 16), 0, 9, 2, 11, 4, 13, 6, 15),
                            wasm_i32x4_shl(excess, 16));
    *second = wasm_f32x4_sub(wasm_i16x8_shuffle(wasm_u32x4_shr(low, 16), high, 0, 9, 2, 11, 4, 13, 6, 15),
                             wasm_i16x8_shuffle(zero, excess, 0, 9, 2, 11, 4, 13, 6, 15));
}

#endif
