#include "kernels/scalar/exp.h"
#include "kernels/variants.h"

void scan_scalar(float *out, float *state, size_t rows, size_t n, float decay, const float *b, const float *x,
                 const float *c) {
    for (size_t r = 0; r < rows; r++, state += n) {
        float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (size_t i = 0; i < n; i++) {
            state[i] = state[i] * decay + b[i] * x[r];
            sums[i % 4] += state[i] * c[i];
        }
        out[r] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

void scan_each_scalar(float *out, float *state, size_t rows, size_t n, const float *step, const float *a,
                      const float *b, const float *x, const float *c) {
    for (size_t r = 0; r < rows; r++, state += n, a += n) {
        float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (size_t i = 0; i < n; i++) {
            state[i] = state[i] * exp_f32(step[r] * a[i]) + b[i] * x[r];
            sums[i % 4] += state[i] * c[i];
        }
        out[r] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

void delta_scalar(float *out, float *state, size_t rows, size_t n, float decay, float beta, const float *k,
                  const float *v, const float *q) {
    for (size_t r = 0; r < rows; r++, state += n) {
        float held[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (size_t i = 0; i < n; i++) {
            state[i] *= decay;
            held[i % 4] += state[i] * k[i];
        }
        const float change = (v[r] - ((held[0] + held[1]) + (held[2] + held[3]))) * beta;
        for (size_t i = 0; i < n; i++) {
            state[i] += k[i] * change;
            sums[i % 4] += state[i] * q[i];
        }
        out[r] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}
