/* Bit fields of packed codes, spread over bytes. */
#ifndef KERNELS_SIMD128_BIT_FIELDS_H
#define KERNELS_SIMD128_BIT_FIELDS_H

#include <stdint.h>

#include "kernels/simd128/constants.h"
#include "kernels/simd128/simd.h"

static inline v128_t low_nibbles(v128_t bytes) { return wasm_v128_and(bytes, splat8(15)); }

/* A 16-bit shift and a mask, because x86 has no shift of bytes. */
static inline v128_t high_nibbles(v128_t bytes) { return low_nibbles(wasm_u16x8_shr(bytes, 4)); }

/* The low nibbles of 16 bytes, then the high ones: the order of 32 codes in most blocks. */
static inline void nibbles(v128_t codes[2], const uint8_t qs[16]) {
    const v128_t bytes = wasm_v128_load(qs);
    codes[0] = low_nibbles(bytes);
    codes[1] = high_nibbles(bytes);
}

/* Takes from each byte the bits from bit `from` on, as many as `mask` has, and moves them to bit `to`. All arguments
 * but the first are compile-time constants. */
static inline v128_t bit_field(v128_t bytes, uint32_t from, int32_t mask, uint32_t to) {
    const v128_t moved = from > to ? wasm_u16x8_shr(bytes, from - to) : wasm_i16x8_shl(bytes, to - from);
    return wasm_v128_and(from == to ? bytes : moved, splat8(mask << to));
}

/* The 16 nibbles of the low eight bytes, one per byte, low nibble first. */
static inline v128_t sixteen_nibbles(v128_t bytes) {
    return wasm_i8x16_shuffle(low_nibbles(bytes), high_nibbles(bytes), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                              7, 23);
}

/* Each lane times its own power of two: a shift to the left by a different count per lane. The powers are loaded,
 * because the compiler turns known ones into shifts, lane by lane. */
ALWAYS_INLINE v128_t shift_lanes(v128_t lanes, const uint16_t powers[8]) {
    return wasm_i16x8_mul(lanes, load_constant(powers));
}

#endif
