/* The values that the codes of the IQ and FP4 types stand for: facts of the formats. A group of weights is named by an
 * index into a grid, and a grid's entry packs a small code for each weight of the group. */
#ifndef QUANT_GRIDS_H
#define QUANT_GRIDS_H

#include <stdint.h>

#include "quant/f16.h"

extern const int8_t iq4_values[16]; /* iq4_nl, iq4_xs */
extern const int8_t fp4_values[16]; /* mxfp4, nvfp4: E2M1, doubled */

/* Groups of 8: weight j of a group has bits 2j and up. iq1 (iq1_s, iq1_m): code - 1; iq2: the magnitude
 * iq2_magnitudes[code], code < 3. */
extern const uint16_t iq1_grid[2048];
extern const uint16_t iq2_xxs_grid[256];
extern const uint16_t iq2_xs_grid[512];
extern const uint16_t iq2_s_grid[1024];
extern const uint8_t iq2_magnitudes[4];

/* Groups of 4: weight j of a group has bits 3j and up. iq3_xxs: the magnitude iq3_magnitudes[code]; iq3_s:
 * 2 code + 1. */
extern const uint16_t iq3_xxs_grid[256];
extern const uint16_t iq3_s_grid[512];
extern const uint8_t iq3_magnitudes[8];

/* The signs of a group of 8, bit j set where weight j is negative, from the 7 that are stored: the last one makes the
 * number of negative weights even. */
static inline unsigned eight_signs(unsigned seven) { return seven | (unsigned)__builtin_parity(seven) << 7; }

/* The scale of mxfp4, halved: 2^(e - 128), which for e < 2 is subnormal. The specification's NaN, e = 255, is 2^127 as
 * in llama.cpp. */
static inline float half_e8m0(unsigned e) { return f32_from_bits(e < 2 ? 0x200000u << e : (e - 1) << 23); }

/* The scale of nvfp4, halved: an E4M3 number without its sign. 0x7f, a NaN in the specification, is 0 as in llama.cpp,
 * but 0xff is 480. */
static inline float half_e4m3(unsigned bits) {
    if (bits == 0x7f) {
        return 0;
    }
    const unsigned exponent = bits >> 3 & 15;
    const unsigned mantissa = (bits & 7) + (exponent ? 8 : 0);
    return (float)mantissa * f32_from_bits((exponent ? exponent + 116 : 117) << 23); /* 2^(exponent - 11) */
}

/* Digit k of a byte of tq1_0. A byte b holds the digits of the fraction b / 256 in base 3: multiplied by 3^k its whole
 * part drops out, and the whole part of three times the rest is digit k. */
static inline int base3_digit(unsigned byte, unsigned k) {
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    return (int)((byte * power[k] & 255) * 3 >> 8);
}

#endif
