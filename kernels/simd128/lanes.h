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

/* Lane r of the result: the sum of the eight i16 lanes of sums[r], of which two fit i16. */
ALWAYS_INLINE v128_t add_across_pairs(const v128_t sums[4]) {
    const v128_t half01 =
        wasm_i16x8_add(wasm_i64x2_shuffle(sums[0], sums[1], 0, 2), wasm_i64x2_shuffle(sums[0], sums[1], 1, 3));
    const v128_t half23 =
        wasm_i16x8_add(wasm_i64x2_shuffle(sums[2], sums[3], 0, 2), wasm_i64x2_shuffle(sums[2], sums[3], 1, 3));
    const v128_t wide01 = wasm_i32x4_extadd_pairwise_i16x8(half01);
    const v128_t wide23 = wasm_i32x4_extadd_pairwise_i16x8(half23);
    return wasm_i32x4_add(wasm_i32x4_shuffle(wide01, wide23, 0, 2, 4, 6),
                          wasm_i32x4_shuffle(wide01, wide23, 1, 3, 5, 7));
}

static inline int32_t lanes_sum(v128_t lanes) {
    return wasm_i32x4_extract_lane(lanes, 0) + wasm_i32x4_extract_lane(lanes, 1) + wasm_i32x4_extract_lane(lanes, 2) +
           wasm_i32x4_extract_lane(lanes, 3);
}

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

/* The rows of a 4 x 4 matrix of 32-bit lanes, from its columns. */
ALWAYS_INLINE void transpose(v128_t out[4], v128_t a, v128_t b, v128_t c, v128_t d) {
    const v128_t low_ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5);
    const v128_t high_ab = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
    const v128_t low_cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5);
    const v128_t high_cd = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    out[0] = wasm_i64x2_shuffle(low_ab, low_cd, 0, 2);
    out[1] = wasm_i64x2_shuffle(low_ab, low_cd, 1, 3);
    out[2] = wasm_i64x2_shuffle(high_ab, high_cd, 0, 2);
    out[3] = wasm_i64x2_shuffle(high_ab, high_cd, 1, 3);
}

/* Constants, loaded: V8 builds a vector constant anew wherever it is used, with three instructions. */
struct constants {
    int8_t bytes[11][16];  /* every8 */
    int16_t halves[10][8]; /* every16 */
    int32_t words[1][4];   /* every32 */
    uint8_t bits[16];      /* bit i % 8 in byte i */
    uint8_t zero[16];
};
extern const struct constants constants;

ALWAYS_INLINE v128_t constant(const void *of) { return wasm_v128_load(opaque(of)); }

/* x, one of those of constants.c, in all lanes. */
ALWAYS_INLINE v128_t every8(int32_t x) {
    return constant(constants.bytes[x == 3     ? 0
                                    : x == 4   ? 1
                                    : x == 15  ? 2
                                    : x == 16  ? 3
                                    : x == 48  ? 4
                                    : x == 1   ? 5
                                    : x == 2   ? 6
                                    : x == 8   ? 7
                                    : x == 85  ? 8
                                    : x == -86 ? 9
                                               : 10]);
}
ALWAYS_INLINE v128_t every16(int32_t x) {
    return constant(constants.halves[x == 1        ? 0
                                     : x == 0x80   ? 1
                                     : x == 0xfff  ? 2
                                     : x == 0x3800 ? 3
                                     : x == 0x3880 ? 4
                                     : x == 0x7c00 ? 5
                                     : x == 0x8000 ? 6
                                     : x == 0x400  ? 7
                                     : x == 0x7800 ? 8
                                                   : 9]);
}
ALWAYS_INLINE v128_t every_low_half(void) { return constant(constants.words[0]); }

/* Eight halves as floats, four each. Zeros, subnormals, infinities and NaNs among them take the longer way, which has
 * no operation on a subnormal float: one would cost a hundred cycles, and the scales of K-quants often are subnormal
 * halves. Those get the exponent of 2^-14, which is subtracted again. */
void widen_any_halves(v128_t *first, v128_t *second, v128_t halves);

ALWAYS_INLINE void widen_halves(v128_t *first, v128_t *second, v128_t halves) {
    const v128_t next_exponent = wasm_v128_and(wasm_i16x8_add(halves, every16(0x400)), every16(0x7800));
    if (wasm_v128_any_true(wasm_i16x8_eq(next_exponent, wasm_i16x8_splat(0)))) { /* an exponent of 31 or 0 */
        widen_any_halves(first, second, halves);
        return;
    }
    const v128_t low = wasm_i16x8_shl(halves, 13);
    const v128_t high = wasm_i16x8_add(wasm_v128_and(wasm_i16x8_shr(halves, 3), every16(0x8fff)), every16(0x3800));
    *first = wasm_i16x8_shuffle(low, high, 0, 8, 1, 9, 2, 10, 3, 11);
    *second = wasm_i16x8_shuffle(low, high, 4, 12, 5, 13, 6, 14, 7, 15);
}

/* Pairs of halves, a pair a lane, as two vectors of floats. */
ALWAYS_INLINE void widen_pairs(v128_t *evens, v128_t *odds, v128_t pairs) {
    v128_t first;
    v128_t second;
    widen_halves(&first, &second, pairs);
    *evens = wasm_i32x4_shuffle(first, second, 0, 2, 4, 6);
    *odds = wasm_i32x4_shuffle(first, second, 1, 3, 5, 7);
}

/* Four bytes from each of four blocks. */
ALWAYS_INLINE v128_t words_of_rows(const uint8_t *const rows[4], size_t at) {
    v128_t words = wasm_v128_load32_zero(rows[0] + at);
    words = wasm_v128_load32_lane(rows[1] + at, words, 1);
    words = wasm_v128_load32_lane(rows[2] + at, words, 2);
    return wasm_v128_load32_lane(rows[3] + at, words, 3);
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
