/* Dots that sum four products into i32 at once. What i32x4.relaxed_dot_i8x16_i7x16_add makes of a second operand with
 * its highest bit set is the host's choice: signed (ARM's sdot), unsigned without saturation (x86's vpdpbusd), or
 * something of no use. The first two are also the hosts where it is one instruction, and then the fastest there is. */
#ifndef KERNELS_RELAXED_WIDE_H
#define KERNELS_RELAXED_WIDE_H

#include "kernels/relaxed/panel.h"

enum eighth_bit { LOST, SIGNED, UNSIGNED };
/* What this host does: a handful of instructions, asked anew for each product of matrices. */
enum eighth_bit eighth_bit(void);

ALWAYS_INLINE v128_t dot_add(v128_t activations, v128_t codes, v128_t sum) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(activations, codes, sum);
}

/* Batches over the panels of panel.h, for hosts where the eighth bit is not LOST. offset: see finish32. */
void gemm_wide32(uint32_t offset, const struct gemm_args *args);
void gemm_wide32_minimum(const struct gemm_args *args);

/* Batches of K-quants on such hosts, over panels of their own (wide256.c): for each group of four rows, blocks of
 * wide256_bytes. `steps` of eight weights have their sums in i16: 4 for codes of 4 bits in sub-blocks of 32, 2 for
 * codes of up to 5 bits. sub_block, exact: see store_tail256; wide256_4 is for sub-blocks of 32, the exact one of 16.
 */
size_t wide256_bytes(size_t steps);
void wide256_store(uint8_t *block, size_t steps, size_t sub_block, int exact, const struct rows256 *rows,
                   v128_t halves);
void gemm_wide256_4(const struct gemm_args *args);
void gemm_wide256_2(size_t sub_block, const struct gemm_args *args);
void gemm_wide256_2_exact(const struct gemm_args *args);

#endif
