/* The reference of the recurrences: one token's step of Mamba-1, Mamba-2 and the gated delta net. */
#include "kernels/exp.h"
#include "kernels/scalar/sums.h"
#include "kernels/variants.h"

void scan_scalar(float *out, float *state, size_t rows, size_t n, float decay, const float *b, const float *x,
                 const float *c) {
    for (size_t r = 0; r < rows; r++, state += n) {
        float sums[4] = {0};
        for (size_t i = 0; i < n; i++) {
            state[i] = state[i] * decay + b[i] * x[r];
            sums[i % 4] += state[i] * c[i];
        }
        out[r] = sum_of_4(sums);
    }
}

void scan_each_scalar(float *out, float *state, size_t rows, size_t n, const float *step, const float *a,
                      const float *b, const float *x, const float *c) {
    for (size_t r = 0; r < rows; r++, state += n, a += n) {
        float sums[4] = {0};
        for (size_t i = 0; i < n; i++) {
            state[i] = state[i] * exp_f32(step[r] * a[i]) + b[i] * x[r];
            sums[i % 4] += state[i] * c[i];
        }
        out[r] = sum_of_4(sums);
    }
}

void delta_scalar(float *out, float *state, size_t rows, size_t n, float decay, float beta, const float *k,
                  const float *v, const float *q) {
    for (size_t r = 0; r < rows; r++, state += n) {
        float held[4] = {0};
        float sums[4] = {0};
        for (size_t i = 0; i < n; i++) {
            state[i] *= decay;
            held[i % 4] += state[i] * k[i];
        }
        const float change = (v[r] - sum_of_4(held)) * beta;
        for (size_t i = 0; i < n; i++) {
            state[i] += k[i] * change;
            sums[i % 4] += state[i] * q[i];
        }
        out[r] = sum_of_4(sums);
    }
}
