#include "kernels/variants.h"

void rmsnorm_scalar(float *out, const float *x, const float *weight, size_t n, float epsilon) {
    double sums[4] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % 4] += (double)x[i] * (double)x[i];
    }
    const double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    const float factor = (float)(1.0 / __builtin_sqrt(sum / (double)n + (double)epsilon));
    for (size_t i = 0; i < n; i++) {
        const float normed = x[i] * factor;
        out[i] = weight ? normed * weight[i] : normed;
    }
}
