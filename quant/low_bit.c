/* Decoders of the low-bit types, with 1 or 2 bits per weight: binary Q1_0, ternary TQ1_0 and TQ2_0, and Q2_0. */
#include "quant/blocks.h"
#include "quant/decode.h"

void decode_q1_0(float *out, const void *blocks, size_t n) {
    const struct block_q1_0 *block = blocks;
    for (; n; n -= 128, block++, out += 128) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 128; i++) {
            out[i] = q1_0_code(block, i) ? d : -d;
        }
    }
}

void decode_q2_0(float *out, const void *blocks, size_t n) {
    const struct block_q2_0 *block = blocks;
    for (; n; n -= 64, block++, out += 64) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 64; i++) {
            out[i] = (float)(q2_0_code(block, i) - 1) * d;
        }
    }
}

void decode_tq1_0(float *out, const void *blocks, size_t n) {
    const struct block_tq1_0 *block = blocks;
    for (; n; n -= 256, block++, out += 256) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 256; i++) {
            out[i] = (float)(tq1_0_code(block, i) - 1) * d;
        }
    }
}

void decode_tq2_0(float *out, const void *blocks, size_t n) {
    const struct block_tq2_0 *block = blocks;
    for (; n; n -= 256, block++, out += 256) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 256; i++) {
            out[i] = (float)(two_bits_of_256(block->qs, i) - 1) * d;
        }
    }
}
