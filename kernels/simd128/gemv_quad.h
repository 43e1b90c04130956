/* One token times rows of a quad type, straight from the file's blocks; and the loop that unpacks a panel of one. */
#ifndef KERNELS_SIMD128_GEMV_QUAD_H
#define KERNELS_SIMD128_GEMV_QUAD_H

#include "kernels/kernels.h"
#include "kernels/simd128/gemv_lanes.h"
#include "kernels/simd128/quad_type.h"
#include "platform/memory.h"

/* Lanes that add up to the dot product of 16 signed codes and 16 activations: i32, or i16 if gemv_quad is told so. In
 * i16, the sum of any two lanes of two added vectors fits. */
typedef v128_t dot16_fn(v128_t codes, v128_t activations);

/* The products of four sub-blocks. d: the activation's scales. */
ALWAYS_INLINE v128_t quad_products(const struct quad_type *type, dot16_fn *dot, enum sum_lanes lanes, const uint8_t *w,
                                   const uint8_t *q, const uint8_t *d) {
    v128_t codes[8];
    v128_t scale;
    v128_t sums[4];
    v128_t activation_scale = wasm_v128_load(d);
    type->unpack(codes, &scale, w);
    q = opaque(q);
    if (type->weights == 64) {
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            sums[i] = dot(codes[i], wasm_v128_load(q + 16 * i));
        }
        activation_scale = wasm_i32x4_shuffle(activation_scale, activation_scale, 0, 0, 1, 1);
    } else {
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            const v128_t first = dot(codes[2 * i], wasm_v128_load(q + 32 * i));
            const v128_t second = dot(codes[2 * i + 1], wasm_v128_load(q + 32 * i + 16));
            sums[i] = lanes == SUMS_I16 ? wasm_i16x8_add(first, second) : wasm_i32x4_add(first, second);
        }
    }
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(add_across(lanes, sums)), wasm_f32x4_mul(scale, activation_scale));
}

/* The last sub-blocks of a row, if fewer than four, with zeros after them. */
struct partial_quad {
    uint8_t w[QUAD_BYTES];
    uint8_t q[128];
    float d[4];
};

NEVER_INLINE void copy_partial_quad(struct partial_quad *out, const struct quad_type *type, const uint8_t *w,
                                    const uint8_t *q, const uint8_t *d, size_t sub_blocks) {
    memset(out, 0, sizeof *out);
    memcpy(out->w, w, sub_blocks * type->bytes / 4);
    memcpy(out->q, q, sub_blocks * type->weights / 4);
    memcpy(out->d, d, sub_blocks * type->weights / 32);
}

/* Adds the products of the four sub-blocks at at[k] to lane k of sum, in order. */
ALWAYS_INLINE v128_t add_quads(v128_t sum, const struct quad_type *type, dot16_fn *dot, enum sum_lanes lanes,
                               const uint8_t *const at[4], const uint8_t *q, const uint8_t *d) {
    v128_t products[4];
    v128_t each[4];
    KEEP_LOOP
    for (size_t k = 0; k < 4; k++) {
        products[k] = quad_products(type, dot, lanes, at[k], q, d);
    }
    transpose(each, products[0], products[1], products[2], products[3]);
    sum = wasm_f32x4_add(sum, each[0]);
    sum = wasm_f32x4_add(sum, each[1]);
    sum = wasm_f32x4_add(sum, each[2]);
    return wasm_f32x4_add(sum, each[3]);
}

/* The same for the last `sub_blocks` of each row; adding the zeros after them changes no sum, because none is -0. */
ALWAYS_INLINE v128_t add_last_quads(v128_t sum, const struct quad_type *type, dot16_fn *dot, enum sum_lanes lanes,
                                    const uint8_t *const at[4], const uint8_t *q, const uint8_t *d, size_t sub_blocks) {
    struct partial_quad partial[4];
    const uint8_t *copies[4];
    for (size_t k = 0; k < 4; k++) {
        copy_partial_quad(&partial[k], type, at[k], q, d, sub_blocks);
        copies[k] = partial[k].w;
    }
    return add_quads(sum, type, dot, lanes, copies, partial[0].q, (const uint8_t *)partial[0].d);
}

ALWAYS_INLINE void gemv_quad(const struct quad_type *given_type, dot16_fn *dot, enum sum_lanes lanes,
                             const struct gemv_args *given) {
    const struct gemv_args args = *given; /* copies stay in registers, because stores to out cannot change them */
    const struct quad_type type = *given_type;
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, args.n);
    const size_t sub_blocks = args.n * 4 / type.weights;
    struct gemv_turns turns = gemv_turns(&args);
    for (size_t turn = 0; turn < turns.apart; turn++) {
        const uint8_t *at[4];
        const uint8_t *q = args.activations;
        const uint8_t *d = args.activations + layout.scales;
        v128_t sum = wasm_f32x4_splat(0.0f);
        rows_of_turn(at, &turns, turn);
        KEEP_LOOP
        for (size_t left = sub_blocks / 4; left; left--) {
            load_ahead(&turns, at, QUAD_BYTES);
            sum = add_quads(sum, &type, dot, lanes, at, q, d);
            advance_rows(at, type.bytes);
            q += type.weights;
            d += type.weights / 8;
        }
        if (sub_blocks % 4) {
            sum = add_last_quads(sum, &type, dot, lanes, at, q, d, sub_blocks % 4);
        }
        store_turn(&turns, turn, 0, sum);
    }
    gemv_end(&turns);
}

/* Stores a sub-block of four rows, group g of the panel, and its scales. For sub-blocks of 16, only codes[k][0] is
 * used. */
typedef void store_sub_block_fn(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t d);

/* panel_bytes: of the panel per sub-block. */
ALWAYS_INLINE void unpack_quad_panel(const struct quad_type *type, store_sub_block_fn *store, size_t panel_bytes,
                                     const struct panel_args *args) {
    const size_t sub_blocks = args->n * 4 / type->weights;
    const size_t vectors = type->weights / 64; /* per sub-block */
    KEEP_LOOP
    for (size_t first = 0; first < sub_blocks; first += 4) {
        const size_t count = sub_blocks - first < 4 ? sub_blocks - first : 4;
        KEEP_LOOP
        for (size_t g = 0; g < PANEL_ROWS / 4; g++) {
            const uint8_t *at[4];
            v128_t codes[4][8];
            v128_t d[4];
            v128_t d_of_rows[4];
            four_rows(at, args->w, args->row_bytes, 4 * g, args->rows);
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                uint8_t blocks[QUAD_BYTES] = {0};
                memcpy(blocks, at[k] + first / 4 * type->bytes, count * type->bytes / 4);
                type->unpack(codes[k], &d[k], blocks);
            }
            transpose(d_of_rows, d[0], d[1], d[2], d[3]);
            KEEP_LOOP
            for (size_t i = 0; i < count; i++) {
                v128_t each[4][2];
                UNROLL
                for (int k = 0; k < 4; k++) {
                    each[k][0] = codes[k][vectors * i];
                    each[k][1] = codes[k][vectors * i + vectors - 1];
                }
                store(args->panel + (first + i) * panel_bytes, g, each, d_of_rows[i]);
            }
        }
    }
}

#endif
