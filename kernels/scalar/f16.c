/* The reference of the conversions to and from f16. */
#include "kernels/variants.h"
#include "quant/blocks.h"

void f32_to_f16_scalar(uint16_t *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = f32_to_f16(x[i]);
    }
}

void f16_to_f32_scalar(float *out, const uint16_t *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = f16_to_f32(x[i]);
    }
}

void q8_0_to_f16_scalar(uint16_t *out, const uint8_t *blocks, size_t n) {
    const struct block_q8_0 *block = (const struct block_q8_0 *)blocks;
    for (size_t b = 0; b < n / 32; b++) {
        for (size_t i = 0; i < 32; i++) {
            out[32 * b + i] = f32_to_f16((float)block[b].qs[i] * f16_at(block[b].d));
        }
    }
}
