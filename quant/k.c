/* K-quants: blocks of 256 weights in sub-blocks of 16 or 32, whose scales are quantised in turn. */
#include "quant/blocks.h"
#include "quant/decode.h"

#define BLOCK 256

/* The two bits of w[i] where byte 32h + j holds w[128h + j], w[128h + 32 + j] and so on. */
static int two_bits(const uint8_t qs[64], unsigned i) { return qs[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3; }

/* The nibble of w[i] where byte 32h + j holds w[64h + j] and w[64h + 32 + j]. */
static int nibble(const uint8_t qs[128], unsigned i) { return qs[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15; }

/* The bit of w[i] where byte j holds w[j], w[32 + j] and so on. */
static int one_bit(const uint8_t bits[32], unsigned i) { return bits[i % 32] >> (i / 32) & 1; }

void decode_q2_K(float *out, const void *blocks, size_t n) {
    const struct block_q2_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float dmin = f16_at(block->dmin);
        for (unsigned i = 0; i < BLOCK; i++) {
            const uint8_t scale_min = block->scales[i / 16];
            const float scale = d * (float)(scale_min & 15);
            const float minimum = dmin * (float)(scale_min >> 4);
            out[i] = scale * (float)two_bits(block->qs, i) - minimum;
        }
    }
}

void decode_q3_K(float *out, const void *blocks, size_t n) {
    const struct block_q3_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            const unsigned s = i / 16;
            const int low = block->scales[s % 8] >> (s / 8 * 4) & 15;
            const int high = block->scales[8 + s % 4] >> (s / 4 * 2) & 3;
            const float scale = d * (float)((low | high << 4) - 32);
            const int code = two_bits(block->qs, i) | one_bit(block->hmask, i) << 2;
            out[i] = scale * (float)(code - 4);
        }
    }
}

void decode_q4_K(float *out, const void *blocks, size_t n) {
    const struct block_q4_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float dmin = f16_at(block->dmin);
        for (unsigned i = 0; i < BLOCK; i++) {
            const struct scale_min s = scale_min_at(block->scales, i / 32);
            const float scale = d * (float)s.scale;
            const float minimum = dmin * (float)s.minimum;
            out[i] = scale * (float)nibble(block->qs, i) - minimum;
        }
    }
}

void decode_q5_K(float *out, const void *blocks, size_t n) {
    const struct block_q5_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float dmin = f16_at(block->dmin);
        for (unsigned i = 0; i < BLOCK; i++) {
            const struct scale_min s = scale_min_at(block->scales, i / 32);
            const float scale = d * (float)s.scale;
            const float minimum = dmin * (float)s.minimum;
            const int code = nibble(block->qs, i) | one_bit(block->qh, i) << 4;
            out[i] = scale * (float)code - minimum;
        }
    }
}

void decode_q6_K(float *out, const void *blocks, size_t n) {
    const struct block_q6_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            const int low = block->ql[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
            const int code = low | two_bits(block->qh, i) << 4;
            out[i] = d * (float)block->scales[i / 16] * (float)(code - 32);
        }
    }
}
