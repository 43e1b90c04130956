/* Scales and minima of a block of 256, as the dots want them. True codes are the bytes of codes.h less an offset, which
 * is paid back through the minima: w = d * scale * byte - dmin * minimum. A type without minima of its own has
 * minimum = offset * scale and `exact`: both sums are whole numbers times d, and are subtracted as such. */
#ifndef KERNELS_SIMD128_SCALES_H
#define KERNELS_SIMD128_SCALES_H

#include "kernels/simd128/simd.h"
#include "quant/blocks.h"

/* One for each 16 weights; a type with sub-blocks of 32 has each twice. */
struct scales256 {
    int16_t scale[16];
    int16_t minimum[16];
};
typedef void scales256_fn(struct scales256 *out, const uint8_t *block);

/* Sixteen bytes, signed, as i16. */
static inline void spread_signed(int16_t out[16], v128_t bytes) {
    wasm_v128_store(out, wasm_i16x8_extend_low_i8x16(bytes));
    wasm_v128_store(out + 8, wasm_i16x8_extend_high_i8x16(bytes));
}

/* minimum = scale << by */
static inline void minima_of_offset(struct scales256 *out, uint32_t by) {
    wasm_v128_store(out->minimum, wasm_i16x8_shl(wasm_v128_load(out->scale), by));
    wasm_v128_store(out->minimum + 8, wasm_i16x8_shl(wasm_v128_load(out->scale + 8), by));
}

static inline void scales_q2_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q2_K *block = (const struct block_q2_K *)bytes;
    const v128_t both = wasm_v128_load(block->scales);
    const v128_t nibble = wasm_i8x16_splat(15);
    spread_signed(out->scale, wasm_v128_and(both, nibble));
    spread_signed(out->minimum, wasm_v128_and(wasm_u16x8_shr(both, 4), nibble));
}

static inline void scales_q3_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    const uint32_t first = u32_at(block->scales);
    const uint32_t second = u32_at(block->scales + 4);
    const uint32_t high = u32_at(block->scales + 8);
    const v128_t words = wasm_i32x4_make((int32_t)((first & 0x0f0f0f0fu) | (high & 0x03030303u) << 4),
                                         (int32_t)((second & 0x0f0f0f0fu) | ((high >> 2) & 0x03030303u) << 4),
                                         (int32_t)(((first >> 4) & 0x0f0f0f0fu) | ((high >> 4) & 0x03030303u) << 4),
                                         (int32_t)(((second >> 4) & 0x0f0f0f0fu) | ((high >> 6) & 0x03030303u) << 4));
    spread_signed(out->scale, wasm_i8x16_sub(words, wasm_i8x16_splat(32)));
    minima_of_offset(out, 2);
}

/* Eight scales and eight minima, each twice, from 12 bytes: scale_min_at for all at once. */
static inline void spread_pairs(struct scales256 *out, const uint8_t scales[12]) {
    const uint32_t first = u32_at(scales);
    const uint32_t second = u32_at(scales + 4);
    const uint32_t third = u32_at(scales + 8);
    const v128_t words = wasm_i32x4_make(
        (int32_t)(first & 0x3f3f3f3fu), (int32_t)((third & 0x0f0f0f0fu) | ((first >> 2) & 0x30303030u)),
        (int32_t)(second & 0x3f3f3f3fu), (int32_t)(((third >> 4) & 0x0f0f0f0fu) | ((second >> 2) & 0x30303030u)));
    const v128_t scale = wasm_i8x16_shuffle(words, words, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const v128_t minimum = wasm_i8x16_shuffle(words, words, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    spread_signed(out->scale, scale);
    spread_signed(out->minimum, minimum);
}

static inline void scales_q4_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q4_K *block = (const struct block_q4_K *)bytes;
    spread_pairs(out, block->scales);
}

static inline void scales_q5_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q5_K *block = (const struct block_q5_K *)bytes;
    spread_pairs(out, block->scales);
}

static inline void scales_q6_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    spread_signed(out->scale, wasm_v128_load(block->scales));
    minima_of_offset(out, 5);
}

#endif
