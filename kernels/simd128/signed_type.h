/* Types whose super-blocks of 256 are unpacked to signed codes and scales, without minimums: the grid types, IQ4_XS,
 * TQ1_0 and TQ2_0. */
#ifndef KERNELS_SIMD128_SIGNED_TYPE_H
#define KERNELS_SIMD128_SIGNED_TYPE_H

#include <stddef.h>
#include <stdint.h>

/* A block: weight i is d * scale[i / 16] * code[i]. */
struct signed_block {
    int8_t code[256];
    int16_t scale[16];
    float d;
};

/* A grid with one byte per code, so that one load reads an entry. It is spread again for each product, which is a small
 * part of the work, rather than kept: it takes up to 16 KB. */
union spread_grid {
    uint64_t of8[2048]; /* entries of eight codes */
    uint32_t of4[512];  /* entries of four */
};

/* A block of a grid type: indices into the grid, and a bit per weight. */
struct grid_indices {
    uint16_t index[64];
    uint8_t signs[32]; /* one byte per eight weights */
    int16_t scale[16];
    float d;
};
typedef void unpack_indices_fn(struct grid_indices *out, const uint8_t *block);

/* How an entry of the grid and the bits become codes. */
enum grid_form {
    NO_GRID,
    GRID8,        /* entries of eight magnitudes; a set bit means negative */
    GRID4,        /* entries of four magnitudes */
    GRID8_OFFSET, /* entries of eight codes plus GRID_OFFSET; a set bit means 2 less */
};
#define GRID_OFFSET 9

struct signed_type;
typedef void unpack_signed_fn(struct signed_block *out, const struct signed_type *type, const uint8_t *block,
                              const union spread_grid *grid);

struct signed_type {
    unpack_signed_fn *unpack;
    size_t block_bytes;
    /* The other members describe the grid, for types that have one. */
    unpack_indices_fn *unpack_indices;
    const uint16_t *grid; /* (entries) packed as in quant/ */
    size_t entries;
    enum grid_form form;
    int8_t values[16]; /* of the fields of an entry: eight of 2 bits or four of 3. Below 128 - 2 */
};

#endif
