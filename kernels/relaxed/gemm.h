/* A batch with the relaxed dots: PANEL_ROWS rows by a tile of tokens at a time, sums in the rows' lanes throughout. */
#ifndef KERNELS_RELAXED_GEMM_H
#define KERNELS_RELAXED_GEMM_H

#include "kernels/relaxed/dot.h"
#include "kernels/relaxed/panel.h"

#define TOKEN_TILE 2

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

/* A tile's sums: a vector of four rows for each token and group. */
struct tile {
    v128_t sum[TOKEN_TILE][GROUPS];
};

ALWAYS_INLINE void tile_clear(struct tile *tile) {
    for (int t = 0; t < TOKEN_TILE; t++) {
        for (int g = 0; g < GROUPS; g++) {
            tile->sum[t][g] = wasm_i32x4_splat(0);
        }
    }
}

/* Adds to the i16 sums of pairs the products of `steps` times four weights. q: each token's quants. */
ALWAYS_INLINE void tile_pairs(struct tile *tile, int tokens, const uint8_t (*const codes[GROUPS])[16],
                              const uint8_t *const q[TOKEN_TILE], int steps) {
    for (int i = 0; i < steps; i++) {
        for (int t = 0; t < tokens; t++) {
            const v128_t a = wasm_v128_load32_splat(q[t] + 4 * i);
            for (int g = 0; g < GROUPS; g++) {
                tile->sum[t][g] = wasm_i16x8_add(tile->sum[t][g], pairs(wasm_v128_load(codes[g][i]), a));
            }
        }
    }
}

ALWAYS_INLINE void tile_store(const struct gemm_args *args, size_t token, int tokens, const struct tile *out) {
    for (int t = 0; t < tokens; t++) {
        for (size_t g = 0; g < GROUPS && 4 * g < args->rows; g++) {
            store_lanes(args->out + (token + (size_t)t) * args->out_stride + 4 * g, out->sum[t][g], args->rows - 4 * g);
        }
    }
}

/* Codes of at most 15 take all 32 weights of a block in i16 (8 * 2 * 15 * 127 = 30480), of at most 31 half a block. */
ALWAYS_INLINE void gemm_tile32(int has_minimum, int offset, int flush, size_t token, int tokens,
                               const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    const struct group32 *group = (const struct group32 *)(const void *)args->panel;
    const uint8_t *q[TOKEN_TILE];
    const uint8_t *d[TOKEN_TILE];
    const uint8_t *s[TOKEN_TILE];
    for (int t = 0; t < tokens; t++) {
        q[t] = args->activations + (token + (size_t)t) * args->activation_bytes;
        d[t] = q[t] + layout.scales;
        s[t] = q[t] + layout.sums;
    }
    struct tile out;
    tile_clear(&out);
    for (size_t b = args->n / 32; b; b--, group += GROUPS) {
        const uint8_t(*const codes[GROUPS])[16] = {group[0].codes, group[1].codes};
        struct tile first;
        struct tile second;
        tile_clear(&first);
        tile_pairs(&first, tokens, codes, q, flush);
        if (flush < 8) {
            const uint8_t(*const rest[GROUPS])[16] = {group[0].codes + flush, group[1].codes + flush};
            const uint8_t *more[TOKEN_TILE];
            for (int t = 0; t < tokens; t++) {
                more[t] = q[t] + 4 * flush;
            }
            tile_clear(&second);
            tile_pairs(&second, tokens, rest, more, 8 - flush);
        }
        for (int t = 0; t < tokens; t++) {
            const v128_t da = wasm_v128_load32_splat(d[t]);
            const v128_t sum = wasm_v128_load32_splat(s[t]);
            for (int g = 0; g < GROUPS; g++) {
                v128_t isum = wasm_i32x4_extadd_pairwise_i16x8(first.sum[t][g]);
                if (flush < 8) {
                    isum = wasm_i32x4_add(isum, wasm_i32x4_extadd_pairwise_i16x8(second.sum[t][g]));
                }
                if (offset) {
                    isum = wasm_i32x4_sub(isum, wasm_i32x4_shl(sum, (uint32_t)offset));
                }
                v128_t product =
                    wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(wasm_v128_load(group[g].d), da));
                if (has_minimum) {
                    product = wasm_f32x4_add(product, wasm_f32x4_mul(wasm_v128_load(group[g].m), sum));
                }
                out.sum[t][g] = wasm_f32x4_add(out.sum[t][g], product);
            }
            q[t] += 32;
            d[t] += 4;
            s[t] += 4;
        }
    }
    tile_store(args, token, tokens, &out);
}

/* flush: steps of four weights whose pairs fit i16, of the type's largest code; a sub-block's scale covers them.
 * offset: a power of two's logarithm, 0 for none. */
ALWAYS_INLINE void gemm_blocks32(int has_minimum, int offset, int flush, const struct gemm_args *args) {
    size_t token = 0;
    for (; token + TOKEN_TILE <= args->tokens; token += TOKEN_TILE) {
        gemm_tile32(has_minimum, offset, flush, token, TOKEN_TILE, args);
    }
    for (; token < args->tokens; token++) {
        gemm_tile32(has_minimum, offset, flush, token, 1, args);
    }
}

ALWAYS_INLINE void gemm_tile256(int exact, int flush, size_t token, int tokens, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    const struct group256 *group = (const struct group256 *)(const void *)args->panel;
    const uint8_t *q[TOKEN_TILE];
    const uint8_t *d[TOKEN_TILE];
    const uint8_t *s[TOKEN_TILE];
    for (int t = 0; t < tokens; t++) {
        q[t] = args->activations + (token + (size_t)t) * args->activation_bytes;
        d[t] = q[t] + layout.scales;
        s[t] = q[t] + layout.sums;
    }
    struct tile out;
    tile_clear(&out);
    for (size_t b = args->n / 256; b; b--, group += GROUPS) {
        struct tile isum;
        tile_clear(&isum);
        for (int step = 0; step < 64; step += flush) {
            const uint8_t(*const codes[GROUPS])[16] = {group[0].codes + step, group[1].codes + step};
            struct tile pair;
            tile_clear(&pair);
            tile_pairs(&pair, tokens, codes, q, flush);
            for (int t = 0; t < tokens; t++) {
                for (int g = 0; g < GROUPS; g++) {
                    const v128_t scale = wasm_v128_load(group[g].scale[step / 4]);
                    isum.sum[t][g] = wasm_i32x4_add(isum.sum[t][g], wasm_i32x4_dot_i16x8(pair.sum[t][g], scale));
                }
                q[t] += 4 * flush;
            }
        }
        for (int t = 0; t < tokens; t++) {
            const v128_t da = wasm_v128_load32_splat(d[t]);
            for (int g = 0; g < GROUPS; g++) {
                v128_t msum = wasm_i32x4_splat(0);
                for (int j = 0; j < 8; j++) {
                    const v128_t two = wasm_v128_load32_splat(s[t] + 4 * j);
                    msum = wasm_i32x4_add(msum, wasm_i32x4_dot_i16x8(two, wasm_v128_load(group[g].minimum[j])));
                }
                const v128_t scale = wasm_f32x4_mul(wasm_v128_load(group[g].d), da);
                v128_t product;
                if (exact) {
                    product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum.sum[t][g], msum)), scale);
                } else {
                    const v128_t dmin = wasm_f32x4_mul(wasm_v128_load(group[g].dmin), da);
                    product = wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum.sum[t][g]), scale),
                                             wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), dmin));
                }
                out.sum[t][g] = wasm_f32x4_add(out.sum[t][g], product);
            }
            d[t] += 4;
            s[t] += 32;
        }
    }
    tile_store(args, token, tokens, &out);
}

ALWAYS_INLINE void gemm_blocks256(int exact, int flush, const struct gemm_args *args) {
    size_t token = 0;
    for (; token + TOKEN_TILE <= args->tokens; token += TOKEN_TILE) {
        gemm_tile256(exact, flush, token, TOKEN_TILE, args);
    }
    for (; token < args->tokens; token++) {
        gemm_tile256(exact, flush, token, 1, args);
    }
}

#endif
