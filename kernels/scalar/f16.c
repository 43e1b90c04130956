/* The reference of the conversions to and from f16. */
#include "quant/f16.h"
#include "kernels/variants.h"

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
