/* The tables of the grid types, IQ1 to IQ3. An index of a block selects an entry of a grid, and the entry packs a code
 * for each weight of the octet. */
#ifndef QUANT_GRID_TABLES_H
#define QUANT_GRID_TABLES_H

#include <stdint.h>

/* Entries of 8 codes: bits 2j and 2j + 1 of an entry are the code of weight j. The weight of iq1_s and iq1_m is
 * code - 1; that of the iq2 types is iq2_magnitudes[code], code < 3, with a sign. */
extern const uint16_t iq1_grid[2048];
extern const uint16_t iq2_xxs_grid[256];
extern const uint16_t iq2_xs_grid[512];
extern const uint16_t iq2_s_grid[1024];
extern const uint8_t iq2_magnitudes[4];

/* Entries of 4 codes: bits 3j to 3j + 2 of an entry are the code of weight j. The weight is magnitudes[code], with a
 * sign. */
extern const uint16_t iq3_xxs_grid[256];
extern const uint16_t iq3_s_grid[512];
extern const uint8_t iq3_xxs_magnitudes[8];
extern const uint8_t iq3_s_magnitudes[8];

#endif
