/* Codes of a block of weights, unpacked into bytes in the order of the weights. All are unsigned and below 128, so that
 * every variant's dot can take them; the true code is the byte less the type's offset. Only q8_0 and iq4_nl have signed
 * bytes. */
#ifndef KERNELS_SIMD128_CODES_H
#define KERNELS_SIMD128_CODES_H

#include "kernels/simd128/lanes.h"
#include "quant/blocks.h"
#include "quant/iq4.h"

/* 32 weights: two vectors. */
typedef void codes32_fn(v128_t codes[2], const uint8_t *block);
/* Chunk i < 4 of 256 weights: four vectors. Types with sub-blocks of 32 have w[64 i + 16 v ...] in codes[v], those with
 * sub-blocks of 16 have w[128 (i / 2) + 16 (i % 2) + 32 v ...]. */
typedef void chunk256_fn(v128_t codes[4], const uint8_t *block, size_t i);

static inline v128_t low_nibbles(v128_t bytes) { return wasm_v128_and(bytes, every8(15)); }

/* A 16-bit shift and a mask: there is no shift of bytes on x86. */
static inline v128_t high_nibbles(v128_t bytes) { return low_nibbles(wasm_u16x8_shr(bytes, 4)); }

static inline void codes_of_halves(v128_t codes[2], const uint8_t qs[16]) {
    const v128_t bytes = wasm_v128_load(qs);
    codes[0] = low_nibbles(bytes);
    codes[1] = high_nibbles(bytes);
}

static inline void codes_q4_0(v128_t codes[2], const uint8_t *block) { codes_of_halves(codes, block + 2); }

static inline void codes_q4_1(v128_t codes[2], const uint8_t *block) { codes_of_halves(codes, block + 4); }

/* 16 where bit i % 8 of byte i is set, else 0. */
static inline v128_t fifth_bits(v128_t bytes) {
    const v128_t each = constant(constants.bits);
    return wasm_v128_and(wasm_i8x16_eq(wasm_v128_and(bytes, each), each), every8(16));
}

static inline void add_fifth_bits(v128_t codes[2], const uint8_t qh[4]) {
    const v128_t bits = wasm_v128_load32_splat(qh);
    const v128_t twice = wasm_i8x16_shuffle(bits, bits, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const v128_t fourfold = wasm_i16x8_shuffle(twice, twice, 0, 0, 1, 1, 2, 2, 3, 3);
    codes[0] = wasm_v128_or(codes[0], fifth_bits(wasm_i32x4_shuffle(fourfold, fourfold, 0, 0, 1, 1)));
    codes[1] = wasm_v128_or(codes[1], fifth_bits(wasm_i32x4_shuffle(fourfold, fourfold, 2, 2, 3, 3)));
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

/* Signed, as those of q8_0. */
static inline void codes_iq4_nl(v128_t codes[2], const uint8_t *block) {
    codes_of_halves(codes, block + 2);
    codes[0] = wasm_i8x16_swizzle(constant(iq4_values), codes[0]);
    codes[1] = wasm_i8x16_swizzle(constant(iq4_values), codes[1]);
}

/* Bits `from` and up of each byte, `mask` of them, moved to bit `to`. All immediate after inlining. */
static inline v128_t bits_of(v128_t bytes, uint32_t from, int32_t mask, uint32_t to) {
    const v128_t moved = from > to ? wasm_u16x8_shr(bytes, from - to) : wasm_i16x8_shl(bytes, to - from);
    return wasm_v128_and(from == to ? bytes : moved, every8(mask << to));
}

static inline void chunk_q2_K(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const v128_t qs = wasm_v128_load(((const struct block_q2_K *)bytes)->qs + 16 * i);
    UNROLL
    for (uint32_t v = 0; v < 4; v++) {
        codes[v] = bits_of(qs, 2 * v, 3, 0);
    }
}

static inline void chunk_q3_K(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    const v128_t qs = wasm_v128_load(block->qs + 16 * i);
    const v128_t high = wasm_u16x8_shr(wasm_v128_load(block->hmask + 16 * (i % 2)), (uint32_t)(4 * (i / 2)));
    UNROLL
    for (uint32_t v = 0; v < 4; v++) {
        codes[v] = wasm_v128_or(bits_of(qs, 2 * v, 3, 0), bits_of(high, v, 1, 2));
    }
}

static inline void chunk_of_nibbles(v128_t codes[4], const uint8_t *qs) {
    const v128_t first = wasm_v128_load(qs);
    const v128_t second = wasm_v128_load(qs + 16);
    codes[0] = low_nibbles(first);
    codes[1] = low_nibbles(second);
    codes[2] = high_nibbles(first);
    codes[3] = high_nibbles(second);
}

static inline void chunk_q4_K(v128_t codes[4], const uint8_t *bytes, size_t i) {
    chunk_of_nibbles(codes, ((const struct block_q4_K *)bytes)->qs + 32 * i);
}

static inline void chunk_q5_K(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const struct block_q5_K *block = (const struct block_q5_K *)bytes;
    chunk_of_nibbles(codes, block->qs + 32 * i);
    UNROLL
    for (uint32_t half = 0; half < 2; half++) {
        const v128_t high = wasm_u16x8_shr(wasm_v128_load(block->qh + 16 * half), (uint32_t)(2 * i));
        codes[half] = wasm_v128_or(codes[half], bits_of(high, 0, 1, 4));
        codes[2 + half] = wasm_v128_or(codes[2 + half], bits_of(high, 1, 1, 4));
    }
}

static inline void chunk_q6_K(v128_t codes[4], const uint8_t *bytes, size_t i) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    const uint8_t *ql = block->ql + 64 * (i / 2) + 16 * (i % 2);
    const v128_t first = wasm_v128_load(ql);
    const v128_t second = wasm_v128_load(ql + 32);
    const v128_t high = wasm_v128_load(block->qh + 16 * i);
    codes[0] = wasm_v128_or(low_nibbles(first), bits_of(high, 0, 3, 4));
    codes[1] = wasm_v128_or(low_nibbles(second), bits_of(high, 2, 3, 4));
    codes[2] = wasm_v128_or(high_nibbles(first), bits_of(high, 4, 3, 4));
    codes[3] = wasm_v128_or(high_nibbles(second), bits_of(high, 6, 3, 4));
}

#endif
