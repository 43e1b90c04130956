/* The reference of LayerNorm. */
#include "kernels/scalar/sums.h"
#include "kernels/variants.h"

void layernorm_scalar(float *out, const float *x, const float *weight, const float *bias, size_t n, float epsilon) {
    double sums[8] = {0};
    double squares[8] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % 8] += (double)x[i];
    }
    const float mean = (float)(sum_of_8_double(sums) / (double)n);
    for (size_t i = 0; i < n; i++) {
        const float difference = x[i] - mean;
        squares[i % 8] += (double)difference * (double)difference;
    }
    const float factor = (float)(1.0 / __builtin_sqrt(sum_of_8_double(squares) / (double)n + (double)epsilon));
    for (size_t i = 0; i < n; i++) {
        const float normed = (x[i] - mean) * factor * weight[i];
        out[i] = bias ? normed + bias[i] : normed;
    }
}
