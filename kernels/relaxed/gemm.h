/* A batch with the relaxed dots: sums in the rows' lanes throughout.
 *
 * Sums of pairs stay in i16 for `flush` steps: 2 * 8 * 127 * 15 for codes of 4 bits, 2 * 2 * 127 * 63 for the others,
 * both below 2^15; activations are never -128. Eight rows by two tokens by two steps are what 15 registers hold. Two
 * steps take 24 vector instructions for 128 products. */
#ifndef KERNELS_RELAXED_GEMM_H
#define KERNELS_RELAXED_GEMM_H

#include "kernels/relaxed/panel.h"

/* i16: the sums of pairs of two steps, added to what is there unless they are
 * the first. */
ALWAYS_INLINE void two_steps(struct tile *pairs, const uint8_t **w, struct places *at, int first) {
    const uint8_t *const codes = opaque(*w);
    for (int t = 0; t < TOKENS; t++) {
        at->q[t] = opaque(at->q[t]);
    }
    UNROLL
    for (int i = 0; i < 2; i++) {
        FOR_TILE(t, g) {
            const v128_t dot = wasm_i16x8_relaxed_dot_i8x16_i7x16(wasm_v128_load32_splat(at->q[t] + 4 * i),
                                                                  wasm_v128_load(codes + i * STEP_BYTES + 16 * g));
            pairs->of[t][g] = first && i == 0 ? dot : wasm_i16x8_add(pairs->of[t][g], dot);
        }
    }
    *w = codes + 2 * STEP_BYTES;
    for (int t = 0; t < TOKENS; t++) {
        at->q[t] += 8;
    }
}

/* The sums of pairs of `flush` steps, 8 or 2. */
ALWAYS_INLINE void flush_steps(struct tile *pairs, const uint8_t **w, struct places *at, int flush) {
    if (flush == 2) {
        two_steps(pairs, w, at, 1);
        return;
    }
    const uint8_t *const end = *w + 8 * STEP_BYTES;
    tile_clear(pairs);
    KEEP_LOOP
    do {
        two_steps(pairs, w, at, 0);
    } while (*w != end);
}

ALWAYS_INLINE void tile32(int has_minimum, uint32_t offset, int flush, struct tile *sums, const uint8_t **w,
                          struct places *at) {
    const uint8_t *const end = *w + 8 * STEP_BYTES;
    struct tile isum;
    tile_clear(&isum);
    KEEP_LOOP
    do {
        struct tile pairs;
        flush_steps(&pairs, w, at, flush);
        FOR_TILE(t, g) {
            const v128_t sum = wasm_i32x4_extadd_pairwise_i16x8(pairs.of[t][g]);
            isum.of[t][g] = flush == 8 ? sum : wasm_i32x4_add(isum.of[t][g], sum);
        }
    } while (flush != 8 && *w != end);
    const struct tail32 *tail = (const struct tail32 *)(const void *)opaque(*w);
    finish32(sums, &isum, has_minimum, offset, tail, at);
    *w = (const uint8_t *)(tail + 1);
}

ALWAYS_INLINE void gemm_blocks32(int has_minimum, uint32_t offset, int flush, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        for (size_t b = args->n / 32; b; b--) {
            tile32(has_minimum, offset, flush, &sums, &w, &at);
        }
        tile_store(args, token, &sums);
    }
}

ALWAYS_INLINE void tile256(int exact, int flush, struct tile *sums, const uint8_t **w, struct places *at) {
    const uint8_t *const end = *w + (64 + 64 / flush) * STEP_BYTES;
    struct tile isum;
    tile_clear(&isum);
    KEEP_LOOP
    do {
        struct tile pairs;
        flush_steps(&pairs, w, at, flush);
        const uint8_t *const scale = opaque(*w);
        FOR_TILE(t, g) {
            const v128_t sum = wasm_i32x4_dot_i16x8(pairs.of[t][g], wasm_v128_load(scale + 16 * g));
            isum.of[t][g] = wasm_i32x4_add(isum.of[t][g], sum);
        }
        *w = scale + STEP_BYTES;
    } while (*w != end);
    const struct tail256 *tail = (const struct tail256 *)(const void *)opaque(*w);
    finish256(sums, &isum, exact, tail, at);
    *w = (const uint8_t *)(tail + GROUPS);
}

ALWAYS_INLINE void gemm_blocks256(int exact, int flush, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        for (size_t b = args->n / 256; b; b--) {
            tile256(exact, flush, &sums, &w, &at);
        }
        tile_store(args, token, &sums);
    }
}

#endif
