/* Hints to the compiler that the hot loops depend on. Without them clang unrolls loops, loads everything first and
 * spills registers. */
#ifndef KERNELS_SIMD128_HINTS_H
#define KERNELS_SIMD128_HINTS_H

#include <stdint.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NEVER_INLINE  static __attribute__((noinline))

/* Loops that must be unrolled, or must not be, at any optimization level. */
#define UNROLL    _Pragma("clang loop unroll(full)")
#define KEEP_LOOP _Pragma("clang loop unroll(disable)")

/* Returns the same address, but the compiler forgets everything it knew about it. This prevents it from merging,
 * hoisting and reordering loads across iterations, and lets it fold constant offsets into the loads. */
ALWAYS_INLINE const uint8_t *opaque(const uint8_t *at) {
    __asm__("" : "+r"(at));
    return at;
}

/* Forces the elements of `array` to be stored by this point. Otherwise V8 first loads what every iteration of an
 * unrolled loop needs and runs out of registers: one token of Q4_K took a fifth longer in Node 20. */
#define STORED(array) __asm__ volatile("" : : "r"(array) : "memory")

#endif
