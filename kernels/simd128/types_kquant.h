/* The K-quants, Q2_K to Q6_K: super-blocks of 256 with scales, and perhaps minimums, per sub-block.
 *
 * To add a type, write its two unpack functions, describe it, and add it to KQUANT_TYPES.
 *
 * Codes are unpacked to unsigned bytes below 128. Where a code stands for code - offset, the minimums make up for the
 * offset: weight = d * scale * code - dmin * minimum with minimum = offset * scale and dmin = d. Such a type is
 * `exact`: the two integer sums are subtracted before they become a float. */
#ifndef KERNELS_SIMD128_TYPES_KQUANT_H
#define KERNELS_SIMD128_TYPES_KQUANT_H

#include <stddef.h>

#include "kernels/simd128/bit_fields.h"
#include "kernels/simd128/constants.h"
#include "quant/blocks.h"

/* One quarter of a block, i < 4, as four vectors. With sub-blocks of 32, codes[v] holds w[64 i + 16 v ...]; with
 * sub-blocks of 16, w[128 (i / 2) + 16 (i % 2) + 32 v ...]. */
typedef void unpack_quarter_fn(v128_t codes[4], const uint8_t *block, size_t i);

/* One scale and minimum for each 16 weights. A type with sub-blocks of 32 has each twice. */
struct kquant_scales {
    int16_t scale[16];
    int16_t minimum[16];
};
typedef void unpack_kquant_scales_fn(struct kquant_scales *out, const uint8_t *block);

struct kquant_type {
    unpack_quarter_fn *unpack_quarter;
    unpack_kquant_scales_fn *unpack_scales;
    size_t block_bytes;
    size_t sub_block; /* weights per sub-block: 16 or 32 */
    int exact;        /* the type has an offset instead of minimums */
    size_t d_offset;  /* of two f16 in the block: d and dmin, or, if exact, anything and d */
};

/* Index of the vector, in units of 16 weights, that quarter i has in codes[v]. */
static inline size_t quarter_vector(size_t sub_block, size_t i, size_t v) {
    return sub_block == 32 ? 4 * i + v : 8 * (i / 2) + i % 2 + 2 * v;
}

/* ---- codes ---- */

static inline void unpack_q2_K_quarter(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const v128_t qs = wasm_v128_load(((const struct block_q2_K *)bytes)->qs + 16 * i);
    UNROLL
    for (uint32_t v = 0; v < 4; v++) {
        codes[v] = bit_field(qs, 2 * v, 3, 0);
    }
}

static inline void unpack_q3_K_quarter(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    const v128_t qs = wasm_v128_load(block->qs + 16 * i);
    const v128_t high = wasm_u16x8_shr(wasm_v128_load(block->hmask + 16 * (i % 2)), (uint32_t)(4 * (i / 2)));
    UNROLL
    for (uint32_t v = 0; v < 4; v++) {
        codes[v] = wasm_v128_or(bit_field(qs, 2 * v, 3, 0), bit_field(high, v, 1, 2));
    }
}

static inline void unpack_nibble_quarter(v128_t codes[4], const uint8_t *qs) {
    const v128_t first = wasm_v128_load(qs);
    const v128_t second = wasm_v128_load(qs + 16);
    codes[0] = low_nibbles(first);
    codes[1] = low_nibbles(second);
    codes[2] = high_nibbles(first);
    codes[3] = high_nibbles(second);
}

static inline void unpack_q4_K_quarter(v128_t codes[4], const uint8_t *bytes, size_t i) {
    unpack_nibble_quarter(codes, ((const struct block_q4_K *)bytes)->qs + 32 * i);
}

static inline void unpack_q5_K_quarter(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const struct block_q5_K *block = (const struct block_q5_K *)bytes;
    unpack_nibble_quarter(codes, block->qs + 32 * i);
    UNROLL
    for (uint32_t v = 0; v < 2; v++) {
        const v128_t high = wasm_u16x8_shr(wasm_v128_load(block->qh + 16 * v), (uint32_t)(2 * i));
        codes[v] = wasm_v128_or(codes[v], bit_field(high, 0, 1, 4));
        codes[2 + v] = wasm_v128_or(codes[2 + v], bit_field(high, 1, 1, 4));
    }
}

static inline void unpack_q6_K_quarter(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    const uint8_t *ql = block->ql + 64 * (i / 2) + 16 * (i % 2);
    const v128_t first = wasm_v128_load(ql);
    const v128_t second = wasm_v128_load(ql + 32);
    const v128_t high = wasm_v128_load(block->qh + 16 * i);
    codes[0] = wasm_v128_or(low_nibbles(first), bit_field(high, 0, 3, 4));
    codes[1] = wasm_v128_or(low_nibbles(second), bit_field(high, 2, 3, 4));
    codes[2] = wasm_v128_or(high_nibbles(first), bit_field(high, 4, 3, 4));
    codes[3] = wasm_v128_or(high_nibbles(second), bit_field(high, 6, 3, 4));
}

/* ---- scales ---- */

/* 16 signed bytes as i16. */
static inline void store_widened(int16_t out[16], v128_t bytes) {
    wasm_v128_store(out, wasm_i16x8_extend_low_i8x16(bytes));
    wasm_v128_store(out + 8, wasm_i16x8_extend_high_i8x16(bytes));
}

/* minimum = scale << offset_log2 */
static inline void offset_as_minimum(struct kquant_scales *out, uint32_t offset_log2) {
    wasm_v128_store(out->minimum, wasm_i16x8_shl(wasm_v128_load(out->scale), offset_log2));
    wasm_v128_store(out->minimum + 8, wasm_i16x8_shl(wasm_v128_load(out->scale + 8), offset_log2));
}

static inline void unpack_q2_K_scales(struct kquant_scales *out, const uint8_t *bytes) {
    const struct block_q2_K *block = (const struct block_q2_K *)bytes;
    const v128_t both = wasm_v128_load(block->scales);
    const v128_t nibble = wasm_i8x16_splat(15);
    store_widened(out->scale, wasm_v128_and(both, nibble));
    store_widened(out->minimum, wasm_v128_and(wasm_u16x8_shr(both, 4), nibble));
}

static inline void unpack_q3_K_scales(struct kquant_scales *out, const uint8_t *bytes) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    const uint32_t first = u32_at(block->scales);
    const uint32_t second = u32_at(block->scales + 4);
    const uint32_t high = u32_at(block->scales + 8);
    const v128_t words = wasm_i32x4_make((int32_t)((first & 0x0f0f0f0fu) | (high & 0x03030303u) << 4),
                                         (int32_t)((second & 0x0f0f0f0fu) | ((high >> 2) & 0x03030303u) << 4),
                                         (int32_t)(((first >> 4) & 0x0f0f0f0fu) | ((high >> 4) & 0x03030303u) << 4),
                                         (int32_t)(((second >> 4) & 0x0f0f0f0fu) | ((high >> 6) & 0x03030303u) << 4));
    store_widened(out->scale, wasm_i8x16_sub(words, wasm_i8x16_splat(32)));
    offset_as_minimum(out, 2);
}

/* Eight scales and eight minimums, each twice, from the block's first 16 bytes, the last 12 of which hold them:
 * scale_min_at of quant/blocks.h for all of them at once. */
static inline void unpack_scales_and_minimums(struct kquant_scales *out, const uint8_t *block) {
    const v128_t words = wasm_v128_load(block);
    const v128_t by_4 = wasm_u16x8_shr(words, 4);
    const v128_t by_2 = wasm_u16x8_shr(words, 2);
    const v128_t low = wasm_v128_and(wasm_i32x4_shuffle(words, by_4, 1, 3, 2, 7),
                                     wasm_i32x4_const(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f));
    const v128_t high =
        wasm_v128_and(wasm_i32x4_shuffle(by_2, by_2, 1, 1, 2, 2), wasm_i32x4_const(0, 0x30303030, 0, 0x30303030));
    const v128_t both = wasm_v128_or(low, high); /* scales 0 to 3, 4 to 7, minimums 0 to 3, 4 to 7 */
    const v128_t scale = wasm_i8x16_shuffle(both, both, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const v128_t minimum = wasm_i8x16_shuffle(both, both, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    store_widened(out->scale, scale);
    store_widened(out->minimum, minimum);
}

static inline void unpack_q4_K_scales(struct kquant_scales *out, const uint8_t *block) {
    unpack_scales_and_minimums(out, block);
}

static inline void unpack_q5_K_scales(struct kquant_scales *out, const uint8_t *block) {
    unpack_scales_and_minimums(out, block);
}

static inline void unpack_q6_K_scales(struct kquant_scales *out, const uint8_t *bytes) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    store_widened(out->scale, wasm_v128_load(block->scales));
    offset_as_minimum(out, 5);
}

/* ---- the types ---- */

/* Each variant has a macro that defines the kernels of a type: KQUANT(name). */
#define KQUANT_TYPES(KQUANT)                                                                                           \
    KQUANT(q2_K)                                                                                                       \
    KQUANT(q3_K)                                                                                                       \
    KQUANT(q4_K)                                                                                                       \
    KQUANT(q5_K)                                                                                                       \
    KQUANT(q6_K)

/* Constants, because the layout of a panel follows from them. */
enum {
    q2_K_CODE_BITS = 2,
    q2_K_SUB_BLOCK = 16,
    q2_K_EXACT = 0,
    q3_K_CODE_BITS = 3,
    q3_K_SUB_BLOCK = 16,
    q3_K_EXACT = 1,
    q4_K_CODE_BITS = 4,
    q4_K_SUB_BLOCK = 32,
    q4_K_EXACT = 0,
    q5_K_CODE_BITS = 5,
    q5_K_SUB_BLOCK = 32,
    q5_K_EXACT = 0,
    q6_K_CODE_BITS = 6,
    q6_K_SUB_BLOCK = 16,
    q6_K_EXACT = 1,
};

static const struct kquant_type type_q2_K = {
    .unpack_quarter = unpack_q2_K_quarter,
    .unpack_scales = unpack_q2_K_scales,
    .block_bytes = sizeof(struct block_q2_K),
    .sub_block = q2_K_SUB_BLOCK,
    .exact = q2_K_EXACT,
    .d_offset = offsetof(struct block_q2_K, d),
};
static const struct kquant_type type_q3_K = {
    .unpack_quarter = unpack_q3_K_quarter,
    .unpack_scales = unpack_q3_K_scales,
    .block_bytes = sizeof(struct block_q3_K),
    .sub_block = q3_K_SUB_BLOCK,
    .exact = q3_K_EXACT,
    .d_offset = offsetof(struct block_q3_K, d) - 2,
};
static const struct kquant_type type_q4_K = {
    .unpack_quarter = unpack_q4_K_quarter,
    .unpack_scales = unpack_q4_K_scales,
    .block_bytes = sizeof(struct block_q4_K),
    .sub_block = q4_K_SUB_BLOCK,
    .exact = q4_K_EXACT,
    .d_offset = offsetof(struct block_q4_K, d),
};
static const struct kquant_type type_q5_K = {
    .unpack_quarter = unpack_q5_K_quarter,
    .unpack_scales = unpack_q5_K_scales,
    .block_bytes = sizeof(struct block_q5_K),
    .sub_block = q5_K_SUB_BLOCK,
    .exact = q5_K_EXACT,
    .d_offset = offsetof(struct block_q5_K, d),
};
static const struct kquant_type type_q6_K = {
    .unpack_quarter = unpack_q6_K_quarter,
    .unpack_scales = unpack_q6_K_scales,
    .block_bytes = sizeof(struct block_q6_K),
    .sub_block = q6_K_SUB_BLOCK,
    .exact = q6_K_EXACT,
    .d_offset = offsetof(struct block_q6_K, d) - 2,
};

#endif
