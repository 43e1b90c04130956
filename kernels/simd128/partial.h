/* Loads and stores of partial vectors: the last 1 to 3 floats of an array. */
#ifndef KERNELS_SIMD128_PARTIAL_H
#define KERNELS_SIMD128_PARTIAL_H

#include <stddef.h>

#include "kernels/simd128/simd.h"

/* n floats, 1 to 3, in the low lanes; zeros above. */
static inline v128_t load_partial(const float *x, size_t n) {
    if (n == 1) {
        return wasm_v128_load32_zero(x);
    }
    const v128_t two = wasm_v128_load64_zero(x);
    return n == 2 ? two : wasm_v128_load32_lane(x + 2, two, 2);
}

/* Stores the low n lanes, 1 to 3. */
static inline void store_partial(float *out, v128_t x, size_t n) {
    if (n == 1) {
        wasm_v128_store32_lane(out, x, 0);
        return;
    }
    wasm_v128_store64_lane(out, x, 0);
    if (n == 3) {
        wasm_v128_store32_lane(out + 2, x, 2);
    }
}

#endif
