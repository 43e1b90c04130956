/* Decoders of the IQ4 types, IQ4_NL and IQ4_XS, and the values of their codes. */
#include "quant/iq4.h"
#include "quant/blocks.h"
#include "quant/decode.h"

const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static void put_32(float *out, float scale, const uint8_t qs[16]) {
    for (unsigned i = 0; i < 16; i++) {
        out[i] = scale * (float)iq4_values[qs[i] & 15];
        out[i + 16] = scale * (float)iq4_values[qs[i] >> 4];
    }
}

void decode_iq4_nl(float *out, const void *blocks, size_t n) {
    const struct block_iq4_nl *block = blocks;
    for (; n; n -= 32, block++, out += 32) {
        put_32(out, f16_at(block->d), block->qs);
    }
}

void decode_iq4_xs(float *out, const void *blocks, size_t n) {
    const struct block_iq4_xs *block = blocks;
    for (; n; n -= 256, block++, out += 256) {
        const float d = f16_at(block->d);
        for (unsigned s = 0; s < 8; s++) { /* sub-blocks of 32 */
            put_32(out + 32 * s, d * (float)iq4_xs_scale(block, s), block->qs + 16 * s);
        }
    }
}
