/* IQ2: blocks of 256 weights, each group of 8 an entry of a grid of three magnitudes, with signs. */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grids.h"

#define BLOCK 256

static void put_group(float *out, float scale, unsigned grid, unsigned signs) {
    for (unsigned j = 0; j < 8; j++) {
        const float magnitude = scale * (float)iq2_magnitudes[grid >> 2 * j & 3];
        out[j] = signs >> j & 1 ? -magnitude : magnitude;
    }
}

static float scale_of(float d, unsigned scale_bits) { return d * (0.5f + (float)scale_bits) * 0.25f; }

void decode_iq2_xxs(float *out, const void *blocks, size_t n) {
    const struct block_iq2_xxs *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned g = 0; g < 32; g++) { /* groups of 8; four share 8 bytes */
            const uint8_t *indices = block->qs + g / 4 * 8;
            const uint32_t scale_signs = u32_at(indices + 4);
            put_group(out + 8 * g, scale_of(d, scale_signs >> 28), iq2_xxs_grid[indices[g % 4]],
                      eight_signs(scale_signs >> g % 4 * 7 & 127));
        }
    }
}

void decode_iq2_xs(float *out, const void *blocks, size_t n) {
    const struct block_iq2_xs *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned g = 0; g < 32; g++) { /* groups of 8; two share a scale */
            const unsigned code = u16_at(block->qs + 2 * g);
            const unsigned scale_bits = block->scales[g / 4] >> g / 2 % 2 * 4 & 15;
            put_group(out + 8 * g, scale_of(d, scale_bits), iq2_xs_grid[code & 511], eight_signs(code >> 9));
        }
    }
}

void decode_iq2_s(float *out, const void *blocks, size_t n) {
    const struct block_iq2_s *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned g = 0; g < 32; g++) { /* groups of 8; two share a scale */
            const unsigned index = block->qs[g] | (block->qh[g / 4] >> g % 4 * 2 & 3u) << 8;
            const unsigned scale_bits = block->scales[g / 4] >> g / 2 % 2 * 4 & 15;
            put_group(out + 8 * g, scale_of(d, scale_bits), iq2_s_grid[index], block->signs[g]);
        }
    }
}
