/* Types whose codes index a grid, or stand for few or unevenly spaced values. Fractions of their scales are taken into
 * d, so that codes and scales are whole numbers: what they stand for is said in quant/blocks.h and quant/iq1.c to
 * narrow.c. */
#include "kernels/scalar/unpack.h"
#include "platform/memory.h"
#include "quant/fp4.h"
#include "quant/grid_tables.h"
#include "quant/iq4.h"

static int half_nibble(const uint8_t qs[16], unsigned i) { return i < 16 ? qs[i] & 15 : qs[i - 16] >> 4; }

void unpack_iq4_nl(struct block32 *out, const uint8_t *bytes) {
    const struct block_iq4_nl *block = (const struct block_iq4_nl *)bytes;
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = iq4_values[half_nibble(block->qs, i)];
    }
    out->d = f16_at(block->d);
    out->m = 0.0f;
}

void unpack_mxfp4(struct block32 *out, const uint8_t *bytes) {
    const struct block_mxfp4 *block = (const struct block_mxfp4 *)bytes;
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = fp4_values[half_nibble(block->qs, i)];
    }
    out->d = half_e8m0(block->e);
    out->m = 0.0f;
}

/* Each 32 weights twice: the first 16 alone, then the others, for each has a scale of its own. */
void unpack_nvfp4(struct block32 *out, const uint8_t *bytes) {
    const struct block_nvfp4 *block = (const struct block_nvfp4 *)bytes;
    memset(out, 0, 4 * sizeof(*out));
    for (unsigned i = 0; i < 64; i++) {
        out[i / 16].code[i % 32] = fp4_values[block->qs[i / 16 * 8 + i % 8] >> i / 8 % 2 * 4 & 15];
        out[i / 16].d = half_e4m3(block->d[i / 16]);
    }
}

void unpack_q1_0(struct block32 *out, const uint8_t *bytes) {
    const struct block_q1_0 *block = (const struct block_q1_0 *)bytes;
    for (unsigned i = 0; i < 128; i++) {
        out[i / 32].code[i % 32] = block->qs[i / 8] >> i % 8 & 1 ? 1 : -1;
        out[i / 32].d = f16_at(block->d);
        out[i / 32].m = 0.0f;
    }
}

void unpack_q2_0(struct block32 *out, const uint8_t *bytes) {
    const struct block_q2_0 *block = (const struct block_q2_0 *)bytes;
    for (unsigned i = 0; i < 64; i++) {
        out[i / 32].code[i % 32] = (int8_t)((block->qs[i / 4] >> i % 4 * 2 & 3) - 1);
        out[i / 32].d = f16_at(block->d);
        out[i / 32].m = 0.0f;
    }
}

static void without_minima(struct block256 *out) {
    memset(out->minimum, 0, sizeof(out->minimum));
    out->dmin = 0.0f;
}

void unpack_iq4_xs(struct block256 *out, const uint8_t *bytes) {
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = iq4_values[half_nibble(block->qs + i / 32 * 16, i % 32)];
    }
    for (unsigned j = 0; j < 16; j++) {
        const int low = block->scales_l[j / 4] >> j / 2 % 2 * 4 & 15;
        const int high = u16_at(block->scales_h) >> j / 2 * 2 & 3;
        out->scale[j] = (int16_t)((low | high << 4) - 32);
    }
    out->d = f16_at(block->d);
    without_minima(out);
}

void unpack_tq1_0(struct block256 *out, const uint8_t *bytes) {
    const struct block_tq1_0 *block = (const struct block_tq1_0 *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        const int digit = i < 160   ? base3_digit(block->qs[i % 32], i / 32)
                          : i < 240 ? base3_digit(block->qs[32 + i % 16], (i - 160) / 16)
                                    : base3_digit(block->qh[i % 4], (i - 240) / 4);
        out->code[i] = (int8_t)(digit - 1);
    }
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = 1;
    }
    out->d = f16_at(block->d);
    without_minima(out);
}

void unpack_tq2_0(struct block256 *out, const uint8_t *bytes) {
    const struct block_tq2_0 *block = (const struct block_tq2_0 *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)((block->qs[i / 128 * 32 + i % 32] >> i / 32 % 4 * 2 & 3) - 1);
    }
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = 1;
    }
    out->d = f16_at(block->d);
    without_minima(out);
}

/* ---- grids. A group of 8 weights at a time ---- */

/* Fields of 2 bits, and of 3 bits, each in a byte: the lowest first. */
static uint64_t spread2(uint32_t fields) {
    uint64_t x = fields;
    x = (x | x << 24) & 0x000000ff000000ffu;
    x = (x | x << 12) & 0x000f000f000f000fu;
    return (x | x << 6) & 0x0303030303030303u;
}

static uint32_t spread3(uint32_t fields) {
    const uint32_t x = (fields | fields << 10) & 0x003f003fu;
    return (x | x << 5) & 0x07070707u;
}

/* Values of the fields. */
static const int8_t values_of_iq2[16] = {8, 25, 43};
static const int8_t values_of_iq3_xxs[16] = {4, 12, 20, 28, 36, 44, 52, 62};
static const int8_t values_of_iq3_s[16] = {1, 3, 5, 7, 9, 11, 13, 15};
static const int8_t values_of_iq1[16] = {-7, 1, 9, 0, -9, -1, 7};

/* d * (1/2 + s) / 4 = d/8 * (2s + 1) */
static int16_t odd(unsigned scale_bits) { return (int16_t)(2 * scale_bits + 1); }

void group_iq2_xxs(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq2_xxs *block = (const struct block_iq2_xxs *)bytes;
    for (unsigned g = 0; g < 32; g++) {
        const uint8_t *indices = block->qs + g / 4 * 8;
        const uint32_t scale_signs = u32_at(indices + 4);
        out->fields[g] = spread2(iq2_xxs_grid[indices[g % 4]]);
        out->signs[g] = (uint8_t)(signs_of_7_bits(scale_signs >> g % 4 * 7 & 127));
        out->scale[g / 2] = odd(scale_signs >> 28);
    }
    out->d = f16_at(block->d) * 0.125f;
    out->values = values_of_iq2;
}

void group_iq2_xs(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq2_xs *block = (const struct block_iq2_xs *)bytes;
    for (unsigned g = 0; g < 32; g++) {
        const unsigned code = u16_at(block->qs + 2 * g);
        out->fields[g] = spread2(iq2_xs_grid[code & 511]);
        out->signs[g] = (uint8_t)(signs_of_7_bits(code >> 9));
        out->scale[g / 2] = odd(block->scales[g / 4] >> g / 2 % 2 * 4 & 15);
    }
    out->d = f16_at(block->d) * 0.125f;
    out->values = values_of_iq2;
}

void group_iq2_s(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq2_s *block = (const struct block_iq2_s *)bytes;
    for (unsigned g = 0; g < 32; g++) {
        const unsigned index = block->qs[g] | (block->qh[g / 4] >> g % 4 * 2 & 3u) << 8;
        out->fields[g] = spread2(iq2_s_grid[index]);
        out->signs[g] = (uint8_t)(block->signs[g]);
        out->scale[g / 2] = odd(block->scales[g / 4] >> g / 2 % 2 * 4 & 15);
    }
    out->d = f16_at(block->d) * 0.125f;
    out->values = values_of_iq2;
}

void group_iq3_xxs(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq3_xxs *block = (const struct block_iq3_xxs *)bytes;
    for (unsigned g = 0; g < 32; g++) {
        const uint32_t scale_signs = u32_at(block->scale_signs + g / 4 * 4);
        const uint64_t second = spread3(iq3_xxs_grid[block->qs[2 * g + 1]]);
        out->fields[g] = spread3(iq3_xxs_grid[block->qs[2 * g]]) | second << 32;
        out->signs[g] = (uint8_t)(signs_of_7_bits(scale_signs >> g % 4 * 7 & 127));
        out->scale[g / 2] = odd(scale_signs >> 28);
    }
    out->d = f16_at(block->d) * 0.25f;
    out->values = values_of_iq3_xxs;
}

void group_iq3_s(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq3_s *block = (const struct block_iq3_s *)bytes;
    for (unsigned g = 0; g < 32; g++) {
        const unsigned high = (unsigned)block->qh[g / 4] >> g % 4 * 2;
        const uint64_t second = spread3(iq3_s_grid[block->qs[2 * g + 1] | (high >> 1 & 1) << 8]);
        out->fields[g] = spread3(iq3_s_grid[block->qs[2 * g] | (high & 1) << 8]) | second << 32;
        out->signs[g] = block->signs[g];
        out->scale[g / 2] = odd(block->scales[g / 8] >> g / 4 % 2 * 4 & 15);
    }
    out->d = f16_at(block->d);
    out->values = values_of_iq3_s;
}

/* Eighths: 8 times what the grid says, and the shift of one. */
static uint64_t eighths(unsigned index, unsigned negative_delta) {
    return spread2(iq1_grid[index]) | (negative_delta ? 0x0404040404040404u : 0);
}

void group_iq1_s(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq1_s *block = (const struct block_iq1_s *)bytes;
    for (unsigned g = 0; g < 32; g++) {
        const unsigned high = u16_at(block->qh + g / 4 * 2);
        out->fields[g] = eighths(block->qs[g] | (high >> g % 4 * 3 & 7) << 8, high >> 15);
        out->signs[g] = 0;
        out->scale[g / 2] = odd(high >> 12 & 7);
    }
    out->d = f16_at(block->d) * 0.125f;
    out->values = values_of_iq1;
}

void group_iq1_m(struct grouped *out, const uint8_t *bytes) {
    const struct block_iq1_m *block = (const struct block_iq1_m *)bytes;
    unsigned d_bits = 0;
    for (unsigned g = 0; g < 32; g++) {
        const unsigned high = block->qh[g / 2] >> g % 2 * 4 & 15u;
        const unsigned scales = u16_at(block->scales + g / 8 * 2);
        out->fields[g] = eighths(block->qs[g] | (high & 7) << 8, high >> 3);
        out->signs[g] = 0;
        out->scale[g / 2] = odd(scales >> g / 2 % 4 * 3 & 7);
        d_bits |= (scales >> 12) << g / 8 * 4;
    }
    out->d = f16_to_f32((uint16_t)d_bits) * 0.125f;
    out->values = values_of_iq1;
}

static void unpack_grouped(struct block256 *out, group_fn *group, const uint8_t *bytes) {
    struct grouped grouped;
    group(&grouped, bytes);
    for (unsigned i = 0; i < 256; i++) {
        const int value = grouped.values[grouped.fields[i / 8] >> i % 8 * 8 & 15];
        out->code[i] = (int8_t)(grouped.signs[i / 8] >> i % 8 & 1 ? -value : value);
    }
    memcpy(out->scale, grouped.scale, sizeof(out->scale));
    out->d = grouped.d;
    without_minima(out);
}

void unpack_iq2_xxs(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq2_xxs, bytes); }
void unpack_iq2_xs(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq2_xs, bytes); }
void unpack_iq2_s(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq2_s, bytes); }
void unpack_iq3_xxs(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq3_xxs, bytes); }
void unpack_iq3_s(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq3_s, bytes); }
void unpack_iq1_s(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq1_s, bytes); }
void unpack_iq1_m(struct block256 *out, const uint8_t *bytes) { unpack_grouped(out, group_iq1_m, bytes); }
