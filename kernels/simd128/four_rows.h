/* Helpers for loops that compute four rows at a time: addresses, transposes, sums across lanes, stores. */
#ifndef KERNELS_SIMD128_FOUR_ROWS_H
#define KERNELS_SIMD128_FOUR_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

/* Addresses of four rows, starting at `row`. Past the last row the last one repeats; its result is not stored. */
ALWAYS_INLINE void four_rows(const uint8_t *at[4], const uint8_t *w, size_t row_bytes, size_t row, size_t rows) {
    for (size_t k = 0; k < 4; k++) {
        at[k] = w + (row + k < rows ? row + k : rows - 1) * row_bytes;
    }
}

/* Lane r: the four bytes at `offset` of row r. */
ALWAYS_INLINE v128_t load_word_of_rows(const uint8_t *const rows[4], size_t offset) {
    v128_t words = wasm_v128_load32_zero(rows[0] + offset);
    words = wasm_v128_load32_lane(rows[1] + offset, words, 1);
    words = wasm_v128_load32_lane(rows[2] + offset, words, 2);
    return wasm_v128_load32_lane(rows[3] + offset, words, 3);
}

/* Stores the first `count` lanes; all four if count is larger. */
ALWAYS_INLINE void store_rows(float *out, v128_t lanes, size_t count) {
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

/* The rows of a 4 x 4 matrix of 32-bit lanes, given its columns. */
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

/* Lane r: the sum of the four i32 lanes of sums[r]. */
ALWAYS_INLINE v128_t add_across_i32(const v128_t sums[4]) {
    const v128_t low01 = wasm_i32x4_shuffle(sums[0], sums[1], 0, 4, 1, 5);
    const v128_t high01 = wasm_i32x4_shuffle(sums[0], sums[1], 2, 6, 3, 7);
    const v128_t low23 = wasm_i32x4_shuffle(sums[2], sums[3], 0, 4, 1, 5);
    const v128_t high23 = wasm_i32x4_shuffle(sums[2], sums[3], 2, 6, 3, 7);
    const v128_t half01 = wasm_i32x4_add(low01, high01);
    const v128_t half23 = wasm_i32x4_add(low23, high23);
    return wasm_i32x4_add(wasm_i64x2_shuffle(half01, half23, 0, 2), wasm_i64x2_shuffle(half01, half23, 1, 3));
}

/* Lane r: the sum of the eight i16 lanes of sums[r]. The sum of any two of them must fit i16. */
ALWAYS_INLINE v128_t add_across_i16(const v128_t sums[4]) {
    const v128_t half01 =
        wasm_i16x8_add(wasm_i64x2_shuffle(sums[0], sums[1], 0, 2), wasm_i64x2_shuffle(sums[0], sums[1], 1, 3));
    const v128_t half23 =
        wasm_i16x8_add(wasm_i64x2_shuffle(sums[2], sums[3], 0, 2), wasm_i64x2_shuffle(sums[2], sums[3], 1, 3));
    const v128_t sums01 = wasm_i32x4_extadd_pairwise_i16x8(half01);
    const v128_t sums23 = wasm_i32x4_extadd_pairwise_i16x8(half23);
    return wasm_i32x4_add(wasm_i32x4_shuffle(sums01, sums23, 0, 2, 4, 6),
                          wasm_i32x4_shuffle(sums01, sums23, 1, 3, 5, 7));
}

/* What the lanes of a partial sum are. */
enum sum_lanes {
    SUMS_I32,
    SUMS_I16 /* the sum of any two lanes fits i16 too */
};

ALWAYS_INLINE v128_t add_across(enum sum_lanes lanes, const v128_t sums[4]) {
    return lanes == SUMS_I16 ? add_across_i16(sums) : add_across_i32(sums);
}

static inline int32_t sum_of_lanes(v128_t lanes) {
    return wasm_i32x4_extract_lane(lanes, 0) + wasm_i32x4_extract_lane(lanes, 1) + wasm_i32x4_extract_lane(lanes, 2) +
           wasm_i32x4_extract_lane(lanes, 3);
}

#endif
