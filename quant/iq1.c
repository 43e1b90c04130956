/* IQ1: blocks of 256 weights, each group of 8 an entry of a ternary grid, shifted by +-1/8. */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

#define BLOCK 256

static void put_group(float *out, float scale, unsigned index, unsigned negative_delta) {
    const float delta = negative_delta ? -0.125f : 0.125f;
    for (unsigned j = 0; j < 8; j++) {
        out[j] = scale * ((float)((iq1_grid[index] >> 2 * j & 3) - 1) + delta);
    }
}

void decode_iq1_s(float *out, const void *blocks, size_t n) {
    const struct block_iq1_s *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned g = 0; g < 32; g++) { /* groups of 8 */
            const unsigned high = u16_at(block->qh + g / 4 * 2);
            const float scale = d * (float)(2 * (high >> 12 & 7) + 1);
            put_group(out + 8 * g, scale, block->qs[g] | (high >> g % 4 * 3 & 7) << 8, high >> 15);
        }
    }
}

void decode_iq1_m(float *out, const void *blocks, size_t n) {
    const struct block_iq1_m *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        unsigned d_bits = 0;
        for (unsigned i = 0; i < 4; i++) {
            d_bits |= (unsigned)(u16_at(block->scales + 2 * i) >> 12) << 4 * i;
        }
        const float d = f16_to_f32((uint16_t)d_bits);
        for (unsigned g = 0; g < 32; g++) { /* groups of 8; two share a scale */
            const unsigned scale_bits = u16_at(block->scales + g / 8 * 2) >> g / 2 % 4 * 3 & 7;
            const float scale = d * (float)(2 * scale_bits + 1);
            const unsigned high = block->qh[g / 2] >> g % 2 * 4 & 15;
            put_group(out + 8 * g, scale, block->qs[g] | (high & 7) << 8, high >> 3);
        }
    }
}
