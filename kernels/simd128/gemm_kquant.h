/* Panels of the K-quants, and the float operations of their gemm, as all variants have them. */
#ifndef KERNELS_SIMD128_GEMM_KQUANT_H
#define KERNELS_SIMD128_GEMM_KQUANT_H

#include "kernels/simd128/f16_scales.h"
#include "kernels/simd128/gemm_tile.h"
#include "kernels/simd128/types_kquant.h"

/* The minimums and scales of a group, stored after the codes of a block. */
struct kquant_panel_scales {
    int16_t minimum[8][8]; /* of two sub-blocks: row 0 first and second, row 1 first and second, ... */
    float d[4];
    float dmin[4];
};

/* A block of four rows: the codes in the order of the weights, and the scales. */
struct kquant_rows {
    v128_t codes[4][16];
    struct kquant_scales scales[4];
};
typedef void unpack_kquant_rows_fn(struct kquant_rows *out, const uint8_t *const at[4]);

ALWAYS_INLINE void unpack_kquant_rows(const struct kquant_type *type, struct kquant_rows *out,
                                      const uint8_t *const at[4]) {
    KEEP_LOOP
    for (int k = 0; k < 4; k++) {
        type->unpack_scales(&out->scales[k], at[k]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            v128_t codes[4];
            type->unpack_quarter(codes, at[k], i);
            UNROLL
            for (size_t v = 0; v < 4; v++) {
                out->codes[k][quarter_vector(type->sub_block, i, v)] = codes[v];
            }
        }
    }
}

/* d: two f16 of each row, see struct kquant_type. sub_block: with 32, half as many minimums are stored, one for
 * each sum over 32 activations; the type must have sub-blocks of 32. */
ALWAYS_INLINE void store_kquant_scales(struct kquant_panel_scales *out, size_t sub_block, int exact,
                                       const struct kquant_scales scales[4], v128_t d) {
    v128_t rows[4][2];
    UNROLL
    for (size_t k = 0; k < 4; k++) {
        rows[k][0] = wasm_v128_load(scales[k].minimum);
        rows[k][1] = wasm_v128_load(scales[k].minimum + 8);
        if (sub_block == 32) { /* each is stored twice */
            rows[k][0] = wasm_i16x8_shuffle(rows[k][0], rows[k][1], 0, 2, 4, 6, 8, 10, 12, 14);
        }
    }
    UNROLL
    for (size_t v = 0; v < 2; v++) {
        v128_t minimum[4];
        transpose(minimum, rows[0][v], rows[1][v], rows[2][v], rows[3][v]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            wasm_v128_store(out->minimum[4 * v + i], minimum[i]);
        }
    }
    v128_t first;
    v128_t second;
    widen_f16_pairs(&first, &second, d, widen_any_f16);
    wasm_v128_store(out->d, exact ? second : first);
    wasm_v128_store(out->dmin, second);
}

/* i32: the minimums times the sums of the activations, over all sub-blocks. scales: one struct per group. */
ALWAYS_INLINE void sum_minimums(const struct gemm_form *form, struct tile *msum,
                                const struct kquant_panel_scales *scales, struct cursors *at) {
    tile_clear(msum);
    const uint8_t *minimum = (const uint8_t *)scales->minimum;
    const uint8_t *const end = minimum + sizeof scales->minimum / (form->sub_block / 16);
    KEEP_LOOP
    do {
        minimum = opaque(minimum);
        v128_t s[TOKENS][2];
        for (int t = 0; t < TOKENS; t++) {
            at->s[t] = opaque(at->s[t]);
            load_two_splats(s[t], form->splat, at->s[t]);
        }
        for (int i = 0; i < 2; i++) {
            FOR_TILE(t, g) {
                const v128_t dot =
                    wasm_i32x4_dot_i16x8(s[t][i], wasm_v128_load(minimum + 16 * i + (size_t)g * sizeof *scales));
                msum->of[t][g] = wasm_i32x4_add(msum->of[t][g], dot);
            }
        }
        minimum += 2 * 16;
        for (int t = 0; t < TOKENS; t++) {
            at->s[t] += 8;
        }
    } while (minimum != end);
}

/* The product of a block for four rows and a token. da: the activation's scale. */
ALWAYS_INLINE v128_t kquant_panel_product(int exact, const struct kquant_panel_scales *scales, v128_t isum, v128_t msum,
                                          v128_t da) {
    const v128_t scale = wasm_f32x4_mul(wasm_v128_load(scales->d), da);
    if (exact) {
        return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum, msum)), scale);
    }
    const v128_t dmin = wasm_f32x4_mul(wasm_v128_load(scales->dmin), da);
    return wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale),
                          wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), dmin));
}

/* The float operations of a block: adds the products to sums, and advances the cursors of the scales and sums. */
ALWAYS_INLINE void finish_kquant(const struct gemm_form *form, struct tile *sums, const struct tile *isum,
                                 const struct kquant_panel_scales *scales, struct cursors *at) {
    struct tile msum;
    sum_minimums(form, &msum, scales, at);
    FOR_TOKENS(t) {
        const v128_t da = load_splat(form->splat, at->d[t]);
        FOR_GROUPS(g) {
            const v128_t product = kquant_panel_product(form->exact, scales + g, isum->of[t][g], msum.of[t][g], da);
            sums->of[t][g] = wasm_f32x4_add(sums->of[t][g], product);
        }
        at->d[t] += 4;
    }
}

#endif
