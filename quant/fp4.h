/* The values of MXFP4 and NVFP4: 4-bit floats (E2M1) with shared scales. fp4_values holds doubled values, which are
 * whole numbers, so the scales are halved.
 * https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf */
#ifndef QUANT_FP4_H
#define QUANT_FP4_H

#include <stdint.h>

#include "quant/f16.h"

extern const int8_t fp4_values[16]; /* twice the value of each code */

/* Half the scale of mxfp4: 2^(e - 128), a subnormal number if e < 2. e = 255, a NaN in the specification, is 2^127 as
 * in llama.cpp. */
static inline float half_e8m0(unsigned e) { return f32_from_bits(e < 2 ? 0x200000u << e : (e - 1) << 23); }

/* Half the scale of nvfp4: an E4M3 number whose sign bit is ignored. 0x7f, a NaN in the specification, is 0 as in
 * llama.cpp, but 0xff is 480. */
static inline float half_e4m3(unsigned bits) {
    if (bits == 0x7f) {
        return 0;
    }
    const unsigned exponent = bits >> 3 & 15;
    const unsigned mantissa = (bits & 7) + (exponent ? 8 : 0);
    return (float)mantissa * f32_from_bits((exponent ? exponent + 116 : 117) << 23); /* 2^(exponent - 11) */
}

#endif
