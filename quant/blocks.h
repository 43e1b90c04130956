/* The blocks of the quantized tensor types as they are stored in a file, and functions that read their fields.
 *
 * All fields are bytes, so the structs have alignment 1 and no padding, and a pointer to any byte of a file may be cast
 * to a pointer to a block. Numbers of several bytes are little-endian; u16_at, u32_at and f16_at read them.
 * The layouts come from ggml-common.h of llama.cpp. What the codes mean is defined by the decoders (quant/decode.h).
 *
 * w[i] is weight i of a block, and code i its code. d is the scale of the whole block. Functions called <type>_code,
 * <type>_scale and <type>_octet return one code, the scale of one sub-block, and the fields of 8 weights of a grid
 * type.
 */
#ifndef QUANT_BLOCKS_H
#define QUANT_BLOCKS_H

#include <stdint.h>

#include "quant/f16.h"

static inline uint16_t u16_at(const uint8_t bytes[2]) { return (uint16_t)(bytes[0] | bytes[1] << 8); }
static inline uint32_t u32_at(const uint8_t bytes[4]) { return u16_at(bytes) | (uint32_t)u16_at(bytes + 2) << 16; }
static inline float f16_at(const uint8_t bytes[2]) { return f16_to_f32(u16_at(bytes)); }

/* ---- how several types pack their codes ---- */

/* 4 bits of code i < 32: the low nibbles hold codes 0-15, the high nibbles codes 16-31. */
static inline int nibble_of_32(const uint8_t qs[16], unsigned i) { return i < 16 ? qs[i] & 15 : qs[i - 16] >> 4; }

/* 4 bits of code i < 256: each 32 bytes hold 32 codes in their low nibbles, then 32 codes in their high nibbles. */
static inline int nibble_of_256(const uint8_t qs[128], unsigned i) {
    return qs[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
}

/* 2 bits of code i < 256: each 32 bytes hold 4 times 32 codes, in bits 0-1, 2-3, 4-5 and 6-7. */
static inline int two_bits_of_256(const uint8_t qs[64], unsigned i) {
    return qs[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3;
}

/* 1 bit of code i < 256: the 32 bytes hold 8 times 32 codes, in bits 0, 1 and so on. */
static inline int bit_of_256(const uint8_t bits[32], unsigned i) { return bits[i % 32] >> (i / 32) & 1; }

/* 4 bits of scale j, two scales per byte, the low nibble first. */
static inline unsigned scale_nibble(const uint8_t *scales, unsigned j) { return scales[j / 2] >> (j % 2 * 4) & 15; }

/* ---- legacy types: 32 weights with one scale, some with a minimum ---- */

struct block_q4_0 {
    uint8_t d[2];   /* f16: w = (code - 8) * d */
    uint8_t qs[16]; /* codes: nibble_of_32 */
};
struct block_q4_1 {
    uint8_t d[2];   /* f16: w = code * d + m */
    uint8_t m[2];   /* f16 */
    uint8_t qs[16]; /* codes: nibble_of_32 */
};
struct block_q5_0 {
    uint8_t d[2];   /* f16: w = (code - 16) * d */
    uint8_t qh[4];  /* bit 4 of the codes, bit i of a u32 for code i */
    uint8_t qs[16]; /* bits 0-3 of the codes: nibble_of_32 */
};
struct block_q5_1 {
    uint8_t d[2];   /* f16: w = code * d + m */
    uint8_t m[2];   /* f16 */
    uint8_t qh[4];  /* as in q5_0 */
    uint8_t qs[16]; /* as in q5_0 */
};
struct block_q8_0 {
    uint8_t d[2];  /* f16: w = code * d */
    int8_t qs[32]; /* codes */
};

/* Code i < 32 of q5_0 and q5_1. */
static inline int q5_code(const uint8_t qh[4], const uint8_t qs[16], unsigned i) {
    return nibble_of_32(qs, i) | (int)(u32_at(qh) >> i & 1) << 4;
}

/* ---- K-quants: 256 weights in sub-blocks of 16 or 32, whose scales are quantized too ---- */

struct block_q2_K {
    uint8_t scales[16]; /* sub-blocks of 16: scale in bits 0-3, minimum in bits 4-7 */
    uint8_t qs[64];     /* codes: two_bits_of_256 */
    uint8_t d[2];       /* f16: w = d * scale * code - dmin * minimum */
    uint8_t dmin[2];    /* f16 */
};
struct block_q3_K {
    uint8_t hmask[32];  /* bit 2 of the codes: bit_of_256 */
    uint8_t qs[64];     /* bits 0-1 of the codes: two_bits_of_256 */
    uint8_t scales[12]; /* sub-blocks of 16: q3_K_scale */
    uint8_t d[2];       /* f16: w = d * scale * (code - 4) */
};
struct block_q4_K {
    uint8_t d[2];       /* f16: w = d * scale * code - dmin * minimum */
    uint8_t dmin[2];    /* f16 */
    uint8_t scales[12]; /* sub-blocks of 32: scale_min_at */
    uint8_t qs[128];    /* codes: nibble_of_256 */
};
struct block_q5_K {
    uint8_t d[2];       /* f16: w = d * scale * code - dmin * minimum */
    uint8_t dmin[2];    /* f16 */
    uint8_t scales[12]; /* sub-blocks of 32: scale_min_at */
    uint8_t qh[32];     /* bit 4 of the codes: bit_of_256 */
    uint8_t qs[128];    /* bits 0-3 of the codes: nibble_of_256 */
};
struct block_q6_K {
    uint8_t ql[128];   /* bits 0-3 of the codes: each 64 bytes hold 64 low nibbles, then 64 high nibbles */
    uint8_t qh[64];    /* bits 4-5 of the codes: two_bits_of_256 */
    int8_t scales[16]; /* sub-blocks of 16 */
    uint8_t d[2];      /* f16: w = d * scale * (code - 32) */
};

static inline int q3_K_code(const struct block_q3_K *block, unsigned i) {
    return two_bits_of_256(block->qs, i) | bit_of_256(block->hmask, i) << 2;
}
/* Scale j < 16, from -32 to 31. Bits 0-3 are nibbles of bytes 0-7: first all low ones, then all high ones. Bits 4-5 are
 * in bytes 8-11. */
static inline int q3_K_scale(const struct block_q3_K *block, unsigned j) {
    const int low = block->scales[j % 8] >> (j / 8 * 4) & 15;
    const int high = block->scales[8 + j % 4] >> (j / 4 * 2) & 3;
    return (low | high << 4) - 32;
}

struct scale_min {
    uint8_t scale;
    uint8_t minimum;
};
/* Scale and minimum of sub-block j < 8 of q4_K and q5_K, 6 bits each. Bytes 0-3 hold scales 0-3 and bytes 4-7 minimums
 * 0-3 in their bits 0-5. Bytes 8-11 hold bits 0-3 of the others, the scale in the low nibble. Their bits 4-5 are the
 * top bits of bytes 0-3 (scales) and 4-7 (minimums). */
static inline struct scale_min scale_min_at(const uint8_t scales[12], unsigned j) {
    if (j < 4) {
        return (struct scale_min){scales[j] & 63, scales[j + 4] & 63};
    }
    return (struct scale_min){(uint8_t)((scales[j + 4] & 15) | (scales[j - 4] >> 6) << 4),
                              (uint8_t)(scales[j + 4] >> 4 | (scales[j] >> 6) << 4)};
}

static inline int q5_K_code(const struct block_q5_K *block, unsigned i) {
    return nibble_of_256(block->qs, i) | bit_of_256(block->qh, i) << 4;
}
static inline int q6_K_code(const struct block_q6_K *block, unsigned i) {
    const int low = block->ql[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
    return low | two_bits_of_256(block->qh, i) << 4;
}

/* ---- IQ4: 4-bit codes that index the unevenly spaced values of quant/iq4.h ---- */

struct block_iq4_nl {
    uint8_t d[2];   /* f16: w = d * iq4_values[code] */
    uint8_t qs[16]; /* codes: nibble_of_32 */
};
struct block_iq4_xs {
    uint8_t d[2];        /* f16: w = d * scale * iq4_values[code] */
    uint8_t scales_h[2]; /* sub-blocks of 32: bits 4-5 of the scales, 2 bits each of a u16 */
    uint8_t scales_l[4]; /* bits 0-3 of the scales: scale_nibble */
    uint8_t qs[128];     /* codes: nibble_of_32 for each sub-block */
};

/* Scale j < 8, from -32 to 31. */
static inline int iq4_xs_scale(const struct block_iq4_xs *block, unsigned j) {
    const unsigned high = u16_at(block->scales_h) >> (j * 2) & 3u;
    return (int)(scale_nibble(block->scales_l, j) | high << 4) - 32;
}

/* ---- FP4: 4-bit floats with a shared scale, see quant/fp4.h ---- */

struct block_mxfp4 {
    uint8_t e;      /* scale, E8M0: w = scale * value of the code */
    uint8_t qs[16]; /* codes: nibble_of_32 */
};
struct block_nvfp4 {
    uint8_t d[4];   /* sub-blocks of 16: scale, E4M3 without sign: w = scale * value of the code */
    uint8_t qs[32]; /* codes: nvfp4_code */
};

/* Code i < 64: each 8 bytes hold the 16 codes of a sub-block, first the low nibbles, then the high ones. */
static inline int nvfp4_code(const struct block_nvfp4 *block, unsigned i) {
    return block->qs[i / 16 * 8 + i % 8] >> (i / 8 % 2 * 4) & 15;
}

/* ---- low-bit types: 1 or 2 bits per weight, evenly spaced values ---- */

struct block_q1_0 {
    uint8_t d[2];   /* f16: w = code ? d : -d */
    uint8_t qs[16]; /* 128 codes, 1 bit each */
};
struct block_q2_0 {
    uint8_t d[2];   /* f16: w = (code - 1) * d */
    uint8_t qs[16]; /* 64 codes, 2 bits each */
};
struct block_tq1_0 {
    uint8_t qs[48]; /* codes 0-239, 5 digits of base 3 per byte: tq1_0_code */
    uint8_t qh[4];  /* codes 240-255, 4 digits per byte */
    uint8_t d[2];   /* f16: w = (code - 1) * d */
};
struct block_tq2_0 {
    uint8_t qs[64]; /* codes: two_bits_of_256 */
    uint8_t d[2];   /* f16: w = (code - 1) * d */
};

static inline int q1_0_code(const struct block_q1_0 *block, unsigned i) { return block->qs[i / 8] >> (i % 8) & 1; }
static inline int q2_0_code(const struct block_q2_0 *block, unsigned i) { return block->qs[i / 4] >> (i % 4 * 2) & 3; }

/* Digit k of a byte of tq1_0. The byte divided by 256 is a fraction in base 3. Multiplying by 3^k and dropping the
 * whole part (the digits before k) leaves a fraction whose first digit is digit k: the whole part of 3 times it. */
static inline int base3_digit(unsigned byte, unsigned k) {
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    return (int)((byte * power[k] & 255) * 3 >> 8);
}
/* Code i < 256: digit 0 of 32 bytes, digit 1 of the same bytes and so on; then likewise 16 bytes, then 4. */
static inline int tq1_0_code(const struct block_tq1_0 *block, unsigned i) {
    if (i < 160) {
        return base3_digit(block->qs[i % 32], i / 32);
    }
    if (i < 240) {
        return base3_digit(block->qs[32 + i % 16], (i - 160) / 16);
    }
    return base3_digit(block->qh[i % 4], (i - 240) / 4);
}

/* ---- grid types: an index selects the codes of 8 or 4 weights at once, from the tables of quant/grid_tables.h ----
 *
 * The 256 weights form 32 octets. A scale belongs to 16 or 32 weights, so octets 2j and 2j + 1 have the same
 * one. */

struct block_iq1_s {
    uint8_t d[2];   /* f16 */
    uint8_t qs[32]; /* per octet: bits 0-7 of the index */
    uint8_t qh[16]; /* per 32 weights, a u16: bits 8-10 of 4 indices, scale in bits 12-14, sign of delta in bit 15 */
};
struct block_iq1_m {
    uint8_t qs[32];    /* per octet: bits 0-7 of the index */
    uint8_t qh[16];    /* per octet, a nibble: bits 8-10 of the index, sign of delta in bit 3 */
    uint8_t scales[8]; /* 4 u16, for 64 weights each: 4 scales of 3 bits, and in bits 12-15 a nibble of d (f16) */
};
struct block_iq2_xxs {
    uint8_t d[2];   /* f16 */
    uint8_t qs[64]; /* per 32 weights, 8 bytes: 4 indices, then a u32 of 4 times 7 sign bits and a 4-bit scale */
};
struct block_iq2_xs {
    uint8_t d[2];      /* f16 */
    uint8_t qs[64];    /* per octet, a u16: index in bits 0-8, 7 sign bits above */
    uint8_t scales[8]; /* per 16 weights: scale_nibble */
};
struct block_iq2_s {
    uint8_t d[2];      /* f16 */
    uint8_t qs[32];    /* per octet: bits 0-7 of the index */
    uint8_t signs[32]; /* per octet: 8 sign bits */
    uint8_t qh[8];     /* per 32 weights: bits 8-9 of 4 indices */
    uint8_t scales[8]; /* per 16 weights: scale_nibble */
};
struct block_iq3_xxs {
    uint8_t d[2];            /* f16 */
    uint8_t qs[64];          /* per 4 weights: the index */
    uint8_t scale_signs[32]; /* per 32 weights, a u32: 4 times 7 sign bits and a 4-bit scale */
};
struct block_iq3_s {
    uint8_t d[2];      /* f16 */
    uint8_t qs[64];    /* per 4 weights: bits 0-7 of the index */
    uint8_t qh[8];     /* per 32 weights: bit 8 of 8 indices */
    uint8_t signs[32]; /* per octet: 8 sign bits */
    uint8_t scales[4]; /* per 32 weights: scale_nibble */
};

/* The fields of one octet. */
struct iq1_octet {
    uint16_t index;         /* into iq1_grid */
    uint8_t scale;          /* 3 bits */
    uint8_t negative_delta; /* 1 if delta is subtracted, 0 if it is added */
};
struct iq2_octet {
    uint16_t index; /* into the grid of the type */
    uint8_t scale;  /* 4 bits */
    uint8_t signs;  /* bit j: weight j is negative */
};
struct iq3_octet {
    uint16_t index[2]; /* into the grid of the type: weights 0-3 and 4-7 */
    uint8_t scale;     /* 4 bits */
    uint8_t signs;     /* bit j: weight j is negative */
};

/* The signs of an octet from the 7 bits that are stored: bit 7 makes the number of negative weights even. */
static inline uint8_t signs_of_7_bits(unsigned stored) {
    return (uint8_t)(stored | (unsigned)__builtin_parity(stored) << 7);
}

static inline struct iq1_octet iq1_s_octet(const struct block_iq1_s *block, unsigned o) {
    const unsigned qh = u16_at(block->qh + o / 4 * 2);
    return (struct iq1_octet){
        .index = (uint16_t)(block->qs[o] | (qh >> (o % 4 * 3) & 7) << 8),
        .scale = (uint8_t)(qh >> 12 & 7),
        .negative_delta = (uint8_t)(qh >> 15),
    };
}

static inline struct iq1_octet iq1_m_octet(const struct block_iq1_m *block, unsigned o) {
    const unsigned qh = block->qh[o / 2] >> (o % 2 * 4) & 15u;
    const unsigned scales = u16_at(block->scales + o / 8 * 2);
    return (struct iq1_octet){
        .index = (uint16_t)(block->qs[o] | (qh & 7) << 8),
        .scale = (uint8_t)(scales >> (o / 2 % 4 * 3) & 7),
        .negative_delta = (uint8_t)(qh >> 3),
    };
}

/* The scale of a block of iq1_m, whose f16 is spread over the top nibbles of `scales`. */
static inline float iq1_m_d(const struct block_iq1_m *block) {
    unsigned bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        bits |= (unsigned)(u16_at(block->scales + 2 * i) >> 12) << (4 * i);
    }
    return f16_to_f32((uint16_t)bits);
}

static inline struct iq2_octet iq2_xxs_octet(const struct block_iq2_xxs *block, unsigned o) {
    const uint8_t *indices = block->qs + o / 4 * 8;
    const uint32_t scale_signs = u32_at(indices + 4);
    return (struct iq2_octet){
        .index = indices[o % 4],
        .scale = (uint8_t)(scale_signs >> 28),
        .signs = signs_of_7_bits(scale_signs >> (o % 4 * 7) & 127),
    };
}

static inline struct iq2_octet iq2_xs_octet(const struct block_iq2_xs *block, unsigned o) {
    const unsigned index_signs = u16_at(block->qs + 2 * o);
    return (struct iq2_octet){
        .index = (uint16_t)(index_signs & 511),
        .scale = (uint8_t)scale_nibble(block->scales, o / 2),
        .signs = signs_of_7_bits(index_signs >> 9),
    };
}

static inline struct iq2_octet iq2_s_octet(const struct block_iq2_s *block, unsigned o) {
    return (struct iq2_octet){
        .index = (uint16_t)(block->qs[o] | (block->qh[o / 4] >> (o % 4 * 2) & 3) << 8),
        .scale = (uint8_t)scale_nibble(block->scales, o / 2),
        .signs = block->signs[o],
    };
}

static inline struct iq3_octet iq3_xxs_octet(const struct block_iq3_xxs *block, unsigned o) {
    const uint32_t scale_signs = u32_at(block->scale_signs + o / 4 * 4);
    return (struct iq3_octet){
        .index = {block->qs[2 * o], block->qs[2 * o + 1]},
        .scale = (uint8_t)(scale_signs >> 28),
        .signs = signs_of_7_bits(scale_signs >> (o % 4 * 7) & 127),
    };
}

static inline struct iq3_octet iq3_s_octet(const struct block_iq3_s *block, unsigned o) {
    const unsigned high = block->qh[o / 4] >> (o % 4 * 2) & 3u;
    return (struct iq3_octet){
        .index = {(uint16_t)(block->qs[2 * o] | (high & 1) << 8), (uint16_t)(block->qs[2 * o + 1] | (high >> 1) << 8)},
        .scale = (uint8_t)scale_nibble(block->scales, o / 4),
        .signs = block->signs[o],
    };
}

/* ---- the structs have the sizes that quant/types.inc states ---- */

#define QUANTIZED_TYPE(ID, name, number, weights, bytes)                                                               \
    _Static_assert(sizeof(struct block_##name) == (bytes), "size of a block of " #name);
#include "quant/types.inc"

#endif
