/* Every variant that a kernel may have, declared: name_scalar, name_simd128, name_relaxed. Which of them are written,
 * kernels.inc says; the folders of that name hold them. */
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
