/* Codes of a block of weights, unpacked into bytes in the order of the weights. All are unsigned and below 128, so that
 * every variant's dot can take them; the true code is the byte less the type's offset. q8_0 alone has signed bytes. */
#ifndef KERNELS_SIMD128_CODES_H
#define KERNELS_SIMD128_CODES_H

#include "kernels/simd128/simd.h"
#include "quant/blocks.h"

/* 32 weights: two vectors. */
typedef void codes32_fn(v128_t codes[2], const uint8_t *block);
/* 256 weights: sixteen vectors. */
typedef void codes256_fn(v128_t codes[16], const uint8_t *block);

static inline v128_t low_nibbles(v128_t bytes) { return wasm_v128_and(bytes, wasm_i8x16_splat(15)); }

/* A 16-bit shift and a mask: there is no shift of bytes on x86. */
static inline v128_t high_nibbles(v128_t bytes) { return low_nibbles(wasm_u16x8_shr(bytes, 4)); }

static inline void codes_of_halves(v128_t codes[2], const uint8_t qs[16]) {
    const v128_t bytes = wasm_v128_load(qs);
    codes[0] = low_nibbles(bytes);
    codes[1] = high_nibbles(bytes);
}

static inline void codes_q4_0(v128_t codes[2], const uint8_t *block) { codes_of_halves(codes, block + 2); }

static inline void codes_q4_1(v128_t codes[2], const uint8_t *block) { codes_of_halves(codes, block + 4); }

/* Bit i of 16 bits, in byte i as 0 or 16. */
static inline v128_t fifth_bits(uint32_t bits) {
    const v128_t each = wasm_i8x16_make(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
    const v128_t low = wasm_i8x16_splat((int8_t)bits);
    const v128_t high = wasm_i8x16_splat((int8_t)(bits >> 8));
    const v128_t spread = wasm_i64x2_shuffle(low, high, 0, 2);
    return wasm_v128_and(wasm_i8x16_eq(wasm_v128_and(spread, each), each), wasm_i8x16_splat(16));
}

static inline void add_fifth_bits(v128_t codes[2], const uint8_t qh[4]) {
    const uint32_t bits = u32_at(qh);
    codes[0] = wasm_v128_or(codes[0], fifth_bits(bits));
    codes[1] = wasm_v128_or(codes[1], fifth_bits(bits >> 16));
}

static inline void codes_q5_0(v128_t codes[2], const uint8_t *block) {
    codes_of_halves(codes, block + 6);
    add_fifth_bits(codes, block + 2);
}

static inline void codes_q5_1(v128_t codes[2], const uint8_t *block) {
    codes_of_halves(codes, block + 8);
    add_fifth_bits(codes, block + 4);
}

static inline void codes_q8_0(v128_t codes[2], const uint8_t *block) {
    codes[0] = wasm_v128_load(block + 2);
    codes[1] = wasm_v128_load(block + 18);
}

/* Bits `from` and up of each byte, `mask` of them, moved up to bit `to`. Immediate after inlining. */
static inline v128_t bits_of(v128_t bytes, uint32_t from, int8_t mask, uint32_t to) {
    const v128_t field = wasm_v128_and(wasm_u16x8_shr(bytes, from), wasm_i8x16_splat(mask));
    return wasm_i16x8_shl(field, to);
}

static inline void codes_q2_K(v128_t codes[16], const uint8_t *bytes) {
    const struct block_q2_K *block = (const struct block_q2_K *)bytes;
    for (uint32_t h = 0; h < 2; h++) {
        for (uint32_t half = 0; half < 2; half++) {
            const v128_t qs = wasm_v128_load(block->qs + 32 * h + 16 * half);
            for (uint32_t j = 0; j < 4; j++) {
                codes[8 * h + 2 * j + half] = bits_of(qs, 2 * j, 3, 0);
            }
        }
    }
}

static inline void codes_q3_K(v128_t codes[16], const uint8_t *bytes) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    for (uint32_t half = 0; half < 2; half++) {
        const v128_t high = wasm_v128_load(block->hmask + 16 * half);
        for (uint32_t h = 0; h < 2; h++) {
            const v128_t qs = wasm_v128_load(block->qs + 32 * h + 16 * half);
            for (uint32_t j = 0; j < 4; j++) {
                codes[8 * h + 2 * j + half] = wasm_v128_or(bits_of(qs, 2 * j, 3, 0), bits_of(high, 4 * h + j, 1, 2));
            }
        }
    }
}

static inline void codes_q4_K(v128_t codes[16], const uint8_t *bytes) {
    const struct block_q4_K *block = (const struct block_q4_K *)bytes;
    for (uint32_t h = 0; h < 4; h++) {
        for (uint32_t half = 0; half < 2; half++) {
            const v128_t qs = wasm_v128_load(block->qs + 32 * h + 16 * half);
            codes[4 * h + half] = low_nibbles(qs);
            codes[4 * h + 2 + half] = high_nibbles(qs);
        }
    }
}

static inline void codes_q5_K(v128_t codes[16], const uint8_t *bytes) {
    const struct block_q5_K *block = (const struct block_q5_K *)bytes;
    for (uint32_t half = 0; half < 2; half++) {
        const v128_t high = wasm_v128_load(block->qh + 16 * half);
        for (uint32_t h = 0; h < 4; h++) {
            const v128_t qs = wasm_v128_load(block->qs + 32 * h + 16 * half);
            codes[4 * h + half] = wasm_v128_or(low_nibbles(qs), bits_of(high, 2 * h, 1, 4));
            codes[4 * h + 2 + half] = wasm_v128_or(high_nibbles(qs), bits_of(high, 2 * h + 1, 1, 4));
        }
    }
}

static inline void codes_q6_K(v128_t codes[16], const uint8_t *bytes) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    for (uint32_t h = 0; h < 2; h++) {
        for (uint32_t half = 0; half < 2; half++) {
            const v128_t high = wasm_v128_load(block->qh + 32 * h + 16 * half);
            const v128_t first = wasm_v128_load(block->ql + 64 * h + 16 * half);
            const v128_t second = wasm_v128_load(block->ql + 64 * h + 32 + 16 * half);
            codes[8 * h + half] = wasm_v128_or(low_nibbles(first), bits_of(high, 0, 3, 4));
            codes[8 * h + 2 + half] = wasm_v128_or(low_nibbles(second), bits_of(high, 2, 3, 4));
            codes[8 * h + 4 + half] = wasm_v128_or(high_nibbles(first), bits_of(high, 4, 3, 4));
            codes[8 * h + 6 + half] = wasm_v128_or(high_nibbles(second), bits_of(high, 6, 3, 4));
        }
    }
}

#endif
