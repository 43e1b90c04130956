/* Small pieces that the matrix kernels share. */
#ifndef KERNELS_SIMD128_LANES_H
#define KERNELS_SIMD128_LANES_H

#include <stddef.h>

#include "kernels/simd128/simd.h"
#include "quant/blocks.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The same address, of which the compiler forgets what it knew: so that it does
 * not merge, hoist and reorder the loads of a loop's turns, and folds constant
 * offsets into the loads. */
ALWAYS_INLINE const uint8_t *opaque(const uint8_t *at) {
    __asm__("" : "+r"(at));
    return at;
}

/* Loops that must be unrolled, or must not be, whatever the compiler's level. */
#define UNROLL    _Pragma("clang loop unroll(full)")
#define KEEP_LOOP _Pragma("clang loop unroll(disable)")

/* Lane r of the result: the sum of the four lanes of sums[r]. */
ALWAYS_INLINE v128_t add_across(const v128_t sums[4]) {
    const v128_t low01 = wasm_i32x4_shuffle(sums[0], sums[1], 0, 4, 1, 5);
    const v128_t high01 = wasm_i32x4_shuffle(sums[0], sums[1], 2, 6, 3, 7);
    const v128_t low23 = wasm_i32x4_shuffle(sums[2], sums[3], 0, 4, 1, 5);
    const v128_t high23 = wasm_i32x4_shuffle(sums[2], sums[3], 2, 6, 3, 7);
    const v128_t half01 = wasm_i32x4_add(low01, high01);
    const v128_t half23 = wasm_i32x4_add(low23, high23);
    return wasm_i32x4_add(wasm_i64x2_shuffle(half01, half23, 0, 2), wasm_i64x2_shuffle(half01, half23, 1, 3));
}

/* Rows and columns of a 4 x 4 matrix of 32-bit lanes change places. */
ALWAYS_INLINE void transpose(v128_t m[4]) {
    const v128_t low01 = wasm_i32x4_shuffle(m[0], m[1], 0, 4, 1, 5);
    const v128_t high01 = wasm_i32x4_shuffle(m[0], m[1], 2, 6, 3, 7);
    const v128_t low23 = wasm_i32x4_shuffle(m[2], m[3], 0, 4, 1, 5);
    const v128_t high23 = wasm_i32x4_shuffle(m[2], m[3], 2, 6, 3, 7);
    m[0] = wasm_i64x2_shuffle(low01, low23, 0, 2);
    m[1] = wasm_i64x2_shuffle(low01, low23, 1, 3);
    m[2] = wasm_i64x2_shuffle(high01, high23, 0, 2);
    m[3] = wasm_i64x2_shuffle(high01, high23, 1, 3);
}

/* Four halves, each in the low 16 bits of a lane, as floats. Zeros and
 * subnormals are integers times 2^-24: K-quants' scales often are, and a
 * product with a subnormal float would cost a hundred cycles. */
ALWAYS_INLINE v128_t widen_f16(v128_t halves) {
    const v128_t magnitude = wasm_v128_and(halves, wasm_i32x4_splat(0x7fff));
    const v128_t sign = wasm_i32x4_shl(wasm_v128_and(halves, wasm_i32x4_splat(0x8000)), 16);
    const v128_t small = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(magnitude), wasm_f32x4_splat(0x1p-24f));
    const v128_t moved = wasm_i32x4_add(wasm_i32x4_shl(magnitude, 13), wasm_i32x4_splat(112 << 23));
    const v128_t infinite =
        wasm_v128_and(wasm_i32x4_gt(magnitude, wasm_i32x4_splat(0x7bff)), wasm_i32x4_splat(0x7f800000));
    const v128_t is_small = wasm_i32x4_lt(magnitude, wasm_i32x4_splat(0x400));
    return wasm_v128_or(wasm_v128_or(wasm_v128_bitselect(small, moved, is_small), infinite), sign);
}

/* The first four bytes of each of four blocks. */
ALWAYS_INLINE v128_t words_of_rows(const uint8_t *const rows[4]) {
    v128_t words = wasm_v128_load32_zero(rows[0]);
    words = wasm_v128_load32_lane(rows[1], words, 1);
    words = wasm_v128_load32_lane(rows[2], words, 2);
    return wasm_v128_load32_lane(rows[3], words, 3);
}

/* Addresses of four rows from `row` on; past the last row, the last again,
 * whose result is left out. */
ALWAYS_INLINE void four_rows(const uint8_t *at[4], const uint8_t *w, size_t row_bytes, size_t row, size_t rows) {
    for (size_t k = 0; k < 4; k++) {
        at[k] = w + (row + k < rows ? row + k : rows - 1) * row_bytes;
    }
}

/* The first `count` <= 4 lanes. */
ALWAYS_INLINE void store_lanes(float *out, v128_t lanes, size_t count) {
    if (count >= 4) {
        wasm_v128_store(out, lanes);
        return;
    }
    float each[4];
    wasm_v128_store(each, lanes);
    for (size_t k = 0; k < count; k++) {
        out[k] = each[k];
    }
}

#endif
