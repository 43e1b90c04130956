/* Panels of signed types for plain SIMD128, which relaxed kernels use too where the host's dot4 is of no use. */
#ifndef KERNELS_SIMD128_PANEL_SIGNED_H
#define KERNELS_SIMD128_PANEL_SIGNED_H

#include "kernels/kernels.h"
#include "kernels/simd128/signed_type.h"

/* A panel of I16_KQUANT_PANEL_BYTES per block: that of an exact K-quant whose minimums are 0. */
void unpack_i16_signed_panel(const struct signed_type *type, const struct panel_args *args);

#endif
