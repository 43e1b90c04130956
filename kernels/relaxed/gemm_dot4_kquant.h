/* gemm of K-quants by dot4, for hosts where it is one instruction (host_probe.h). Codes are below 32. */
#ifndef KERNELS_RELAXED_GEMM_DOT4_KQUANT_H
#define KERNELS_RELAXED_GEMM_DOT4_KQUANT_H

#include "kernels/kernels.h"
#include "kernels/simd128/gemm_kquant.h"

/* slices: slices of eight weights whose sums fit i16: 4 for codes of 4 bits in sub-blocks of 32, 2 for codes of up to 5
 * bits. */

/* The panel: for each group of four rows, its blocks. */
void gemm_dot4_kquant(const struct kquant_type *type, size_t slices, const struct gemm_args *args);

#endif
