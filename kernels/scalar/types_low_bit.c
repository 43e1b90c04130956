/* The reference of the low-bit types: Q1_0, Q2_0, TQ1_0, TQ2_0. */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"

static void unpack_q1_0(struct block32 *out, const void *from) {
    const struct block_q1_0 *block = from;
    for (unsigned i = 0; i < 128; i++) {
        out[i / 32].d = f16_at(block->d);
        out[i / 32].code[i % 32] = q1_0_code(block, i) ? 1 : -1;
    }
}
SCALAR_BLOCKS32(q1_0, 128)

static void unpack_q2_0(struct block32 *out, const void *from) {
    const struct block_q2_0 *block = from;
    for (unsigned i = 0; i < 64; i++) {
        out[i / 32].d = f16_at(block->d);
        out[i / 32].code[i % 32] = (int8_t)(q2_0_code(block, i) - 1);
    }
}
SCALAR_BLOCKS32(q2_0, 64)

static void unpack_tq1_0(struct block256 *out, const void *from) {
    const struct block_tq1_0 *block = from;
    out->d = f16_at(block->d);
    for (unsigned i = 0; i < 256; i++) {
        out->scale[i / 16] = 1;
        out->code[i] = (int8_t)(tq1_0_code(block, i) - 1);
    }
}
SCALAR_BLOCKS256(tq1_0)

static void unpack_tq2_0(struct block256 *out, const void *from) {
    const struct block_tq2_0 *block = from;
    out->d = f16_at(block->d);
    for (unsigned i = 0; i < 256; i++) {
        out->scale[i / 16] = 1;
        out->code[i] = (int8_t)(two_bits_of_256(block->qs, i) - 1);
    }
}
SCALAR_BLOCKS256(tq2_0)
