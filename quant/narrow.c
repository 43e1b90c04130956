/* One to two bits a weight, evenly spaced: binary, ternary and four-valued. */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

void decode_q1_0(float *out, const void *blocks, size_t n) {
    const struct block_q1_0 *block = blocks;
    for (; n; n -= 128, block++, out += 128) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 128; i++) {
            out[i] = block->qs[i / 8] >> i % 8 & 1 ? d : -d;
        }
    }
}

void decode_q2_0(float *out, const void *blocks, size_t n) {
    const struct block_q2_0 *block = blocks;
    for (; n; n -= 64, block++, out += 64) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 64; i++) {
            out[i] = (float)((block->qs[i / 4] >> i % 4 * 2 & 3) - 1) * d;
        }
    }
}

void decode_tq1_0(float *out, const void *blocks, size_t n) {
    const struct block_tq1_0 *block = blocks;
    for (; n; n -= 256, block++, out += 256) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 256; i++) {
            int code;
            if (i < 160) {
                code = base3_digit(block->qs[i % 32], i / 32);
            } else if (i < 240) {
                code = base3_digit(block->qs[32 + i % 16], (i - 160) / 16);
            } else {
                code = base3_digit(block->qh[i % 4], (i - 240) / 4);
            }
            out[i] = (float)(code - 1) * d;
        }
    }
}

void decode_tq2_0(float *out, const void *blocks, size_t n) {
    const struct block_tq2_0 *block = blocks;
    for (; n; n -= 256, block++, out += 256) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < 256; i++) {
            out[i] = (float)((block->qs[i / 128 * 32 + i % 32] >> i / 32 % 4 * 2 & 3) - 1) * d;
        }
    }
}
