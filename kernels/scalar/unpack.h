/* A block of weights as integers and scales: what every quantised dot product is defined over. A new weight type needs
 * one unpacking function, and has its gemv and gemm. */
#ifndef KERNELS_SCALAR_UNPACK_H
#define KERNELS_SCALAR_UNPACK_H

#include <stdint.h>

#include "quant/blocks.h"

/* w[i] = d * code[i] + m */
struct block32 {
    int8_t code[32];
    float d;
    float m;
};
typedef void unpack32_fn(struct block32 *out, const uint8_t *block);
unpack32_fn unpack_q4_0, unpack_q4_1, unpack_q5_0, unpack_q5_1, unpack_q8_0;

/* w[i] = d * scale[i / 16] * code[i] - dmin * minimum[i / 16] */
struct block256 {
    int8_t code[256];
    int16_t scale[16];
    int16_t minimum[16];
    float d;
    float dmin;
};
typedef void unpack256_fn(struct block256 *out, const uint8_t *block);
unpack256_fn unpack_q2_K, unpack_q3_K, unpack_q4_K, unpack_q5_K, unpack_q6_K;

#endif
