/* The values that the codes of the IQ and FP4 types stand for: facts of the formats. A group of weights is named by an
 * index into a grid, and a grid's entry packs a small code for each weight of the group. */
#ifndef QUANT_GRIDS_H
#define QUANT_GRIDS_H

#include <stdint.h>

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

#endif
