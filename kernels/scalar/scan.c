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
