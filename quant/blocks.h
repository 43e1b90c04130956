/* The blocks of the quantised tensor types as they lie in a file, all fields in bytes: alignment 1, no padding, so a
 * pointer anywhere into a file's bytes may be taken as a pointer to a block. Numbers of two bytes and more are little
 * endian; f16_at and u16_at read them. Layouts: ggml-common.h of llama.cpp; what the codes mean is said by the
 * decoders (legacy.c, k.c, narrow.c, fp4.c, iq1.c ... iq4.c).
 *
 * Weight i of a block is called w[i]. "Halves of 16" says that the low nibbles of qs[0..15] are w[0..15] and the high
 * ones w[16..31]. */
#ifndef QUANT_BLOCKS_H
#define QUANT_BLOCKS_H

#include <stdint.h>

#include "quant/f16.h"

static inline uint16_t u16_at(const uint8_t bytes[2]) { return (uint16_t)(bytes[0] | bytes[1] << 8); }
static inline uint32_t u32_at(const uint8_t bytes[4]) { return u16_at(bytes) | (uint32_t)u16_at(bytes + 2) << 16; }
static inline float f16_at(const uint8_t bytes[2]) { return f16_to_f32(u16_at(bytes)); }

/* ---- blocks of 32: one scale, perhaps a minimum ---- */

struct block_q4_0 {
    uint8_t d[2];   /* f16 scale: w = (code - 8) * d */
    uint8_t qs[16]; /* codes of 4 bits, halves of 16 */
};
struct block_q4_1 {
    uint8_t d[2];   /* f16 scale: w = code * d + m */
    uint8_t m[2];   /* f16 minimum */
    uint8_t qs[16]; /* codes of 4 bits, halves of 16 */
};
struct block_q5_0 {
    uint8_t d[2];   /* f16 scale: w = (code - 16) * d */
    uint8_t qh[4];  /* u32, bit i: bit 4 of code i */
    uint8_t qs[16]; /* bits 0-3, halves of 16 */
};
struct block_q5_1 {
    uint8_t d[2];   /* f16 scale: w = code * d + m */
    uint8_t m[2];   /* f16 minimum */
    uint8_t qh[4];  /* u32, bit i: bit 4 of code i */
    uint8_t qs[16]; /* bits 0-3, halves of 16 */
};
struct block_q8_0 {
    uint8_t d[2];  /* f16 scale: w = code * d */
    int8_t qs[32]; /* codes */
};

/* ---- K-quants: 256 weights, sub-blocks with scales of their own ---- */

struct block_q2_K {
    uint8_t scales[16]; /* per 16 weights: scale in bits 0-3, minimum in bits 4-7 */
    uint8_t qs[64];     /* codes of 2 bits: byte 32h + i, bits 2j and up, is w[128h + 32j + i] */
    uint8_t d[2];       /* f16: w = d * scale * code - dmin * minimum */
    uint8_t dmin[2];    /* f16 */
};
struct block_q3_K {
    uint8_t hmask[32];  /* bit k of byte i: bit 2 of the code of w[32k + i] */
    uint8_t qs[64];     /* bits 0-1, placed as in q2_K */
    uint8_t scales[12]; /* 16 scales of 6 bits: scale s has its bits 0-3 in nibble s / 8 of byte s % 8, and bits 4-5 in
                           byte 8 + s % 4, bits 2 (s / 4) and up */
    uint8_t d[2];       /* f16: w = d * (scale - 32) * (code - 4) */
};
struct block_q4_K {
    uint8_t d[2];       /* f16: w = d * scale * code - dmin * minimum */
    uint8_t dmin[2];    /* f16 */
    uint8_t scales[12]; /* 8 scales and 8 minima of 6 bits: see scale_min_at */
    uint8_t qs[128];    /* codes of 4 bits: byte 32h + i has w[64h + i] low and w[64h + 32 + i] high */
};
struct block_q5_K {
    uint8_t d[2];       /* f16: w = d * scale * code - dmin * minimum */
    uint8_t dmin[2];    /* f16 */
    uint8_t scales[12]; /* as in q4_K */
    uint8_t qh[32];     /* bit k of byte i: bit 4 of the code of w[32k + i] */
    uint8_t qs[128];    /* bits 0-3, placed as in q4_K */
};
struct block_q6_K {
    uint8_t ql[128];   /* bits 0-3: byte 64h + i has w[128h + i] low and w[128h + 64 + i] high, i < 64 */
    uint8_t qh[64];    /* bits 4-5, placed as in q2_K */
    int8_t scales[16]; /* per 16 weights */
    uint8_t d[2];      /* f16: w = d * scale * (code - 32) */
};

struct scale_min {
    uint8_t scale;
    uint8_t minimum;
};
/* Sub-block j < 8 of the 12 bytes of q4_K and q5_K. Of the first four, bytes 0-3 hold the scales and 4-7 the minima in
 * bits 0-5. Of the others, bytes 8-11 hold bits 0-3 (scale low, minimum high), and the two bits left over in bytes 0-7
 * are bits 4-5. */
static inline struct scale_min scale_min_at(const uint8_t scales[12], unsigned j) {
    if (j < 4) {
        return (struct scale_min){scales[j] & 63, scales[j + 4] & 63};
    }
    return (struct scale_min){(uint8_t)((scales[j + 4] & 15) | (scales[j - 4] >> 6) << 4),
                              (uint8_t)(scales[j + 4] >> 4 | (scales[j] >> 6) << 4)};
}

/* ---- 4-bit codes that stand for unevenly spaced values ---- */

struct block_iq4_nl {
    uint8_t d[2];   /* f16: w = d * iq4_values[code] */
    uint8_t qs[16]; /* codes of 4 bits, halves of 16 */
};
struct block_iq4_xs {
    uint8_t d[2];        /* f16: w = d * (scale - 32) * iq4_values[code] */
    uint8_t scales_h[2]; /* u16: bits 4-5 of the scale of 32 weights, 2 bits each */
    uint8_t scales_l[4]; /* bits 0-3, a nibble each */
    uint8_t qs[128];     /* 8 times halves of 16 */
};
struct block_mxfp4 {
    uint8_t e;      /* scale 2^(e - 127), see fp4.c; w = scale * E2M1 value of the code */
    uint8_t qs[16]; /* codes of 4 bits, halves of 16 */
};
struct block_nvfp4 {
    uint8_t d[4];   /* per 16 weights: an E4M3 scale without sign; w = scale * E2M1 value of the code */
    uint8_t qs[32]; /* codes of 4 bits: byte 8s + i has w[16s + i] low and w[16s + 8 + i] high */
};

/* ---- one to two bits, evenly spaced ---- */

struct block_q1_0 {
    uint8_t d[2];   /* f16: w = bit ? d : -d */
    uint8_t qs[16]; /* bit i % 8 of byte i / 8 is w[i], of 128 */
};
struct block_q2_0 {
    uint8_t d[2];   /* f16: w = (code - 1) * d */
    uint8_t qs[16]; /* bits 2 (i % 4) and up of byte i / 4 are w[i], of 64 */
};
struct block_tq1_0 {
    uint8_t qs[48]; /* five codes of base 3 a byte: see narrow.c. Bytes 0-31 are w[0..159], 32-47 w[160..239] */
    uint8_t qh[4];  /* four codes a byte: w[240..255] */
    uint8_t d[2];   /* f16: w = (code - 1) * d */
};
struct block_tq2_0 {
    uint8_t qs[64]; /* codes of 2 bits, placed as in q2_K */
    uint8_t d[2];   /* f16: w = (code - 1) * d */
};

/* ---- codes that index a grid of groups of 8 or 4 weights: quant/grids.h ---- */

struct block_iq2_xxs {
    uint8_t d[2];   /* f16 */
    uint8_t qs[64]; /* per 32 weights, 8 bytes: 4 grid indices; u32 of 4 times 7 sign bits and a scale of 4 bits */
};
struct block_iq2_xs {
    uint8_t d[2];      /* f16 */
    uint8_t qs[64];    /* per 8 weights, a u16: grid index in bits 0-8, 7 sign bits above */
    uint8_t scales[8]; /* per 16 weights, a nibble */
};
struct block_iq2_s {
    uint8_t d[2];      /* f16 */
    uint8_t qs[32];    /* per 8 weights: bits 0-7 of the grid index */
    uint8_t signs[32]; /* per 8 weights: a bit each */
    uint8_t qh[8];     /* per 32 weights: bits 8-9 of 4 grid indices */
    uint8_t scales[8]; /* per 16 weights, a nibble */
};
struct block_iq3_xxs {
    uint8_t d[2];            /* f16 */
    uint8_t qs[64];          /* per 4 weights: grid index */
    uint8_t scale_signs[32]; /* per 32 weights, a u32: 4 times 7 sign bits and a scale of 4 bits */
};
struct block_iq3_s {
    uint8_t d[2];      /* f16 */
    uint8_t qs[64];    /* per 4 weights: bits 0-7 of the grid index */
    uint8_t qh[8];     /* per 32 weights: bit 8 of 8 grid indices */
    uint8_t signs[32]; /* per 8 weights: a bit each */
    uint8_t scales[4]; /* per 32 weights, a nibble */
};
struct block_iq1_s {
    uint8_t d[2];   /* f16 */
    uint8_t qs[32]; /* per 8 weights: bits 0-7 of the grid index */
    uint8_t qh[16]; /* per 32 weights, a u16: bits 8-10 of 4 grid indices, scale in bits 12-14, sign of delta in 15 */
};
struct block_iq1_m {
    uint8_t qs[32];    /* per 8 weights: bits 0-7 of the grid index */
    uint8_t qh[16];    /* per 8 weights, a nibble: bits 8-10 of the grid index, sign of delta in bit 3 */
    uint8_t scales[8]; /* four u16: per 16 weights a scale of 3 bits; their top nibbles make the f16 d */
};

#define BLOCK_IS(name, bytes) _Static_assert(sizeof(struct block_##name) == (bytes), "the file's layout")
BLOCK_IS(q4_0, 18);
BLOCK_IS(q4_1, 20);
BLOCK_IS(q5_0, 22);
BLOCK_IS(q5_1, 24);
BLOCK_IS(q8_0, 34);
BLOCK_IS(q2_K, 84);
BLOCK_IS(q3_K, 110);
BLOCK_IS(q4_K, 144);
BLOCK_IS(q5_K, 176);
BLOCK_IS(q6_K, 210);
BLOCK_IS(iq4_nl, 18);
BLOCK_IS(iq4_xs, 136);
BLOCK_IS(mxfp4, 17);
BLOCK_IS(nvfp4, 36);
BLOCK_IS(q1_0, 18);
BLOCK_IS(q2_0, 18);
BLOCK_IS(tq1_0, 54);
BLOCK_IS(tq2_0, 66);
BLOCK_IS(iq2_xxs, 66);
BLOCK_IS(iq2_xs, 74);
BLOCK_IS(iq2_s, 82);
BLOCK_IS(iq3_xxs, 98);
BLOCK_IS(iq3_s, 110);
BLOCK_IS(iq1_s, 50);
BLOCK_IS(iq1_m, 56);
#undef BLOCK_IS

#endif
