#include "kernels/variants.h"

void rmsnorm_scalar(float *out, const float *x, const float *weight, size_t n, float epsilon) {
    double sums[8] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % 8] += (double)x[i] * (double)x[i];
    }
    const double low = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    const double sum = low + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    const float factor = (float)(1.0 / __builtin_sqrt(sum / (double)n + (double)epsilon));
    for (size_t i = 0; i < n; i++) {
        const float normed = x[i] * factor;
        out[i] = weight ? normed * weight[i] : normed;
    }
}
