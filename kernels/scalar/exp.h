/* exp of a float from + - * and integer operations only, so that every variant gives the same bits: the vector form,
 * kernels/simd128/exp.h, takes the same steps. At most 1 ulp off where the result is normal; a subnormal result is
 * rounded once more. 0 at -104 and below, infinity at 88.73 and above; a NaN gives a NaN.
 *
 * x = k ln 2 + r, |r| <= (ln 2) / 2; e^r = 1 + r + r^2 p(r), p the minimax polynomial of degree 4 (error 3e-9). */
#ifndef KERNELS_SCALAR_EXP_H
#define KERNELS_SCALAR_EXP_H

#include "quant/f16.h"

#define EXP_LOWEST   (-104.0f) /* e^-104 is below half of the least float */
#define EXP_HIGHEST  89.0f     /* e^89 is above the largest */
#define EXP_LOG2_E   0x1.715476p0f
#define EXP_SHIFT    0x1.8p23f    /* x + this has the integer nearest to x in its low bits */
#define EXP_LN2_HIGH 0x1.62e4p-1f /* 15 bits: times k it is exact */
#define EXP_LN2_LOW  0x1.7f7d1cp-20f
#define EXP_P0       0x1.fffffcp-2f
#define EXP_P1       0x1.55549p-3f
#define EXP_P2       0x1.5558f4p-5f
#define EXP_P3       0x1.123a36p-7f
#define EXP_P4       0x1.6a23a8p-10f

static inline float exp_f32(float x) {
    x = x < EXP_LOWEST ? EXP_LOWEST : x;
    x = EXP_HIGHEST < x ? EXP_HIGHEST : x;
    const float shifted = x * EXP_LOG2_E + EXP_SHIFT;
    const float k = shifted - EXP_SHIFT;
    const float r = (x - k * EXP_LN2_HIGH) - k * EXP_LN2_LOW;
    const float p = (((EXP_P4 * r + EXP_P3) * r + EXP_P2) * r + EXP_P1) * r + EXP_P0;
    const float power = 1.0f + (r + r * r * p);
    /* 2^k in two steps, since k may lie outside the exponents of a float */
    const int32_t exponent = (int32_t)(f32_bits(shifted) - f32_bits(EXP_SHIFT));
    const int32_t half = exponent >> 1;
    const uint32_t first = ((uint32_t)half + 127u) << 23;
    const uint32_t second = ((uint32_t)exponent - (uint32_t)half + 127u) << 23;
    return power * f32_from_bits(first) * f32_from_bits(second);
}

#endif
