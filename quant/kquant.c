/* Decoders of the K-quants, Q2_K to Q6_K: blocks of 256 weights in sub-blocks of 16 or 32, whose scales are quantized
 * too. */
#include "quant/blocks.h"
#include "quant/decode.h"

#define BLOCK 256

void decode_q2_K(float *out, const void *blocks, size_t n) {
    const struct block_q2_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float dmin = f16_at(block->dmin);
        for (unsigned i = 0; i < BLOCK; i++) {
            const uint8_t scale_min = block->scales[i / 16];
            const float scale = d * (float)(scale_min & 15);
            const float minimum = dmin * (float)(scale_min >> 4);
            out[i] = scale * (float)two_bits_of_256(block->qs, i) - minimum;
        }
    }
}

void decode_q3_K(float *out, const void *blocks, size_t n) {
    const struct block_q3_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            const float scale = d * (float)q3_K_scale(block, i / 16);
            out[i] = scale * (float)(q3_K_code(block, i) - 4);
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
            out[i] = scale * (float)nibble_of_256(block->qs, i) - minimum;
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
            out[i] = scale * (float)q5_K_code(block, i) - minimum;
        }
    }
}

void decode_q6_K(float *out, const void *blocks, size_t n) {
    const struct block_q6_K *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = d * (float)block->scales[i / 16] * (float)(q6_K_code(block, i) - 32);
        }
    }
}
