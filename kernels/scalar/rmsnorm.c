/* The reference of RMSNorm. */
#include "kernels/scalar/sums.h"
#include "kernels/variants.h"

void rmsnorm_scalar(float *out, const float *x, const float *weight, size_t n, float epsilon) {
    double sums[8] = {0};
    for (size_t i = 0; i < n; i++) {
        sums[i % 8] += (double)x[i] * (double)x[i];
    }
    const float factor = (float)(1.0 / __builtin_sqrt(sum_of_8_double(sums) / (double)n + (double)epsilon));
    for (size_t i = 0; i < n; i++) {
        const float normed = x[i] * factor;
        out[i] = weight ? normed * weight[i] : normed;
    }
}
