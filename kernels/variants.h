/* Declares every variant of every kernel: name_scalar, name_simd128, name_relaxed. kernels.inc says which of them
 * exist.
 *
 * This is the one header whose functions are defined in many files: the folders scalar/, simd128/ and relaxed/ define
 * what kernels.inc lists, so that no variant has to be declared by hand. */
#ifndef KERNELS_VARIANTS_H
#define KERNELS_VARIANTS_H

#include "kernels/kernels.h"

/* A function may be declared by its type. */
#define KERNEL(kind, name, best)                                                                                       \
    kind##_fn name##_scalar;                                                                                           \
    kind##_fn name##_simd128;                                                                                          \
    kind##_fn name##_relaxed;
#define WEIGHT(type, name, best) extern const struct weight_kernels name##_scalar, name##_simd128, name##_relaxed;
#include "kernels/kernels.inc"
#undef KERNEL
#undef WEIGHT

#endif
