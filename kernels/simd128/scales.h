/* Scales and minima of a block of 256, as the dots want them. True codes are the bytes of codes.h less an offset, which
 * is paid back through the minima: w = d * scale * byte - dmin * minimum. A type without minima of its own has
 * minimum = offset * scale and `exact`: both sums are whole numbers times d, and are subtracted as such. */
#ifndef KERNELS_SIMD128_SCALES_H
#define KERNELS_SIMD128_SCALES_H

#include "platform/memory.h"
#include "quant/blocks.h"

/* One for each 16 weights; a type with sub-blocks of 32 has each twice. */
struct scales256 {
    int16_t scale[16];
    int16_t minimum[16];
    float d;
    float dmin;
};
typedef void scales256_fn(struct scales256 *out, const uint8_t *block);

static inline void scales_q2_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q2_K *block = (const struct block_q2_K *)bytes;
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = block->scales[j] & 15;
        out->minimum[j] = block->scales[j] >> 4;
    }
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
}

static inline void scales_q3_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    for (unsigned j = 0; j < 16; j++) {
        const int low = block->scales[j % 8] >> (j / 8 * 4) & 15;
        const int high = block->scales[8 + j % 4] >> (j / 4 * 2) & 3;
        out->scale[j] = (int16_t)((low | high << 4) - 32);
        out->minimum[j] = (int16_t)(out->scale[j] * 4);
    }
    out->d = f16_at(block->d);
    out->dmin = 0.0f;
}

/* The eight scales, then the eight minima, from 12 bytes: scale_min_at in four words. */
static inline void spread_scales(struct scales256 *out, const uint8_t scales[12]) {
    const uint32_t first = u32_at(scales);
    const uint32_t second = u32_at(scales + 4);
    const uint32_t third = u32_at(scales + 8);
    const uint32_t words[4] = {first & 0x3f3f3f3fu, (third & 0x0f0f0f0fu) | ((first >> 2) & 0x30303030u),
                               second & 0x3f3f3f3fu, ((third >> 4) & 0x0f0f0f0fu) | ((second >> 2) & 0x30303030u)};
    const uint8_t *each = (const uint8_t *)words; /* little-endian hosts only, as Wasm is */
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = each[j / 2];
        out->minimum[j] = each[8 + j / 2];
    }
}

static inline void scales_q4_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q4_K *block = (const struct block_q4_K *)bytes;
    spread_scales(out, block->scales);
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
}

static inline void scales_q5_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q5_K *block = (const struct block_q5_K *)bytes;
    spread_scales(out, block->scales);
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
}

static inline void scales_q6_K(struct scales256 *out, const uint8_t *bytes) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = block->scales[j];
        out->minimum[j] = (int16_t)(block->scales[j] * 32);
    }
    out->d = f16_at(block->d);
    out->dmin = 0.0f;
}

#endif
