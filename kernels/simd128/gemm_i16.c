/* The gemm loops of plain SIMD128, and the stores into its panels, which are not inlined because they would be most of
 * the code of each type. */
#include "kernels/simd128/gemm_i16.h"

void store_i16_legacy_group(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t scales, int32_t offset) {
    const v128_t one = splat16(1);
    UNROLL
    for (size_t v = 0; v < 2; v++) {
        v128_t rows[4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            rows[k] = wasm_i8x16_sub(codes[k][v], wasm_i8x16_splat((int8_t)offset));
        }
        store_i16_slices(panel + 4 * v * I16_SLICE_BYTES, g, rows, one, one);
    }
    store_legacy_scales((struct legacy_panel_scales *)(void *)(panel + 8 * I16_SLICE_BYTES), g, scales);
}

void store_i16_kquant_group(uint8_t *panel, size_t g, int exact, const struct kquant_rows *rows, v128_t d) {
    KEEP_LOOP
    for (size_t j = 0; j < 16; j++) {
        v128_t codes[4];
        v128_t scale[4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            codes[k] = rows->codes[k][j];
            scale[k] = wasm_v128_load16_splat(&rows->scales[k].scale[j]);
        }
        store_i16_slices(panel + 4 * j * I16_SLICE_BYTES, g, codes, wasm_i64x2_shuffle(scale[0], scale[1], 0, 2),
                         wasm_i64x2_shuffle(scale[2], scale[3], 0, 2));
    }
    store_kquant_scales((struct kquant_panel_scales *)(void *)(panel + 64 * I16_SLICE_BYTES) + g, 16, exact,
                        rows->scales, d);
}

ALWAYS_INLINE void multiply_legacy_block(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                         struct cursors *at) {
    struct tile isum;
    sum_i16_slices(&isum, w, at, 8);
    const struct legacy_panel_scales *scales = (const struct legacy_panel_scales *)(const void *)opaque(*w);
    finish_legacy(form, sums, &isum, scales, at);
    *w = (const uint8_t *)(scales + 1);
}

void gemm_i16_legacy(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_0};
    gemm_tiles(multiply_legacy_block, &form, args);
}

void gemm_i16_legacy_with_minimum(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_1, .has_minimum = 1};
    gemm_tiles(multiply_legacy_block, &form, args);
}

ALWAYS_INLINE void multiply_kquant_block(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                         struct cursors *at) {
    struct tile isum;
    sum_i16_slices(&isum, w, at, 64);
    const struct kquant_panel_scales *scales = (const struct kquant_panel_scales *)(const void *)opaque(*w);
    finish_kquant(form, sums, &isum, scales, at);
    *w = (const uint8_t *)(scales + GROUPS);
}

void gemm_i16_kquant(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 256, .activation = ACTIVATION_Q8_K, .sub_block = 16};
    gemm_tiles(multiply_kquant_block, &form, args);
}

void gemm_i16_kquant_exact(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 256, .activation = ACTIVATION_Q8_K, .sub_block = 16, .exact = 1};
    gemm_tiles(multiply_kquant_block, &form, args);
}
