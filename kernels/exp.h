/* exp of a float from + - * and integer operations only, so that every variant gives the same bits: the vector form,
 * kernels/simd128/exp.h, takes the same steps. At most 1 ulp off from x = -86.9 to 88.72, where the result is a
 * normal number; 0 below, and infinity above. A NaN gives a NaN.
 *
 * x = k ln 2 + r, |r| <= (ln 2) / 2; 2 e^r = 2 + (2 r + r^2 p(r)), p / 2 the minimax polynomial of degree 4 (error
 * 3e-9). e^x is the product of 2 e^r and 2^(k - 1). Because of the factor 2, the latter is a float even for the largest
 * k, 128. For the smallest k, -126, it becomes 0. */
#ifndef KERNELS_EXP_H
#define KERNELS_EXP_H

#include "quant/f16.h"

#define EXP_LOWEST   (-87.5f) /* k = -126 */
#define EXP_HIGHEST  89.0f    /* k = 128, and above the largest float */
#define EXP_LOG2_E   0x1.715476p0f
#define EXP_SHIFT    0x1.8p23f    /* x + this has the integer nearest to x in its low bits */
#define EXP_LN2_HIGH 0x1.62e4p-1f /* 15 bits: times k it is exact */
#define EXP_LN2_LOW  0x1.7f7d1cp-20f
#define EXP_P0       0x1.fffffcp-1f
#define EXP_P1       0x1.55549p-2f
#define EXP_P2       0x1.5558f4p-4f
#define EXP_P3       0x1.123a36p-6f
#define EXP_P4       0x1.6a23a8p-9f
#define EXP_BIAS     (126u << 23)

static inline float exp_f32(float x) {
    x = x < EXP_LOWEST ? EXP_LOWEST : x;
    x = EXP_HIGHEST < x ? EXP_HIGHEST : x;
    const float shifted = x * EXP_LOG2_E + EXP_SHIFT;
    const float k = shifted - EXP_SHIFT;
    const float r = (x - k * EXP_LN2_HIGH) - k * EXP_LN2_LOW;
    const float square = r * r;
    const float low = EXP_P0 + EXP_P1 * r;
    const float high = (EXP_P2 + EXP_P3 * r) + EXP_P4 * square;
    const float power = 2.0f + ((r + r) + square * (low + square * high));
    return power * f32_from_bits((f32_bits(shifted) << 23) + EXP_BIAS); /* the shift leaves k alone */
}

#endif
