/* IQ4: 4-bit codes that stand for unevenly spaced values. */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

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
            const int low = block->scales_l[s / 2] >> s % 2 * 4 & 15;
            const int high = u16_at(block->scales_h) >> s * 2 & 3;
            put_32(out + 32 * s, d * (float)((low | high << 4) - 32), block->qs + 16 * s);
        }
    }
}
