/* Decoders of the grid types, IQ1 to IQ3: blocks of 256 weights in octets, whose codes an index selects from a table.
 */
#include "quant/blocks.h"
#include "quant/decode.h"
#include "quant/grid_tables.h"

#define BLOCK 256

/* ---- IQ1: -1, 0 or 1, shifted by delta = +-1/8 ---- */

static void put_iq1(float *out, float scale, unsigned index, unsigned negative_delta) {
    const float delta = negative_delta ? -0.125f : 0.125f;
    for (unsigned j = 0; j < 8; j++) {
        out[j] = scale * ((float)((iq1_grid[index] >> 2 * j & 3) - 1) + delta);
    }
}

static float iq1_scale(float d, unsigned scale) { return d * (float)(2 * scale + 1); }

void decode_iq1_s(float *out, const void *blocks, size_t n) {
    const struct block_iq1_s *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq1_octet octet = iq1_s_octet(block, o);
            put_iq1(out + 8 * o, iq1_scale(d, octet.scale), octet.index, octet.negative_delta);
        }
    }
}

void decode_iq1_m(float *out, const void *blocks, size_t n) {
    const struct block_iq1_m *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = iq1_m_d(block);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq1_octet octet = iq1_m_octet(block, o);
            put_iq1(out + 8 * o, iq1_scale(d, octet.scale), octet.index, octet.negative_delta);
        }
    }
}

/* ---- IQ2: one of three magnitudes, with a sign ---- */

static void put_iq2(float *out, float scale, unsigned codes, unsigned signs) {
    for (unsigned j = 0; j < 8; j++) {
        const float magnitude = scale * (float)iq2_magnitudes[codes >> 2 * j & 3];
        out[j] = signs >> j & 1 ? -magnitude : magnitude;
    }
}

static float iq2_scale(float d, unsigned scale) { return d * (0.5f + (float)scale) * 0.25f; }

void decode_iq2_xxs(float *out, const void *blocks, size_t n) {
    const struct block_iq2_xxs *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq2_octet octet = iq2_xxs_octet(block, o);
            put_iq2(out + 8 * o, iq2_scale(d, octet.scale), iq2_xxs_grid[octet.index], octet.signs);
        }
    }
}

void decode_iq2_xs(float *out, const void *blocks, size_t n) {
    const struct block_iq2_xs *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq2_octet octet = iq2_xs_octet(block, o);
            put_iq2(out + 8 * o, iq2_scale(d, octet.scale), iq2_xs_grid[octet.index], octet.signs);
        }
    }
}

void decode_iq2_s(float *out, const void *blocks, size_t n) {
    const struct block_iq2_s *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq2_octet octet = iq2_s_octet(block, o);
            put_iq2(out + 8 * o, iq2_scale(d, octet.scale), iq2_s_grid[octet.index], octet.signs);
        }
    }
}

/* ---- IQ3: one of eight magnitudes, with a sign ---- */

static void put_iq3(float *out, float scale, const uint8_t magnitudes[8], unsigned codes, unsigned signs) {
    for (unsigned j = 0; j < 8; j++) {
        const float magnitude = scale * (float)magnitudes[codes >> 3 * j & 7];
        out[j] = signs >> j & 1 ? -magnitude : magnitude;
    }
}

void decode_iq3_xxs(float *out, const void *blocks, size_t n) {
    const struct block_iq3_xxs *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq3_octet octet = iq3_xxs_octet(block, o);
            const float scale = d * (0.5f + (float)octet.scale) * 0.5f;
            const unsigned codes = iq3_xxs_grid[octet.index[0]] | (unsigned)iq3_xxs_grid[octet.index[1]] << 12;
            put_iq3(out + 8 * o, scale, iq3_xxs_magnitudes, codes, octet.signs);
        }
    }
}

void decode_iq3_s(float *out, const void *blocks, size_t n) {
    const struct block_iq3_s *block = blocks;
    for (; n; n -= BLOCK, block++, out += BLOCK) {
        const float d = f16_at(block->d);
        for (unsigned o = 0; o < 32; o++) {
            const struct iq3_octet octet = iq3_s_octet(block, o);
            const float scale = d * (float)(1 + 2 * octet.scale);
            const unsigned codes = iq3_s_grid[octet.index[0]] | (unsigned)iq3_s_grid[octet.index[1]] << 12;
            put_iq3(out + 8 * o, scale, iq3_s_magnitudes, codes, octet.signs);
        }
    }
}
