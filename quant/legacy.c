/* Decoders of the legacy types, Q4_0 to Q8_0: blocks of 32 weights with one scale. */
#include "quant/blocks.h"
#include "quant/decode.h"

#define BLOCK 32

void decode_q4_0(float *out, const void *blocks, size_t n) {
    const struct block_q4_0 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)(nibble_of_32(block->qs, i) - 8) * d;
        }
    }
}

void decode_q4_1(float *out, const void *blocks, size_t n) {
    const struct block_q4_1 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float m = f16_at(block->m);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)nibble_of_32(block->qs, i) * d + m;
        }
    }
}

void decode_q5_0(float *out, const void *blocks, size_t n) {
    const struct block_q5_0 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)(q5_code(block->qh, block->qs, i) - 16) * d;
        }
    }
}

void decode_q5_1(float *out, const void *blocks, size_t n) {
    const struct block_q5_1 *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        const float m = f16_at(block->m);
        for (unsigned i = 0; i < BLOCK; i++) {
            out[i] = (float)q5_code(block->qh, block->qs, i) * d + m;
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
