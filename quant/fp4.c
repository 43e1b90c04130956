/* Floats of 4 bits (E2M1) under shared scales. The table holds twice the values, so the scales are halved.
 * https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

/* 2^(e - 128), which for e < 2 is subnormal. The specification's NaN, e = 255, is 2^127 as in llama.cpp. */
static float half_e8m0(unsigned e) { return f32_from_bits(e < 2 ? 0x200000u << e : (e - 1) << 23); }

/* Half of an E4M3 number without its sign. 0x7f, a NaN in the specification, is 0 as in llama.cpp, but 0xff is 480. */
static float half_e4m3(unsigned bits) {
    if (bits == 0x7f) {
        return 0;
    }
    const unsigned exponent = bits >> 3 & 15;
    const unsigned mantissa = (bits & 7) + (exponent ? 8 : 0);
    return (float)mantissa * f32_from_bits((exponent ? exponent + 116 : 117) << 23); /* 2^(exponent - 11) */
}

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
