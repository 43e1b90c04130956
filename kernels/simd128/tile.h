/* A batch is a panel of PANEL_ROWS rows by a tile of tokens at a time. This is what all variants' batches share: the
 * tail of a panel's block, and the float operations on it.
 *
 * Their inner loops are left as they are (KEEP_LOOP), and addresses opaque, because a compiler that unrolls them loads
 * everything first, and spills. */
#ifndef KERNELS_SIMD128_TILE_H
#define KERNELS_SIMD128_TILE_H

#include "kernels/kernels.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/lanes.h"
#include "kernels/simd128/scales.h"

#define GROUPS (PANEL_ROWS / 4) /* of four rows, which fill a vector */
#define TOKENS 2                /* of a tile */

struct tail32 {
    float d[GROUPS][4];
    float m[GROUPS][4];
};
struct tail256 {           /* of a group */
    int16_t minimum[8][8]; /* of two sub-blocks: row 0 both, row 1 both ... */
    float d[4];
    float dmin[4];
};

ALWAYS_INLINE void store_tail32(struct tail32 *tail, size_t g, v128_t halves) {
    v128_t scale;
    v128_t minimum;
    widen_pairs(&scale, &minimum, halves); /* where there is no minimum, what is taken for one is not read */
    wasm_v128_store(tail->d[g], scale);
    wasm_v128_store(tail->m[g], minimum);
}

/* A panel's block of 32 with its codes as i16. */
#define PANEL32_I16_BYTES (32 * PANEL_ROWS * 2 + sizeof(struct tail32))

/* Four rows of a block, the codes in the order of the weights. */
struct rows256 {
    v128_t codes[4][16];
    struct scales256 scales[4];
};

ALWAYS_INLINE void unpack_rows256(struct rows256 *out, chunk256_fn *chunk, scales256_fn *scales, size_t sub_block,
                                  const uint8_t *const at[4]) {
    KEEP_LOOP
    for (int k = 0; k < 4; k++) {
        scales(&out->scales[k], at[k]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            v128_t codes[4];
            chunk(codes, at[k], i);
            UNROLL
            for (size_t v = 0; v < 4; v++) {
                out->codes[k][sub_block == 32 ? 4 * i + v : 8 * (i / 2) + i % 2 + 2 * v] = codes[v];
            }
        }
    }
}

/* Fills in a group's tail from the scales of its four rows and their f16 d and dmin, or with `exact` d as the second.
 * sub_block: 16, or 32 where half as many minima are to meet the sums of 32 activations. */
ALWAYS_INLINE void store_tail256(struct tail256 *tail, size_t sub_block, int exact, const struct scales256 of[4],
                                 v128_t halves) {
    v128_t rows[4][2];
    UNROLL
    for (size_t k = 0; k < 4; k++) {
        rows[k][0] = wasm_v128_load(of[k].minimum);
        rows[k][1] = wasm_v128_load(of[k].minimum + 8);
        if (sub_block == 32) { /* each is there twice */
            rows[k][0] = wasm_i16x8_shuffle(rows[k][0], rows[k][1], 0, 2, 4, 6, 8, 10, 12, 14);
        }
    }
    UNROLL
    for (size_t half = 0; half < 2; half++) {
        v128_t minimum[4];
        transpose(minimum, rows[0][half], rows[1][half], rows[2][half], rows[3][half]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            wasm_v128_store(tail->minimum[4 * half + i], minimum[i]);
        }
    }
    v128_t first;
    v128_t second;
    widen_pairs(&first, &second, halves);
    wasm_v128_store(tail->d, exact ? second : first);
    wasm_v128_store(tail->dmin, second);
}

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

#define FOR_TILE(t, g) UNROLL for (int t = 0; t < TOKENS; t++) UNROLL for (int g = 0; g < GROUPS; g++)

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

/* The layout of q8_K with the sums that go with sub-blocks of 16 or 32. */
ALWAYS_INLINE struct activation_layout layout256(size_t sub_block, size_t n) {
    struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, n);
    layout.sums = sub_block == 32 ? layout.sums_of_32 : layout.sums;
    return layout;
}

static __attribute__((noinline)) void store_tile(const struct gemm_args *args, size_t token, const struct tile *sums) {
    for (size_t t = 0; t < TOKENS && token + t < args->tokens; t++) {
        for (size_t g = 0; g < GROUPS && 4 * g < args->rows; g++) {
            store_lanes(args->out + (token + t) * args->out_stride + 4 * g, sums->of[t][g], args->rows - 4 * g);
        }
    }
}

ALWAYS_INLINE void tile_store(const struct gemm_args *args, size_t token, const struct tile *sums) {
    const struct tile copy = *sums; /* so that sums may lie in registers until here */
    store_tile(args, token, &copy);
}

/* How four bytes get into all lanes: by the load, or by a shuffle of what was loaded. Most hosts have an instruction
 * for the first; see kernels/relaxed/pairs.h for the others. */
enum splat { LOADED, SHUFFLED };

/* Four bytes in all lanes; the twelve before them are read too. */
ALWAYS_INLINE v128_t splat_at(enum splat splat, const uint8_t *at) {
    if (splat == LOADED) {
        return wasm_v128_load32_splat(at);
    }
    const v128_t last = wasm_v128_load(at - 12);
    return wasm_i32x4_shuffle(last, last, 3, 3, 3, 3);
}

/* Twice four bytes in all lanes, the second in `splats[1]`; the eight before them are read too. */
ALWAYS_INLINE void two_splats_at(v128_t splats[2], enum splat splat, const uint8_t *at) {
    if (splat == LOADED) {
        splats[0] = wasm_v128_load32_splat(at);
        splats[1] = wasm_v128_load32_splat(at + 4);
        return;
    }
    const v128_t last = wasm_v128_load(at - 8);
    splats[0] = wasm_i32x4_shuffle(last, last, 2, 2, 2, 2);
    splats[1] = wasm_i32x4_shuffle(last, last, 3, 3, 3, 3);
}

/* The float operations of a block of 32. Codes less than 2^offset, where there is an offset, stand for
 * code - 2^offset / 2. */
ALWAYS_INLINE void finish32(enum splat splat, struct tile *sums, const struct tile *isum, int has_minimum,
                            uint32_t offset, const struct tail32 *tail, struct places *at) {
    UNROLL
    for (int t = 0; t < TOKENS; t++) {
        const v128_t da = splat_at(splat, at->d[t]);
        const v128_t s = splat_at(splat, at->s[t]);
        UNROLL
        for (int g = 0; g < GROUPS; g++) {
            v128_t exact = isum->of[t][g];
            if (offset) {
                exact = wasm_i32x4_sub(exact, wasm_i32x4_shl(s, offset - 1));
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
}

/* i32: the minima times the sums of the activations, for all sub-blocks. tail: a group's each. */
ALWAYS_INLINE void minima256(enum splat splat, size_t sub_block, struct tile *msum, const struct tail256 *tail,
                             struct places *at) {
    tile_clear(msum);
    const uint8_t *minimum = (const uint8_t *)tail->minimum;
    const uint8_t *const end = minimum + sizeof tail->minimum / (sub_block / 16);
    KEEP_LOOP
    do {
        minimum = opaque(minimum);
        v128_t s[TOKENS][2];
        for (int t = 0; t < TOKENS; t++) {
            at->s[t] = opaque(at->s[t]);
            two_splats_at(s[t], splat, at->s[t]);
        }
        for (int i = 0; i < 2; i++) {
            FOR_TILE(t, g) {
                const v128_t dot =
                    wasm_i32x4_dot_i16x8(s[t][i], wasm_v128_load(minimum + 16 * i + (size_t)g * sizeof *tail));
                msum->of[t][g] = wasm_i32x4_add(msum->of[t][g], dot);
            }
        }
        minimum += 2 * 16;
        for (int t = 0; t < TOKENS; t++) {
            at->s[t] += 8;
        }
    } while (minimum != end);
}

/* The float operations of a block of 256, for four rows and a token: what is added to their sums. */
ALWAYS_INLINE v128_t product256(int exact, const struct tail256 *tail, v128_t isum, v128_t msum, v128_t da) {
    const v128_t scale = wasm_f32x4_mul(wasm_v128_load(tail->d), da);
    if (exact) {
        return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum, msum)), scale);
    }
    const v128_t dmin = wasm_f32x4_mul(wasm_v128_load(tail->dmin), da);
    return wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale),
                          wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), dmin));
}

ALWAYS_INLINE void finish256(enum splat splat, size_t sub_block, struct tile *sums, const struct tile *isum, int exact,
                             const struct tail256 *tail, struct places *at) {
    struct tile msum;
    minima256(splat, sub_block, &msum, tail, at);
    UNROLL
    for (int t = 0; t < TOKENS; t++) {
        const v128_t da = splat_at(splat, at->d[t]);
        UNROLL
        for (int g = 0; g < GROUPS; g++) {
            sums->of[t][g] =
                wasm_f32x4_add(sums->of[t][g], product256(exact, tail + g, isum->of[t][g], msum.of[t][g], da));
        }
        at->d[t] += 4;
    }
}

#endif
