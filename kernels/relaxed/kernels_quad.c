/* The relaxed kernels of the quad types: MXFP4, NVFP4, Q1_0 and Q2_0. Their codes plus 16 are below 32. */
#include "kernels/relaxed/dot2.h"
#include "kernels/relaxed/gemm_dot2.h"
#include "kernels/relaxed/panel_i8.h"
#include "kernels/simd128/gemv_quad.h"
#include "kernels/simd128/types_fp4.h"
#include "kernels/simd128/types_low_bit.h"
#include "kernels/variants.h"

/* The dot product of the raised codes, minus that of 16 in their place. */
ALWAYS_INLINE v128_t dot2_of_16(v128_t codes, v128_t activations) {
    const v128_t offset = splat8(16);
    return wasm_i16x8_sub(dot2(wasm_i8x16_add(codes, offset), activations), dot2(offset, activations));
}

/* One loop for all types: unpacking a quad is worth a call. */
NEVER_INLINE void gemv(const struct quad_type *type, const struct gemv_args *args) {
    gemv_quad(type, dot2_of_16, SUMS_I16, args);
}

/* ---- sub-blocks of 32: the panel is that of q5_0, whose codes are as large and have the same offset ---- */

static void store_sub_block32(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t d) {
    struct legacy_panel_scales *scales = (struct legacy_panel_scales *)(void *)(panel + 8 * I8_SLICE_BYTES);
    UNROLL
    for (int k = 0; k < 4; k++) {
        codes[k][0] = wasm_i8x16_add(codes[k][0], splat8(16));
        codes[k][1] = wasm_i8x16_add(codes[k][1], splat8(16));
    }
    store_i8_legacy_group(panel, g, codes, wasm_i16x8_splat(0x3c00), 0); /* f16 scales of 1 ... */
    wasm_v128_store(scales->d[g], d);                                    /* ... replaced by floats */
}

NEVER_INLINE void unpack_panel32(const struct quad_type *type, const struct panel_args *args) {
    unpack_quad_panel(type, store_sub_block32, I8_LEGACY_PANEL_BYTES, args);
}

static void gemm32(const struct gemm_args *args) { q5_0_relaxed.gemm(args); }

/* ---- sub-blocks of 16 ---- */

static void store_sub_block16(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t d) {
    v128_t rows[4];
    UNROLL
    for (int k = 0; k < 4; k++) {
        rows[k] = wasm_i8x16_add(codes[k][0], splat8(16));
    }
    store_i8_slices(panel, g, rows);
    wasm_v128_store(panel + 4 * I8_SLICE_BYTES + 16 * g, d);
}

/* ---- the types ---- */

#define QUAD(name, sub_blocks, sub_block_bytes, unpack, multiply)                                                      \
    static void gemv_##name(const struct gemv_args *args) { gemv(&type_##name, args); }                                \
    static void unpack_panel_##name(const struct panel_args *args) { unpack; }                                         \
    const struct weight_kernels name##_relaxed = {                                                                     \
        .activation = ACTIVATION_Q8_0,                                                                                 \
        .panel_block_bytes = (sub_blocks) * (sub_block_bytes),                                                         \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = (multiply),                                                                                            \
    };
#define QUAD32(name)                                                                                                   \
    QUAD(name, BLOCK_WEIGHTS_##name / 32, I8_LEGACY_PANEL_BYTES, unpack_panel32(&type_##name, args), gemm32)
#define QUAD16(name)                                                                                                   \
    QUAD(name, BLOCK_WEIGHTS_##name / 16, I8_SUB_BLOCK16_BYTES,                                                        \
         unpack_quad_panel(&type_##name, store_sub_block16, I8_SUB_BLOCK16_BYTES, args), gemm_dot2_sub_block16)

FP4_TYPES(QUAD32, QUAD16)
LOW_BIT_QUAD_TYPES(QUAD32)
