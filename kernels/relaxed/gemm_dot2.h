/* gemm by dot2, for hosts where dot4 is not one instruction (host_probe.h). Each row keeps its own lanes throughout.
 *
 * Sums of two products stay in i16 for `dot2_slices` slices: 8 for codes of 4 bits (2 * 8 * 127 * 15), 4 for 5 bits
 * (2 * 4 * 127 * 31), 2 for 6 bits (2 * 2 * 127 * 63), all below 2^15; activations are never -128. A K-quant has a
 * scale at least every sub_block / 4 slices. Eight rows by two tokens by two slices fit in 15 registers, and two slices
 * take 24 vector instructions for 128 products. */
#ifndef KERNELS_RELAXED_GEMM_DOT2_H
#define KERNELS_RELAXED_GEMM_DOT2_H

#include "kernels/kernels.h"
#include "kernels/simd128/types_kquant.h"
#include "kernels/simd128/types_legacy.h"

/* Panels of I8_LEGACY_PANEL_BYTES, of types with codes of 4 or 5 bits. */
void gemm_dot2_legacy(const struct legacy_type *type, const struct gemm_args *args);
/* Panels of I8_KQUANT_PANEL_BYTES(dot2_slices). */
void gemm_dot2_kquant(const struct kquant_type *type, size_t dot2_slices, const struct gemm_args *args);
/* Panels of I8_SUB_BLOCK16_BYTES, with codes raised by 16 to lie below 32. Activations are q8_0. */
gemm_fn gemm_dot2_sub_block16;

#endif
