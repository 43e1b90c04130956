/* One token times rows of a legacy type, straight from the file's blocks: four distant rows at a time, a lane each. The
 * variants supply the dot product of a block. */
#ifndef KERNELS_SIMD128_GEMV_LEGACY_H
#define KERNELS_SIMD128_GEMV_LEGACY_H

#include "kernels/kernels.h"
#include "kernels/simd128/dot_form.h"
#include "kernels/simd128/f16_scales.h"
#include "kernels/simd128/gemv_lanes.h"
#include "kernels/simd128/types_legacy.h"

/* The activation of a row: codes, scales, and sums of the kind that the type takes. */
struct legacy_activations {
    const uint8_t *q;
    const uint8_t *d;
    const uint8_t *s;
};

/* Lane k: the integer sum of the block at[k]. */
ALWAYS_INLINE v128_t legacy_column(const struct legacy_type *type, const struct block_form *form,
                                   const uint8_t *const at[4], const uint8_t *q) {
    const struct activations32 activations = form->prepare(wasm_v128_load(q), wasm_v128_load(q + 16));
    v128_t sums[4];
    UNROLL
    for (size_t k = 0; k < 4; k++) {
        v128_t codes[2];
        type->unpack(codes, at[k]);
        sums[k] = form->dot(codes, &activations);
        if (type->code_bits != 4) { /* four blocks of these need more registers than there are */
            STORED(sums);
        }
    }
    v128_t isum[1] = {add_across(form->lanes, sums)};
    STORED(isum);
    return isum[0];
}

/* The products of a column: isum * (scale * the activation's scale), after the offset times the activation's sum is
 * taken from isum. */
ALWAYS_INLINE v128_t column_products(const struct legacy_type *type, v128_t isum, v128_t scale,
                                     const struct legacy_activations *a) {
    if (type->offset_log2) {
        isum = wasm_i32x4_sub(isum, wasm_i32x4_shl(wasm_v128_load32_splat(a->s), type->offset_log2));
    }
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(scale, wasm_v128_load32_splat(a->d)));
}

ALWAYS_INLINE void next_column(struct legacy_activations *a) {
    a->q = opaque(a->q + 32);
    a->d += 4;
    a->s += 4;
}

/* Adds `columns` blocks of four rows with minimums. */
ALWAYS_INLINE v128_t add_columns_with_minimum(const struct legacy_type *type, const struct block_form *form,
                                              struct gemv_turns *turns, const uint8_t *at[4],
                                              struct legacy_activations a, size_t columns) {
    v128_t sum = wasm_f32x4_splat(0.0f);
    KEEP_LOOP
    for (; columns; columns--) {
        v128_t scale;
        v128_t minimum;
        UNROLL
        for (size_t k = 0; k < 4; k++) {
            at[k] = opaque(at[k]);
        }
        load_ahead(turns, at, type->block_bytes);
        const v128_t isum = legacy_column(type, form, at, a.q);
        widen_f16_pairs(&scale, &minimum, load_word_of_rows(at, 0), widen_any_f16_inline);
        const v128_t products = column_products(type, isum, scale, &a);
        sum = wasm_f32x4_add(sum, wasm_f32x4_add(products, wasm_f32x4_mul(minimum, wasm_v128_load32_splat(a.s))));
        advance_rows(at, type->block_bytes);
        next_column(&a);
    }
    return sum;
}

/* Eight f16: those at first[0], ..., first[3], second[0], ... */
ALWAYS_INLINE v128_t load_f16_of_columns(const uint8_t *const first[4], const uint8_t *const second[4]) {
    v128_t f16 = wasm_v128_load16_lane(first[0], wasm_i16x8_splat(0), 0);
    f16 = wasm_v128_load16_lane(first[1], f16, 1);
    f16 = wasm_v128_load16_lane(first[2], f16, 2);
    f16 = wasm_v128_load16_lane(first[3], f16, 3);
    f16 = wasm_v128_load16_lane(second[0], f16, 4);
    f16 = wasm_v128_load16_lane(second[1], f16, 5);
    f16 = wasm_v128_load16_lane(second[2], f16, 6);
    return wasm_v128_load16_lane(second[3], f16, 7);
}

/* Adds `columns` blocks of four rows without minimums: two columns at a time, because eight scales are widened
 * together. The last column may be alone. */
ALWAYS_INLINE v128_t add_columns(const struct legacy_type *type, const struct block_form *form,
                                 struct gemv_turns *turns, const uint8_t *at[4], struct legacy_activations a,
                                 size_t columns) {
    v128_t sum = wasm_f32x4_splat(0.0f);
    KEEP_LOOP
    for (;;) {
        const size_t step = columns > 1 ? type->block_bytes : 0;
        const uint8_t *next[4];
        v128_t scales[2];
        UNROLL
        for (size_t k = 0; k < 4; k++) {
            at[k] = opaque(at[k]);
            next[k] = opaque(at[k] + step);
        }
        load_ahead(turns, at, 2 * type->block_bytes);
        v128_t isum = legacy_column(type, form, at, a.q);
        widen_f16(&scales[0], &scales[1], load_f16_of_columns(at, next), widen_any_f16_inline);
        sum = wasm_f32x4_add(sum, column_products(type, isum, scales[0], &a));
        if (columns == 1) {
            return sum;
        }
        next_column(&a);
        isum = legacy_column(type, form, next, a.q);
        sum = wasm_f32x4_add(sum, column_products(type, isum, scales[1], &a));
        columns -= 2;
        if (!columns) {
            return sum;
        }
        next_column(&a);
        advance_rows(at, 2 * type->block_bytes);
    }
}

ALWAYS_INLINE void gemv_legacy(const struct legacy_type *type, const struct block_form *form,
                               const struct gemv_args *given) {
    const struct gemv_args args = *given; /* a copy stays in registers, because stores to out cannot change it */
    struct gemv_turns turns = gemv_turns(&args);
    const struct activation_layout layout =
        activation_layout(type->has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args.n);
    const struct legacy_activations a = {args.activations, args.activations + layout.scales,
                                         args.activations + layout.sums};
    for (size_t turn = 0; turn < turns.apart; turn++) {
        const uint8_t *at[4];
        rows_of_turn(at, &turns, turn);
        const v128_t sums = type->has_minimum ? add_columns_with_minimum(type, form, &turns, at, a, args.n / 32)
                                              : add_columns(type, form, &turns, at, a, args.n / 32);
        store_turn(&turns, turn, 0, sums);
    }
    gemv_end(&turns);
}

#endif
