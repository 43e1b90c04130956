/* Batches by dots of pairs, for hosts where the dot that sums four products is not one instruction (wide.h): sums in
 * the rows' lanes throughout.
 *
 * Sums of pairs stay in i16 for some steps: 8 where codes have 4 bits (2 * 8 * 127 * 15), 4 where they have 5
 * (2 * 4 * 127 * 31), 2 where they have 6 (2 * 2 * 127 * 63), all below 2^15; activations are never -128. Eight rows by
 * two tokens by two steps are what 15 registers hold. Two steps take 24 vector instructions for 128 products.
 *
 * wasmtime's compiler makes three instructions of a splatted load of which more than one product is taken: a load, a
 * move, a broadcast. There two steps load their activations as one vector and shuffle it. */
#ifndef KERNELS_RELAXED_PAIRS_H
#define KERNELS_RELAXED_PAIRS_H

#include "kernels/relaxed/panel.h"

/* How this host had best splat, for which the lesser of two zeros tells wasmtime from the others: the relaxed minimum
 * may be either, and there is the first. A guess at speed alone, for both ways give the same bits. */
enum splat splat_here(void);

/* i16: the sums of pairs of two steps, added to what is there unless they are the first. */
ALWAYS_INLINE void two_steps(enum splat splat, struct tile *pairs, const uint8_t **w, struct places *at, int first) {
    const uint8_t *const codes = opaque(*w);
    v128_t a[TOKENS][2];
    UNROLL
    for (int t = 0; t < TOKENS; t++) {
        at->q[t] = opaque(at->q[t]);
        if (splat == LOADED) {
            a[t][0] = wasm_v128_load32_splat(at->q[t]);
            a[t][1] = wasm_v128_load32_splat(at->q[t] + 4);
        } else { /* behind the last quants come scales */
            const v128_t next = wasm_v128_load(at->q[t]);
            a[t][0] = wasm_i32x4_shuffle(next, next, 0, 0, 0, 0);
            a[t][1] = wasm_i32x4_shuffle(next, next, 1, 1, 1, 1);
        }
    }
    UNROLL
    for (int i = 0; i < 2; i++) {
        FOR_TILE(t, g) {
            const v128_t dot =
                wasm_i16x8_relaxed_dot_i8x16_i7x16(a[t][i], wasm_v128_load(codes + i * STEP_BYTES + 16 * g));
            pairs->of[t][g] = first && i == 0 ? dot : wasm_i16x8_add(pairs->of[t][g], dot);
        }
    }
    *w = codes + 2 * STEP_BYTES;
    for (int t = 0; t < TOKENS; t++) {
        at->q[t] += 8;
    }
}

/* Batches over the panels of panel.h. Names have the steps whose sums of pairs fit i16. Codes of 32_8 have an offset of
 * 8, those of 32_4 one of 16, those with a minimum none. */
void gemm_pairs32_8(const struct gemm_args *args);
void gemm_pairs32_8_minimum(const struct gemm_args *args);
void gemm_pairs32_4(const struct gemm_args *args);
void gemm_pairs32_4_minimum(const struct gemm_args *args);
/* sub_block: see store_tail256; 256_8 has 32, the exact have 16. */
void gemm_pairs256_8(const struct gemm_args *args);
void gemm_pairs256_4(size_t sub_block, const struct gemm_args *args);
void gemm_pairs256_4_exact(const struct gemm_args *args);
void gemm_pairs256_2_exact(const struct gemm_args *args);

#endif
