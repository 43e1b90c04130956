/* The reference of the activation functions, alone and as gates of an FFN, and of the soft cap. */
#include "kernels/exp.h"
#include "kernels/scalar/gelu.h"
#include "kernels/variants.h"

void swiglu_scalar(float *out, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = gate[i] / (1.0f + exp_f32(-gate[i])) * up[i];
    }
}

void silu_scalar(float *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = x[i] / (1.0f + exp_f32(-x[i]));
    }
}

void glu_scalar(float *out, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = up[i] / (1.0f + exp_f32(-gate[i]));
    }
}

/* Argument and result are rounded to f16, because llama.cpp looks gelu up in a table of f16. */
static float gelu(float exact) {
    if (exact <= -GELU_BOUND) {
        return 0.0f;
    }
    if (exact >= GELU_BOUND) {
        return exact;
    }
    const float x = f16_to_f32(f32_to_f16(exact));
    const float y = x * (GELU_LINEAR + GELU_CUBIC * (x * x));
    return f16_to_f32(f32_to_f16(x / (1.0f + exp_f32(y))));
}

void geglu_scalar(float *out, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = gelu(gate[i]) * up[i];
    }
}

void gelu_scalar(float *out, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        out[i] = gelu(x[i]);
    }
}

void softcap_scalar(float *x, float cap, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float y = x[i] / cap;
        const float e = exp_f32(-2.0f * __builtin_fabsf(y));
        x[i] = cap * __builtin_copysignf((1.0f - e) / (1.0f + e), y);
    }
}
