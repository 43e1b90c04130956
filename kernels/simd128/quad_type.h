/* Types whose sub-blocks of 32 or 16 weights have a scale that is not an f16 at the start of a block of 32: MXFP4,
 * NVFP4, Q1_0 and Q2_0. Their sub-blocks are unpacked four at a time: a quad. */
#ifndef KERNELS_SIMD128_QUAD_TYPE_H
#define KERNELS_SIMD128_QUAD_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/simd128/simd.h"

/* Four consecutive sub-blocks: signed codes from -12 to 12 in the order of the weights (four vectors if the sub-blocks
 * are of 16, eight if of 32), and in lane i of *d the scale of sub-block i. */
typedef void unpack_quad_fn(v128_t codes[8], v128_t *d, const uint8_t *blocks);

struct quad_type {
    unpack_quad_fn *unpack;
    size_t bytes;   /* of a quad, at most QUAD_BYTES */
    size_t weights; /* of a quad: 128, or 64 if a sub-block is 16 weights */
};
#define QUAD_BYTES 72

/* The weights per block of each quantized type: BLOCK_WEIGHTS_q1_0 and so on. */
enum {
#define QUANTIZED_TYPE(ID, name, number, weights, bytes) BLOCK_WEIGHTS_##name = (weights),
#include "quant/types.inc"
};

#endif
