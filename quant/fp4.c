/* Floats of 4 bits (E2M1) under shared scales. The table holds twice the values, so the scales are halved.
 * https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

void decode_mxfp4(float *out, const void *blocks, size_t n) {
    const struct block_mxfp4 *block = blocks;
    for (; n; n -= 32, block++, out += 32) {
        const float d = half_e8m0(block->e);
        for (unsigned i = 0; i < 16; i++) {
            out[i] = (float)fp4_values[block->qs[i] & 15] * d;
            out[i + 16] = (float)fp4_values[block->qs[i] >> 4] * d;
        }
    }
}

void decode_nvfp4(float *out, const void *blocks, size_t n) {
    const struct block_nvfp4 *block = blocks;
    for (; n; n -= 64, block++, out += 64) {
        for (unsigned i = 0; i < 64; i++) {
            const float d = half_e4m3(block->d[i / 16]);
            out[i] = (float)fp4_values[block->qs[i / 16 * 8 + i % 8] >> i / 8 % 2 * 4 & 15] * d;
        }
    }
}
