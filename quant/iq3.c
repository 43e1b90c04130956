/* IQ3: blocks of 256 weights, each group of 4 an entry of a grid of eight magnitudes, with signs. */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

#define BLOCK 256

void decode_iq3_xxs(float *out, const void *blocks, size_t n) {
    const struct block_iq3_xxs *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            const uint32_t scale_signs = u32_at(block->scale_signs + i / 32 * 4);
            const float scale = d * (0.5f + (float)(scale_signs >> 28)) * 0.5f;
            const unsigned signs = eight_signs(scale_signs >> i / 8 % 4 * 7 & 127);
            const unsigned code = iq3_xxs_grid[block->qs[i / 4]] >> i % 4 * 3 & 7;
            const float magnitude = scale * (float)iq3_magnitudes[code];
            out[i] = signs >> i % 8 & 1 ? -magnitude : magnitude;
        }
    }
}

void decode_iq3_s(float *out, const void *blocks, size_t n) {
    const struct block_iq3_s *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned i = 0; i < BLOCK; i++) {
            const float scale = d * (float)(1 + 2 * (block->scales[i / 64] >> i / 32 % 2 * 4 & 15));
            const unsigned index = block->qs[i / 4] | (block->qh[i / 32] >> i / 4 % 8 & 1u) << 8;
            const unsigned code = iq3_s_grid[index] >> i % 4 * 3 & 7;
            const float magnitude = scale * (float)(2 * code + 1);
            out[i] = block->signs[i / 8] >> i % 8 & 1 ? -magnitude : magnitude;
        }
    }
}
