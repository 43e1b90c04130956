/* Decoders of the FP4 types, MXFP4 and NVFP4, and the values of their codes. */
#include "quant/fp4.h"
#include "quant/blocks.h"
#include "quant/decode.h"

const int8_t fp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

void decode_mxfp4(float *out, const void *blocks, size_t n) {
    const struct block_mxfp4 *block = blocks;
    for (; n; n -= 32, block++, out += 32) {
        const float d = half_e8m0(block->e);
        for (unsigned i = 0; i < 32; i++) {
            out[i] = (float)fp4_values[nibble_of_32(block->qs, i)] * d;
        }
    }
}

void decode_nvfp4(float *out, const void *blocks, size_t n) {
    const struct block_nvfp4 *block = blocks;
    for (; n; n -= 64, block++, out += 64) {
        for (unsigned i = 0; i < 64; i++) {
            out[i] = (float)fp4_values[nvfp4_code(block, i)] * half_e4m3(block->d[i / 16]);
        }
    }
}
