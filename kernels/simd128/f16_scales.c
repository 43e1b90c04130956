/* The slow path of widen_f16 as a function of its own. */
#include "kernels/simd128/f16_scales.h"

struct widened_f16 widen_any_f16(v128_t f16) { return widen_any_f16_inline(f16); }
