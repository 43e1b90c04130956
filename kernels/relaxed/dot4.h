/* The relaxed dot product that adds four products of bytes into each i32 lane. */
#ifndef KERNELS_RELAXED_DOT4_H
#define KERNELS_RELAXED_DOT4_H

#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

/* Codes of 128 and more need the host's eighth bit: see host_probe.h. */
ALWAYS_INLINE v128_t dot4_add(v128_t activations, v128_t codes, v128_t sum) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(activations, codes, sum);
}

#endif
