/* Conversions between f32 and f16 (IEEE 754 binary16) or bf16, with integer operations.
 * Rounding is to nearest, ties to even. Subnormal numbers and infinities are kept, and a NaN stays a NaN. */
#ifndef QUANT_F16_H
#define QUANT_F16_H

#include <stdint.h>

static inline float f32_from_bits(uint32_t bits) {
    union {
        uint32_t u;
        float f;
    } pun = {.u = bits};
    return pun.f;
}

static inline uint32_t f32_bits(float x) {
    union {
        float f;
        uint32_t u;
    } pun = {.f = x};
    return pun.u;
}

static inline float f16_to_f32(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    const uint32_t magnitude = h & 0x7fffu;
    if (magnitude < 0x400u) { /* zero or subnormal: a multiple of 2^-24 */
        return f32_from_bits(f32_bits((float)magnitude * 0x1p-24f) | sign);
    }
    const uint32_t bias = magnitude < 0x7c00u ? 112u : 224u; /* infinities and NaNs keep the largest exponent */
    return f32_from_bits(((magnitude << 13) + (bias << 23)) | sign);
}

static inline uint16_t f32_to_f16(float x) {
    const uint32_t bits = f32_bits(x);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u) {
        half = 0x7e00u;
    } else if (magnitude >= 0x477ff000u) { /* from 65520 on, the nearest f16 is infinity */
        half = 0x7c00u;
    } else if (magnitude >= 0x38800000u) {
        half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    } else { /* adding 0.5 rounds to a multiple of 2^-24 */
        half = f32_bits(f32_from_bits(magnitude) + 0.5f) - 0x3f000000u;
    }
    return (uint16_t)(half | sign);
}

static inline float bf16_to_f32(uint16_t b) { return f32_from_bits((uint32_t)b << 16); }

#endif
