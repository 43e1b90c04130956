/* The reference of the legacy types, Q4_0 to Q8_0: blocks of 32 weights with one scale. */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"

static void unpack_q4_0(struct block32 *out, const void *from) {
    const struct block_q4_0 *block = from;
    out->d = f16_at(block->d);
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)(nibble_of_32(block->qs, i) - 8);
    }
}
SCALAR_BLOCKS32(q4_0, 32)

static void unpack_q4_1(struct block32 *out, const void *from) {
    const struct block_q4_1 *block = from;
    out->d = f16_at(block->d);
    out->m = f16_at(block->m);
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)nibble_of_32(block->qs, i);
    }
}
SCALAR_BLOCKS32_MIN(q4_1)

static void unpack_q5_0(struct block32 *out, const void *from) {
    const struct block_q5_0 *block = from;
    out->d = f16_at(block->d);
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)(q5_code(block->qh, block->qs, i) - 16);
    }
}
SCALAR_BLOCKS32(q5_0, 32)

static void unpack_q5_1(struct block32 *out, const void *from) {
    const struct block_q5_1 *block = from;
    out->d = f16_at(block->d);
    out->m = f16_at(block->m);
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)q5_code(block->qh, block->qs, i);
    }
}
SCALAR_BLOCKS32_MIN(q5_1)

static void unpack_q8_0(struct block32 *out, const void *from) {
    const struct block_q8_0 *block = from;
    out->d = f16_at(block->d);
    memcpy(out->code, block->qs, 32);
}
SCALAR_BLOCKS32(q8_0, 32)
