/* The SIMD128 instructions: the compiler's header for Wasm, SIMDe's elsewhere (tests and embedding). */
#ifndef KERNELS_SIMD128_SIMD_H
#define KERNELS_SIMD128_SIMD_H

#ifdef __wasm__
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#endif

#endif
