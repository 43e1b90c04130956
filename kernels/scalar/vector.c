/* The reference of adding and scaling vectors, and of RoPE. */
#include "kernels/variants.h"

void add_scalar(float *out, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] + b[i];
    }
}

void scale_scalar(float *x, float factor, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] *= factor;
    }
}

static void rotate(float *a, float *b, float cosine, float sine) {
    const float x = *a;
    const float y = *b;
    *a = x * cosine - y * sine;
    *b = x * sine + y * cosine;
}

void rope_norm_scalar(float *x, const float *cosines, const float *sines, size_t pairs) {
    for (size_t i = 0; i < pairs; i++) {
        rotate(&x[2 * i], &x[2 * i + 1], cosines[i], sines[i]);
    }
}

void rope_neox_scalar(float *x, const float *cosines, const float *sines, size_t pairs) {
    for (size_t i = 0; i < pairs; i++) {
        rotate(&x[i], &x[i + pairs], cosines[i], sines[i]);
    }
}
