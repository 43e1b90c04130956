/* Types whose scales are no f16 at the start of a block of 32, or stand for other numbers of weights: four parts at a
 * time, each of which has a scale, 32 weights or 16. */
#ifndef KERNELS_SIMD128_PARTS_H
#define KERNELS_SIMD128_PARTS_H

#include "kernels/simd128/codes.h"
#include "kernels/simd128/gemv.h"
#include "platform/memory.h"

/* Four parts: true codes, from -12 to 12, in the order of the weights, and a scale for each part. */
typedef void parts_fn(v128_t codes[8], v128_t *d, const uint8_t *block);

/* Four parts' bytes and weights. */
struct form_parts {
    size_t bytes;
    size_t weights; /* 128 or 64 */
};
#define PARTS_BYTES 72  /* at most */
#define FETCHED     256 /* bytes of a row at a time, of which up to PARTS_BYTES * 4 are used: see gemv.h */

#define FORM_MXFP4 ((struct form_parts){4 * sizeof(struct block_mxfp4), 128})
#define FORM_NVFP4 ((struct form_parts){sizeof(struct block_nvfp4), 64})
#define FORM_Q1_0  ((struct form_parts){sizeof(struct block_q1_0), 128})
#define FORM_Q2_0  ((struct form_parts){2 * sizeof(struct block_q2_0), 128})

parts_fn parts_mxfp4, parts_nvfp4, parts_q1_0, parts_q2_0;

/* ---- one token ---- */

/* Lanes that add up to the dot of 16 true codes with 16 activations: i32x4, or with `pairs` i16x8, of which two vectors
 * can be added and then two lanes. */
typedef v128_t dot16_fn(v128_t codes, v128_t activations);

ALWAYS_INLINE v128_t products_of_parts(parts_fn *parts, dot16_fn *dot, int pairs, size_t weights, const uint8_t *w,
                                       const uint8_t *q, const uint8_t *d) {
    v128_t codes[8];
    v128_t scale;
    v128_t sums[4];
    v128_t of_activation = wasm_v128_load(d);
    parts(codes, &scale, w);
    q = opaque(q);
    if (weights == 64) {
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            sums[i] = dot(codes[i], wasm_v128_load(q + 16 * i));
        }
        of_activation = wasm_i32x4_shuffle(of_activation, of_activation, 0, 0, 1, 1);
    } else {
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            const v128_t first = dot(codes[2 * i], wasm_v128_load(q + 32 * i));
            const v128_t second = dot(codes[2 * i + 1], wasm_v128_load(q + 32 * i + 16));
            sums[i] = pairs ? wasm_i16x8_add(first, second) : wasm_i32x4_add(first, second);
        }
    }
    const v128_t isum = pairs ? add_across_pairs(sums) : add_across(sums);
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(scale, of_activation));
}

/* The last parts of a row where they are fewer than four: what is beyond them is of no use. */
struct rest {
    uint8_t w[PARTS_BYTES];
    uint8_t q[128];
    float d[4];
};

ALWAYS_INLINE void gemv_parts(parts_fn *parts, dot16_fn *dot, int pairs, struct form_parts form,
                              const struct gemv_args *given) {
    const struct gemv_args copy = *given; /* a store to out cannot change it: its fields stay in registers */
    const struct gemv_args *const args = &copy;
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, args->n);
    const size_t all = args->n * 4 / form.weights;
    struct ahead ahead = ahead_of(args, FETCHED);
    struct products products;
    for (size_t row = 0; row < args->rows; row += 4) {
        const size_t rows = args->rows - row < 4 ? args->rows - row : 4;
        v128_t sums = wasm_f32x4_splat(0.0f);
        for (size_t first = 0; first < all; first += GATHERED) {
            const size_t count = all - first < GATHERED ? all - first : GATHERED;
            for (size_t k = 0; k < rows; k++) {
                const uint8_t *w = args->w + (row + k) * args->row_bytes + first / 4 * form.bytes;
                const uint8_t *q = args->activation + first / 4 * form.weights;
                const uint8_t *d = args->activation + layout.scales + first / 4 * (form.weights / 8);
                KEEP_LOOP
                for (size_t left = count; left; left -= left < 4 ? left : 4) {
                    struct rest rest;
                    if (left < 4) {
                        memset(&rest, 0, sizeof rest);
                        memcpy(rest.w, w, left * form.bytes / 4);
                        memcpy(rest.q, q, left * form.weights / 4);
                        memcpy(rest.d, d, left * form.weights / 32);
                        w = rest.w;
                        q = rest.q;
                        d = (const uint8_t *)rest.d;
                    } else if (left % 16 == 0) {
                        fetch_ahead(&ahead, w + FETCHED, FETCHED);
                    }
                    wasm_v128_store(products.of[k] + count - left,
                                    products_of_parts(parts, dot, pairs, form.weights, w, q, d));
                    w += form.bytes;
                    q += form.weights;
                    d += form.weights / 8;
                }
            }
            add_products(&sums, &products, count);
        }
        store_lanes(args->out + row, sums, rows);
    }
    ahead_done(&ahead);
}

/* ---- panels ---- */

/* Stores a part of four rows, a group of the panel, with a scale for each row. */
typedef void store_part_fn(uint8_t *panel, size_t g, v128_t each[4][2], v128_t d);

/* panel_bytes: of a part. */
ALWAYS_INLINE void panel_parts(parts_fn *parts, store_part_fn *store, size_t panel_bytes, struct form_parts form,
                               const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    const size_t all = args->n * 4 / form.weights;
    KEEP_LOOP
    for (size_t first = 0; first < all; first += 4) {
        const size_t count = all - first < 4 ? all - first : 4;
        KEEP_LOOP
        for (size_t g = 0; g < PANEL_ROWS / 4; g++) {
            const uint8_t *at[4];
            v128_t codes[4][8];
            v128_t d[4];
            v128_t of_rows[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                uint8_t blocks[PARTS_BYTES] = {0};
                memcpy(blocks, at[k] + first / 4 * form.bytes, count * form.bytes / 4);
                parts(codes[k], &d[k], blocks);
            }
            transpose(of_rows, d[0], d[1], d[2], d[3]);
            const size_t vectors = form.weights / 64;
            KEEP_LOOP
            for (size_t i = 0; i < count; i++) {
                v128_t each[4][2];
                UNROLL
                for (int k = 0; k < 4; k++) {
                    each[k][0] = codes[k][vectors * i];
                    each[k][1] = codes[k][vectors * i + vectors - 1];
                }
                store(panel + (first + i) * panel_bytes, g, each, of_rows[i]);
            }
        }
    }
}

#endif
