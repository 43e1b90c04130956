#include "kernels/scalar/unpack.h"

#include "platform/memory.h"

static int nibble_of_halves(const uint8_t qs[16], unsigned i) { return i < 16 ? qs[i] & 15 : qs[i - 16] >> 4; }

void unpack_q4_0(struct block32 *out, const uint8_t *bytes) {
    const struct block_q4_0 *block = (const struct block_q4_0 *)bytes;
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)(nibble_of_halves(block->qs, i) - 8);
    }
    out->d = f16_at(block->d);
    out->m = 0.0f;
}

void unpack_q4_1(struct block32 *out, const uint8_t *bytes) {
    const struct block_q4_1 *block = (const struct block_q4_1 *)bytes;
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)nibble_of_halves(block->qs, i);
    }
    out->d = f16_at(block->d);
    out->m = f16_at(block->m);
}

static int fifth_bit(const uint8_t qh[4], unsigned i) { return (qh[i / 8] >> (i % 8) & 1) << 4; }

void unpack_q5_0(struct block32 *out, const uint8_t *bytes) {
    const struct block_q5_0 *block = (const struct block_q5_0 *)bytes;
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)((nibble_of_halves(block->qs, i) | fifth_bit(block->qh, i)) - 16);
    }
    out->d = f16_at(block->d);
    out->m = 0.0f;
}

void unpack_q5_1(struct block32 *out, const uint8_t *bytes) {
    const struct block_q5_1 *block = (const struct block_q5_1 *)bytes;
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = (int8_t)(nibble_of_halves(block->qs, i) | fifth_bit(block->qh, i));
    }
    out->d = f16_at(block->d);
    out->m = f16_at(block->m);
}

void unpack_q8_0(struct block32 *out, const uint8_t *bytes) {
    const struct block_q8_0 *block = (const struct block_q8_0 *)bytes;
    memcpy(out->code, block->qs, 32);
    out->d = f16_at(block->d);
    out->m = 0.0f;
}

void unpack_q2_K(struct block256 *out, const uint8_t *bytes) {
    const struct block_q2_K *block = (const struct block_q2_K *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)two_bits_of_256(block->qs, i);
    }
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = block->scales[j] & 15;
        out->minimum[j] = block->scales[j] >> 4;
    }
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
}

void unpack_q3_K(struct block256 *out, const uint8_t *bytes) {
    const struct block_q3_K *block = (const struct block_q3_K *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)((two_bits_of_256(block->qs, i) | bit_of_256(block->hmask, i) << 2) - 4);
    }
    for (unsigned j = 0; j < 16; j++) {
        const int low = block->scales[j % 8] >> (j / 8 * 4) & 15;
        const int high = block->scales[8 + j % 4] >> (j / 4 * 2) & 3;
        out->scale[j] = (int16_t)((low | high << 4) - 32);
        out->minimum[j] = 0;
    }
    out->d = f16_at(block->d);
    out->dmin = 0.0f;
}

static void unpack_scales(struct block256 *out, const uint8_t scales[12]) {
    for (unsigned j = 0; j < 16; j++) {
        const struct scale_min pair = scale_min_at(scales, j / 2);
        out->scale[j] = pair.scale;
        out->minimum[j] = pair.minimum;
    }
}

void unpack_q4_K(struct block256 *out, const uint8_t *bytes) {
    const struct block_q4_K *block = (const struct block_q4_K *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)nibble_of_256(block->qs, i);
    }
    unpack_scales(out, block->scales);
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
}

void unpack_q5_K(struct block256 *out, const uint8_t *bytes) {
    const struct block_q5_K *block = (const struct block_q5_K *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = (int8_t)(nibble_of_256(block->qs, i) | bit_of_256(block->qh, i) << 4);
    }
    unpack_scales(out, block->scales);
    out->d = f16_at(block->d);
    out->dmin = f16_at(block->dmin);
}

void unpack_q6_K(struct block256 *out, const uint8_t *bytes) {
    const struct block_q6_K *block = (const struct block_q6_K *)bytes;
    for (unsigned i = 0; i < 256; i++) {
        const int low = block->ql[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
        out->code[i] = (int8_t)((low | two_bits_of_256(block->qh, i) << 4) - 32);
    }
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = block->scales[j];
        out->minimum[j] = 0;
    }
    out->d = f16_at(block->d);
    out->dmin = 0.0f;
}
