/* Blocks of 256 as signed codes and scales, of the types that are no K-quants. */
#ifndef KERNELS_SIMD128_CODES256_H
#define KERNELS_SIMD128_CODES256_H

#include "kernels/simd128/lanes.h"
#include "quant/blocks.h"

struct codes256 {
    int8_t code[256];
    int16_t scale[16]; /* of 16 weights each */
    float d;           /* w[i] = d * scale[i / 16] * code[i] */
};

/* A grid with a byte for each field of its entries, so that an entry is one load. It is spread anew for each product,
 * which is a small part of its work, rather than kept: 16 KB at most. */
union spread_grid {
    uint64_t of8[2048];
    uint32_t of4[512];
};

typedef void unpack_codes256_fn(struct codes256 *out, const uint8_t *block, const union spread_grid *grid);

struct type256 {
    unpack_codes256_fn *unpack;
    size_t block_bytes;
    const uint16_t *grid; /* null: none */
    size_t entries;
    unsigned fields; /* of an entry: 8 of 2 bits or 4 of 3 */
};
extern const struct type256 type_iq4_xs, type_tq1_0, type_tq2_0, type_iq1_s, type_iq1_m, type_iq2_xxs, type_iq2_xs,
    type_iq2_s, type_iq3_xxs, type_iq3_s;

void spread_grid(union spread_grid *out, const struct type256 *type);

#endif
