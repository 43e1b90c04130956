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
/* These fill in one or more: as many as a block has 32 weights, nvfp4 twice that. */
unpack32_fn unpack_iq4_nl, unpack_mxfp4, unpack_nvfp4, unpack_q1_0, unpack_q2_0;

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
unpack256_fn unpack_iq4_xs, unpack_tq1_0, unpack_tq2_0, unpack_iq1_s, unpack_iq1_m, unpack_iq2_xxs, unpack_iq2_xs,
    unpack_iq2_s, unpack_iq3_xxs, unpack_iq3_s;

/* 256 weights of a type with a grid, in groups of 8: weight i is values[field], negative where its sign is set. */
struct grouped {
    uint64_t fields[32];  /* a byte for each weight of the group, below 8, the first one lowest */
    uint8_t signs[32];    /* a bit for each */
    const int8_t *values; /* (16) */
    int16_t scale[16];
    float d;
};
typedef void group_fn(struct grouped *out, const uint8_t *block);
group_fn group_iq1_s, group_iq1_m, group_iq2_xxs, group_iq2_xs, group_iq2_s, group_iq3_xxs, group_iq3_s;

#endif
