/* A batch with the relaxed dots: PANEL_ROWS rows by a tile of tokens at a time,
 * sums in the rows' lanes throughout.
 *
 * Sums of pairs stay in i16 for `flush` steps: 2 * 8 * 127 * 15 for codes of 4
 * bits, 2 * 2 * 127 * 63 for the others, both below 2^15; activations are never
 * -128. Eight rows by two tokens by two steps are what 15 registers hold. The
 * loops are left as they are, and addresses opaque, because a compiler that
 * unrolls them loads everything first, and spills. Two steps take 24 vector
 * instructions for 128 products. */
#ifndef KERNELS_RELAXED_GEMM_H
#define KERNELS_RELAXED_GEMM_H

#include "kernels/relaxed/panel.h"

#define TOKENS 2 /* of a tile */

struct gemm_args {
    float *out;
    size_t out_stride;
    const uint8_t *panel;
    size_t rows;
    const uint8_t *activations;
    size_t activation_bytes;
    size_t tokens;
    size_t n;
};

/* A vector of four rows for each token and group. */
struct tile {
    v128_t of[TOKENS][GROUPS];
};

/* Where a tile's rows of activations have got to: quants, scales, sums. */
struct places {
    const uint8_t *q[TOKENS];
    const uint8_t *d[TOKENS];
    const uint8_t *s[TOKENS];
};

#define FOR_TILE(t, g)                                                                                                 \
    for (int t = 0; t < TOKENS; t++)                                                                                   \
        for (int g = 0; g < GROUPS; g++)

ALWAYS_INLINE void tile_clear(struct tile *tile) {
    FOR_TILE(t, g) { tile->of[t][g] = wasm_i32x4_splat(0); }
}

/* Past the last token comes the last again, whose result is left out. */
ALWAYS_INLINE struct places places_of(const struct gemm_args *args, size_t token, struct activation_layout layout) {
    struct places at;
    for (size_t t = 0; t < TOKENS; t++) {
        const size_t of = token + t < args->tokens ? token + t : token;
        at.q[t] = args->activations + of * args->activation_bytes;
        at.d[t] = at.q[t] + layout.scales;
        at.s[t] = at.q[t] + layout.sums;
    }
    return at;
}

ALWAYS_INLINE void tile_store(const struct gemm_args *args, size_t token, const struct tile *sums) {
    for (size_t t = 0; t < TOKENS && token + t < args->tokens; t++) {
        for (size_t g = 0; g < GROUPS && 4 * g < args->rows; g++) {
            store_lanes(args->out + (token + t) * args->out_stride + 4 * g, sums->of[t][g], args->rows - 4 * g);
        }
    }
}

/* i16: the sums of pairs of two steps, added to what is there unless they are
 * the first. */
ALWAYS_INLINE void two_steps(struct tile *pairs, const uint8_t **w, struct places *at, int first) {
    const uint8_t *const codes = opaque(*w);
    for (int t = 0; t < TOKENS; t++) {
        at->q[t] = opaque(at->q[t]);
    }
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

/* Codes less than 2^offset, where there is an offset, stand for code - 2^offset
 * / 2. */
ALWAYS_INLINE void tile32(int has_minimum, int offset, int flush, struct tile *sums, const uint8_t **w,
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
    for (int t = 0; t < TOKENS; t++) {
        const v128_t da = wasm_v128_load32_splat(at->d[t]);
        const v128_t s = wasm_v128_load32_splat(at->s[t]);
        for (int g = 0; g < GROUPS; g++) {
            v128_t exact = isum.of[t][g];
            if (offset) {
                exact = wasm_i32x4_sub(exact, wasm_i32x4_shl(s, (uint32_t)offset - 1));
            }
            v128_t product =
                wasm_f32x4_mul(wasm_f32x4_convert_i32x4(exact), wasm_f32x4_mul(wasm_v128_load(tail->d[g]), da));
            if (has_minimum) {
                product = wasm_f32x4_add(product, wasm_f32x4_mul(wasm_v128_load(tail->m[g]), s));
            }
            sums->of[t][g] = wasm_f32x4_add(sums->of[t][g], product);
        }
        at->d[t] += 4;
        at->s[t] += 4;
    }
    *w = (const uint8_t *)(tail + 1);
}

ALWAYS_INLINE void gemm_blocks32(int has_minimum, int offset, int flush, const struct gemm_args *args) {
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

/* i32: the minima times the sums of the activations, for all sixteen
 * sub-blocks. */
ALWAYS_INLINE void minima256(struct tile *msum, const struct tail256 *tail, struct places *at) {
    tile_clear(msum);
    const uint8_t *minimum = (const uint8_t *)tail->minimum;
    const uint8_t *const end = minimum + sizeof tail->minimum;
    KEEP_LOOP
    do {
        minimum = opaque(minimum);
        for (int t = 0; t < TOKENS; t++) {
            at->s[t] = opaque(at->s[t]);
        }
        for (int i = 0; i < 2; i++) {
            FOR_TILE(t, g) {
                const v128_t dot = wasm_i32x4_dot_i16x8(wasm_v128_load32_splat(at->s[t] + 4 * i),
                                                        wasm_v128_load(minimum + i * STEP_BYTES + 16 * g));
                msum->of[t][g] = wasm_i32x4_add(msum->of[t][g], dot);
            }
        }
        minimum += 2 * STEP_BYTES;
        for (int t = 0; t < TOKENS; t++) {
            at->s[t] += 8;
        }
    } while (minimum != end);
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
    struct tile msum;
    minima256(&msum, tail, at);
    for (int t = 0; t < TOKENS; t++) {
        const v128_t da = wasm_v128_load32_splat(at->d[t]);
        for (int g = 0; g < GROUPS; g++) {
            const v128_t scale = wasm_f32x4_mul(wasm_v128_load(tail->d[g]), da);
            v128_t product;
            if (exact) {
                product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum.of[t][g], msum.of[t][g])), scale);
            } else {
                const v128_t dmin = wasm_f32x4_mul(wasm_v128_load(tail->dmin[g]), da);
                product = wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum.of[t][g]), scale),
                                         wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum.of[t][g]), dmin));
            }
            sums->of[t][g] = wasm_f32x4_add(sums->of[t][g], product);
        }
        at->d[t] += 4;
    }
    *w = (const uint8_t *)(tail + 1);
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
