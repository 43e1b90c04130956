/* The legacy types, Q4_0 to Q8_0, and IQ4_NL, which has the structure of Q8_0: blocks of 32 that start with an f16
 * scale, followed by an f16 minimum in Q4_1 and Q5_1.
 *
 * To add a type, write its unpack function, describe it and add it to LEGACY_TYPES or SIGNED_LEGACY_TYPES. */
#ifndef KERNELS_SIMD128_TYPES_LEGACY_H
#define KERNELS_SIMD128_TYPES_LEGACY_H

#include <stddef.h>

#include "kernels/simd128/bit_fields.h"
#include "kernels/simd128/constants.h"
#include "quant/blocks.h"
#include "quant/iq4.h"

/* 32 codes in the order of the weights. */
typedef void unpack_legacy_fn(v128_t codes[2], const uint8_t *block);

/* weight = scale * (code - offset) + minimum */
struct legacy_type {
    unpack_legacy_fn *unpack;
    size_t block_bytes;
    uint32_t code_bits;   /* 4 or 5: codes are unsigned; 8: signed, unless there is an offset */
    uint32_t offset_log2; /* offset = 1 << offset_log2; 0: no offset */
    int has_minimum;      /* the activation is q8_1; otherwise q8_0 */
};

static inline void unpack_q4_0_codes(v128_t codes[2], const uint8_t *block) {
    nibbles(codes, ((const struct block_q4_0 *)block)->qs);
}

static inline void unpack_q4_1_codes(v128_t codes[2], const uint8_t *block) {
    nibbles(codes, ((const struct block_q4_1 *)block)->qs);
}

/* 16 in each byte i whose bit i % 8 is set, otherwise 0. */
static inline v128_t fifth_bits(v128_t bytes) {
    const v128_t each = load_constant(constants.bits);
    return wasm_v128_and(wasm_i8x16_eq(wasm_v128_and(bytes, each), each), splat8(16));
}

static inline void add_fifth_bits(v128_t codes[2], const uint8_t qh[4]) {
    const v128_t bits = wasm_v128_load32_splat(qh);
    const v128_t twice = wasm_i8x16_shuffle(bits, bits, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const v128_t fourfold = wasm_i16x8_shuffle(twice, twice, 0, 0, 1, 1, 2, 2, 3, 3);
    codes[0] = wasm_v128_or(codes[0], fifth_bits(wasm_i32x4_shuffle(fourfold, fourfold, 0, 0, 1, 1)));
    codes[1] = wasm_v128_or(codes[1], fifth_bits(wasm_i32x4_shuffle(fourfold, fourfold, 2, 2, 3, 3)));
}

static inline void unpack_q5_0_codes(v128_t codes[2], const uint8_t *bytes) {
    const struct block_q5_0 *block = (const struct block_q5_0 *)bytes;
    nibbles(codes, block->qs);
    add_fifth_bits(codes, block->qh);
}

static inline void unpack_q5_1_codes(v128_t codes[2], const uint8_t *bytes) {
    const struct block_q5_1 *block = (const struct block_q5_1 *)bytes;
    nibbles(codes, block->qs);
    add_fifth_bits(codes, block->qh);
}

static inline void unpack_q8_0_codes(v128_t codes[2], const uint8_t *bytes) {
    const struct block_q8_0 *block = (const struct block_q8_0 *)bytes;
    codes[0] = wasm_v128_load(block->qs);
    codes[1] = wasm_v128_load(block->qs + 16);
}

static inline void unpack_iq4_nl_codes(v128_t codes[2], const uint8_t *block) {
    nibbles(codes, ((const struct block_iq4_nl *)block)->qs);
    codes[0] = wasm_i8x16_swizzle(load_constant(iq4_values), codes[0]);
    codes[1] = wasm_i8x16_swizzle(load_constant(iq4_values), codes[1]);
}

/* Each variant has a macro that defines the kernels of a type: LEGACY(name, activation kind). */
#define LEGACY_TYPES(LEGACY)                                                                                           \
    LEGACY(q4_0, ACTIVATION_Q8_0)                                                                                      \
    LEGACY(q4_1, ACTIVATION_Q8_1)                                                                                      \
    LEGACY(q5_0, ACTIVATION_Q8_0)                                                                                      \
    LEGACY(q5_1, ACTIVATION_Q8_1)
/* Types whose codes are signed bytes. Their activation kind is q8_0. */
#define SIGNED_LEGACY_TYPES(LEGACY)                                                                                    \
    LEGACY(q8_0)                                                                                                       \
    LEGACY(iq4_nl)

static const struct legacy_type type_q4_0 = {
    .unpack = unpack_q4_0_codes,
    .block_bytes = sizeof(struct block_q4_0),
    .code_bits = 4,
    .offset_log2 = 3,
};
static const struct legacy_type type_q4_1 = {
    .unpack = unpack_q4_1_codes,
    .block_bytes = sizeof(struct block_q4_1),
    .code_bits = 4,
    .has_minimum = 1,
};
static const struct legacy_type type_q5_0 = {
    .unpack = unpack_q5_0_codes,
    .block_bytes = sizeof(struct block_q5_0),
    .code_bits = 5,
    .offset_log2 = 4,
};
static const struct legacy_type type_q5_1 = {
    .unpack = unpack_q5_1_codes,
    .block_bytes = sizeof(struct block_q5_1),
    .code_bits = 5,
    .has_minimum = 1,
};
static const struct legacy_type type_q8_0 = {
    .unpack = unpack_q8_0_codes,
    .block_bytes = sizeof(struct block_q8_0),
    .code_bits = 8,
};
static const struct legacy_type type_iq4_nl = {
    .unpack = unpack_iq4_nl_codes,
    .block_bytes = sizeof(struct block_iq4_nl),
    .code_bits = 8,
};
/* The loops read the scale, and the minimum after it, as the first words of a block. */
_Static_assert(offsetof(struct block_q4_0, d) == 0 && offsetof(struct block_q5_0, d) == 0, "");
_Static_assert(offsetof(struct block_q8_0, d) == 0 && offsetof(struct block_iq4_nl, d) == 0, "");
_Static_assert(offsetof(struct block_q4_1, d) == 0 && offsetof(struct block_q4_1, m) == 2, "");
_Static_assert(offsetof(struct block_q5_1, d) == 0 && offsetof(struct block_q5_1, m) == 2, "");

#endif
