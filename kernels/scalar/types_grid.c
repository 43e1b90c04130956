/* The reference of the grid types, IQ1 to IQ3. The decoders (quant/grid.c) scale by fractions such as d * (s + 1/2)
 * / 4. Here the fraction moves into d, so that scales and codes are whole numbers: d / 8 * (2 s + 1). */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"
#include "quant/grid_tables.h"

static int16_t odd_scale(unsigned scale) { return (int16_t)(2 * scale + 1); }

static int8_t with_sign(int magnitude, unsigned signs, unsigned j) {
    return (int8_t)(signs >> j & 1 ? -magnitude : magnitude);
}

/* ---- IQ1: in eighths, because the shift by delta is 1/8 ---- */

static void put_iq1(struct block256 *out, unsigned o, struct iq1_octet octet) {
    out->scale[o / 2] = odd_scale(octet.scale);
    for (unsigned j = 0; j < 8; j++) {
        const int code = (iq1_grid[octet.index] >> 2 * j & 3) - 1;
        out->code[8 * o + j] = (int8_t)(8 * code + (octet.negative_delta ? -1 : 1));
    }
}

static void unpack_iq1_s(struct block256 *out, const void *from) {
    const struct block_iq1_s *block = from;
    out->d = f16_at(block->d) * 0.125f;
    for (unsigned o = 0; o < 32; o++) {
        put_iq1(out, o, iq1_s_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq1_s)

static void unpack_iq1_m(struct block256 *out, const void *from) {
    const struct block_iq1_m *block = from;
    out->d = iq1_m_d(block) * 0.125f;
    for (unsigned o = 0; o < 32; o++) {
        put_iq1(out, o, iq1_m_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq1_m)

/* ---- IQ2 ---- */

static void put_iq2(struct block256 *out, unsigned o, const uint16_t *grid, struct iq2_octet octet) {
    out->scale[o / 2] = odd_scale(octet.scale);
    for (unsigned j = 0; j < 8; j++) {
        out->code[8 * o + j] = with_sign(iq2_magnitudes[grid[octet.index] >> 2 * j & 3], octet.signs, j);
    }
}

static void unpack_iq2_xxs(struct block256 *out, const void *from) {
    const struct block_iq2_xxs *block = from;
    out->d = f16_at(block->d) * 0.125f;
    for (unsigned o = 0; o < 32; o++) {
        put_iq2(out, o, iq2_xxs_grid, iq2_xxs_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq2_xxs)

static void unpack_iq2_xs(struct block256 *out, const void *from) {
    const struct block_iq2_xs *block = from;
    out->d = f16_at(block->d) * 0.125f;
    for (unsigned o = 0; o < 32; o++) {
        put_iq2(out, o, iq2_xs_grid, iq2_xs_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq2_xs)

static void unpack_iq2_s(struct block256 *out, const void *from) {
    const struct block_iq2_s *block = from;
    out->d = f16_at(block->d) * 0.125f;
    for (unsigned o = 0; o < 32; o++) {
        put_iq2(out, o, iq2_s_grid, iq2_s_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq2_s)

/* ---- IQ3 ---- */

static void put_iq3(struct block256 *out, unsigned o, const uint16_t *grid, const uint8_t magnitudes[8],
                    struct iq3_octet octet) {
    out->scale[o / 2] = odd_scale(octet.scale);
    for (unsigned j = 0; j < 8; j++) {
        const unsigned code = grid[octet.index[j / 4]] >> j % 4 * 3 & 7;
        out->code[8 * o + j] = with_sign(magnitudes[code], octet.signs, j);
    }
}

static void unpack_iq3_xxs(struct block256 *out, const void *from) {
    const struct block_iq3_xxs *block = from;
    out->d = f16_at(block->d) * 0.25f;
    for (unsigned o = 0; o < 32; o++) {
        put_iq3(out, o, iq3_xxs_grid, iq3_xxs_magnitudes, iq3_xxs_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq3_xxs)

static void unpack_iq3_s(struct block256 *out, const void *from) {
    const struct block_iq3_s *block = from;
    out->d = f16_at(block->d);
    for (unsigned o = 0; o < 32; o++) {
        put_iq3(out, o, iq3_s_grid, iq3_s_magnitudes, iq3_s_octet(block, o));
    }
}
SCALAR_BLOCKS256(iq3_s)
