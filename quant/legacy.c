/* Blocks of 32 weights with one scale. */
#include "quant/blocks.h"
#include "quant/decode.h"

#define BLOCK 32

void decode_q4_0(float *out, const void *blocks, size_t n) {
    const struct block_q4_0 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 16; i++) {
            out[i] = (float)((block->qs[i] & 15) - 8) * d;
            out[i + 16] = (float)((block->qs[i] >> 4) - 8) * d;
        }
    }
}

void decode_q4_1(float *out, const void *blocks, size_t n) {
    const struct block_q4_1 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float m = f16_at(block->m);
        for (unsigned i = 0; i < 16; i++) {
            out[i] = (float)(block->qs[i] & 15) * d + m;
            out[i + 16] = (float)(block->qs[i] >> 4) * d + m;
        }
    }
}

/* Code i < 32 of q5_0 and q5_1. */
static int code5(const uint8_t qs[16], uint32_t high_bits, unsigned i) {
    const int low = i < 16 ? qs[i] & 15 : qs[i - 16] >> 4;
    return low | (int)(high_bits >> i & 1) << 4;
}

void decode_q5_0(float *out, const void *blocks, size_t n) {
    const struct block_q5_0 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const uint32_t high_bits = u32_at(block->qh);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)(code5(block->qs, high_bits, i) - 16) * d;
        }
    }
}

void decode_q5_1(float *out, const void *blocks, size_t n) {
    const struct block_q5_1 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float m = f16_at(block->m);
        const uint32_t high_bits = u32_at(block->qh);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)code5(block->qs, high_bits, i) * d + m;
        }
    }
}

void decode_q8_0(float *out, const void *blocks, size_t n) {
    const struct block_q8_0 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)block->qs[i] * d;
        }
    }
}
