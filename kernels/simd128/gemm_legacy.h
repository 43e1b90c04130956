/* Panels of the legacy types, and the float operations of their gemm, as all variants have them. */
#ifndef KERNELS_SIMD128_GEMM_LEGACY_H
#define KERNELS_SIMD128_GEMM_LEGACY_H

#include "kernels/simd128/f16_scales.h"
#include "kernels/simd128/gemm_tile.h"
#include "kernels/simd128/types_legacy.h"

/* The scales and minimums of a panel's rows, stored after the codes of a block. */
struct legacy_panel_scales {
    float d[GROUPS][4];
    float m[GROUPS][4];
};

/* scales: the first word of each row's block, that is d and m as f16. m is not read for a type without a minimum. */
ALWAYS_INLINE void store_legacy_scales(struct legacy_panel_scales *out, size_t g, v128_t scales) {
    v128_t d;
    v128_t m;
    widen_f16_pairs(&d, &m, scales, widen_any_f16);
    wasm_v128_store(out->d[g], d);
    wasm_v128_store(out->m[g], m);
}

/* Stores group g of a block of the panel: the codes of four rows and their scales. offset is subtracted from the codes
 * by variants whose panels hold signed codes. */
typedef void store_legacy_group_fn(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t scales, int32_t offset);

/* panel_block: bytes of a block of the panel. */
ALWAYS_INLINE void unpack_legacy_panel(const struct legacy_type *type, store_legacy_group_fn *store, size_t panel_block,
                                       const struct panel_args *args) {
    const int32_t offset = type->offset_log2 ? 1 << type->offset_log2 : 0;
    const uint8_t *w = args->w;
    uint8_t *panel = args->panel;
    for (size_t b = args->n / 32; b; b--, w += type->block_bytes, panel += panel_block) {
        KEEP_LOOP
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            v128_t codes[4][2];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                type->unpack(codes[k], at[k]);
            }
            store(panel, g, codes, load_word_of_rows(at, 0), offset);
        }
    }
}

/* Adds the products of a block to sums: without a minimum if with_minimum is 0, else without an offset. */
ALWAYS_INLINE void add_legacy_products(const struct gemm_form *form, int with_minimum, struct tile *sums,
                                       const struct tile *isum, const struct legacy_panel_scales *scales,
                                       const struct cursors *at) {
    FOR_TOKENS(t) {
        const v128_t da = load_splat(form->splat, at->d[t]);
        const v128_t s = load_splat(form->splat, at->s[t]);
        FOR_GROUPS(g) {
            v128_t exact = isum->of[t][g];
            if (!with_minimum && form->offset_log2) {
                exact = wasm_i32x4_sub(exact, wasm_i32x4_shl(s, form->offset_log2));
            }
            v128_t product =
                wasm_f32x4_mul(wasm_f32x4_convert_i32x4(exact), wasm_f32x4_mul(wasm_v128_load(scales->d[g]), da));
            if (with_minimum) {
                product = wasm_f32x4_add(product, wasm_f32x4_mul(wasm_v128_load(scales->m[g]), s));
            }
            sums->of[t][g] = wasm_f32x4_add(sums->of[t][g], product);
        }
    }
}

/* The float operations of a block: adds the products to sums, and advances the cursors of the scales and sums. */
ALWAYS_INLINE void finish_legacy(const struct gemm_form *form, struct tile *sums, const struct tile *isum,
                                 const struct legacy_panel_scales *scales, struct cursors *at) {
    if (form->has_minimum) {
        add_legacy_products(form, 1, sums, isum, scales, at);
    } else {
        add_legacy_products(form, 0, sums, isum, scales, at);
    }
    FOR_TOKENS(t) {
        at->d[t] += 4;
        at->s[t] += 4;
    }
}

#endif
