/* gemm by dot4, for hosts where it is one instruction (host_probe.h). */
#ifndef KERNELS_RELAXED_GEMM_DOT4_H
#define KERNELS_RELAXED_GEMM_DOT4_H

#include "kernels/kernels.h"
#include "kernels/simd128/signed_type.h"
#include "kernels/simd128/types_legacy.h"

/* Panels of I8_LEGACY_PANEL_BYTES. Codes of eight bits must be signed or unsigned as the host takes them. */
void gemm_dot4_legacy(const struct legacy_type *type, const struct gemm_args *args);

/* Signed types. If the host takes codes as unsigned (is_unsigned), the panel has them plus 128. */
#define DOT4_SIGNED_PANEL_BYTES (16 * (5 * 32) + 32) /* of the panel per block */
void unpack_dot4_signed_panel(const struct signed_type *type, int is_unsigned, const struct panel_args *args);
/* The parts of a block of the panel, for types that are unpacked elsewhere: sub-block j < 16 of group g with its scales
 * as i32, and the group's d. */
void store_dot4_signed_sub_block(uint8_t *block, size_t g, size_t j, const v128_t codes[4], v128_t scales);
void store_dot4_signed_d(uint8_t *block, size_t g, v128_t d);
void gemm_dot4_signed(int is_unsigned, const struct gemm_args *args);

#endif
