/* The choice of variants, made when the module is built: what is not chosen is not linked. */
#include "kernels/kernels.h"
#include "kernels/variants.h"

#define CHOSEN_scalar(name) name##_scalar
#ifdef QUERN_KERNELS_SIMD128
#define CHOSEN_simd128(name) name##_simd128
#else
#define CHOSEN_simd128(name) name##_scalar
#endif
#ifdef QUERN_KERNELS_RELAXED
#define CHOSEN_relaxed(name) name##_relaxed
#else
#define CHOSEN_relaxed(name) CHOSEN_simd128(name)
#endif

#define KERNEL(kind, name, best) .name = CHOSEN_##best(name),
const struct kernels kernels = {
#include "kernels/kernels.inc"
};
#undef KERNEL
