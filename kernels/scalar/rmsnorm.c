#include "kernels/variants.h"

static double sum_of(const double sums[8]) {
    const double low = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return low + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

void rmsnorm_scalar(float *out, const float *x, const float *weight, size_t n, float epsilon) {
    double sums[8] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % 8] += (double)x[i] * (double)x[i];
    }
    const float factor = (float)(1.0 / __builtin_sqrt(sum_of(sums) / (double)n + (double)epsilon));
    for (size_t i = 0; i < n; i++) {
        const float normed = x[i] * factor;
        out[i] = weight ? normed * weight[i] : normed;
    }
}

void layernorm_scalar(float *out, const float *x, const float *weight, const float *bias, size_t n, float epsilon) {
    double sums[8] = {0};
    double squares[8] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % 8] += (double)x[i];
    }
    const float mean = (float)(sum_of(sums) / (double)n);
    for (size_t i = 0; i < n; i++) {
        const float difference = x[i] - mean;
        squares[i % 8] += (double)difference * (double)difference;
    }
    const float factor = (float)(1.0 / __builtin_sqrt(sum_of(squares) / (double)n + (double)epsilon));
    for (size_t i = 0; i < n; i++) {
        const float normed = (x[i] - mean) * factor * weight[i];
        out[i] = bias ? normed + bias[i] : normed;
    }
}
