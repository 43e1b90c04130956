/* The reference of the K-quants, Q2_K to Q6_K. */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"

static void unpack_q2_K(struct block256 *out, const void *from) {
    const struct block_q2_K *block = from;
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = block->scales[j] & 15;
        out->minimum[j] = block->scales[j] >> 4;
    }
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)two_bits_of_256(block->qs, i);
    }
}
SCALAR_BLOCKS256(q2_K)

static void unpack_q3_K(struct block256 *out, const void *from) {
    const struct block_q3_K *block = from;
    out->d = f16_at(block->d);
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = (int16_t)q3_K_scale(block, j);
    }
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)(q3_K_code(block, i) - 4);
    }
}
SCALAR_BLOCKS256(q3_K)

/* The scales of q4_K and q5_K, each of which covers 32 weights. */
static void unpack_scales(struct block256 *out, const uint8_t scales[12]) {
    for (unsigned j = 0; j < 16; j++) {
        const struct scale_min scale_min = scale_min_at(scales, j / 2);
        out->scale[j] = scale_min.scale;
        out->minimum[j] = scale_min.minimum;
    }
}

static void unpack_q4_K(struct block256 *out, const void *from) {
    const struct block_q4_K *block = from;
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
    unpack_scales(out, block->scales);
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)nibble_of_256(block->qs, i);
    }
}
SCALAR_BLOCKS256(q4_K)

static void unpack_q5_K(struct block256 *out, const void *from) {
    const struct block_q5_K *block = from;
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
    unpack_scales(out, block->scales);
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)q5_K_code(block, i);
    }
}
SCALAR_BLOCKS256(q5_K)

static void unpack_q6_K(struct block256 *out, const void *from) {
    const struct block_q6_K *block = from;
    out->d = f16_at(block->d);
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = block->scales[j];
    }
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)(q6_K_code(block, i) - 32);
    }
}
SCALAR_BLOCKS256(q6_K)
