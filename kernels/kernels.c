/* The choice of variants, made at build time. Variants that are not chosen are not linked. */
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
#define WEIGHT(type, name, best)
const struct kernels kernels = {
#include "kernels/kernels.inc"
};
#undef KERNEL
#undef WEIGHT

#define KERNEL(kind, name, best)
#define WEIGHT(type, name, best) [type] = &CHOSEN_##best(name),
static const struct weight_kernels *const weights[TYPE_COUNT] = {
#include "kernels/kernels.inc"
};
#undef KERNEL
#undef WEIGHT

#define KERNEL(kind, name, best)
#define WEIGHT(type, name, best) [type] = decode_##name,
static decode_fn *const decoders[TYPE_COUNT] = {
#include "kernels/kernels.inc"
};
#undef KERNEL
#undef WEIGHT

decode_fn *weight_decoder(uint32_t type) { return type < TYPE_COUNT ? decoders[type] : NULL; }

const struct weight_kernels *weight_kernels(uint32_t type) { return type < TYPE_COUNT ? weights[type] : NULL; }

size_t panel_bytes(uint32_t type, size_t n) {
    return (n / type_traits(type)->block_weights * weights[type]->panel_block_bytes + 63) & ~(size_t)63;
}
