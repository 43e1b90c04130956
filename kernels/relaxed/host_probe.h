/* Probes of the host, for what the specification of relaxed SIMD leaves open. They run a handful of instructions, and
 * are repeated for each matrix product. */
#ifndef KERNELS_RELAXED_HOST_PROBE_H
#define KERNELS_RELAXED_HOST_PROBE_H

#include "kernels/simd128/gemm_tile.h"

/* What i32x4.relaxed_dot_i8x16_i7x16_add does with the highest bit of the bytes of its second operand. If the bit makes
 * the byte signed or unsigned, the dot product is one instruction, and the fastest one. */
enum eighth_bit {
    EIGHTH_BIT_UNUSABLE,
    EIGHTH_BIT_SIGNED,  /* as in ARM's sdot */
    EIGHTH_BIT_UNSIGNED /* as in x86's vpdpbusd: the bytes are unsigned, and sums do not saturate */
};
enum eighth_bit probe_eighth_bit(void);

/* The faster way to splat four bytes. wasmtime compiles a splatting load whose result is used more than once to three
 * instructions, so there a plain load and shuffles are faster. A wrong guess costs only speed: both ways give the same
 * bits. */
enum splat probe_splat(void);

#endif
