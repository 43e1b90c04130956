/* The plain SIMD128 kernels of the quad types: MXFP4, NVFP4, Q1_0 and Q2_0. */
#include "kernels/simd128/dot_i16.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_quad.h"
#include "kernels/simd128/types_fp4.h"
#include "kernels/simd128/types_low_bit.h"
#include "kernels/variants.h"

/* One loop for all types: unpacking a quad is worth a call. */
NEVER_INLINE void gemv(const struct quad_type *type, const struct gemv_args *args) {
    gemv_quad(type, dot16, SUMS_I32, args);
}

/* ---- sub-blocks of 32: the panel is that of a legacy type with signed codes ---- */

static void store_sub_block32(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t d) {
    struct legacy_panel_scales *scales = (struct legacy_panel_scales *)(void *)(panel + 8 * I16_SLICE_BYTES);
    store_i16_legacy_group(panel, g, codes, wasm_i16x8_splat(0x3c00), 0); /* f16 scales of 1 ... */
    wasm_v128_store(scales->d[g], d);                                     /* ... replaced by floats */
}

NEVER_INLINE void unpack_panel32(const struct quad_type *type, const struct panel_args *args) {
    unpack_quad_panel(type, store_sub_block32, I16_LEGACY_PANEL_BYTES, args);
}

/* ---- sub-blocks of 16: a scale after every four slices ---- */

#define SUB_BLOCK16_BYTES (4 * I16_SLICE_BYTES + GROUPS * 16)

static void store_sub_block16(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t d) {
    const v128_t rows[4] = {codes[0][0], codes[1][0], codes[2][0], codes[3][0]};
    store_i16_slices(panel, g, rows, splat16(1), splat16(1));
    wasm_v128_store(panel + 4 * I16_SLICE_BYTES + 16 * g, d);
}

/* Two sub-blocks, which share the activation's scale. */
ALWAYS_INLINE void multiply_block16(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                    struct cursors *at) {
    (void)form;
    KEEP_LOOP
    for (int i = 0; i < 2; i++) {
        struct tile isum;
        sum_i16_slices(&isum, w, at, 4);
        FOR_TILE(t, g) {
            const v128_t scale = wasm_f32x4_mul(wasm_v128_load(*w + 16 * g), wasm_v128_load32_splat(at->d[t]));
            sums->of[t][g] =
                wasm_f32x4_add(sums->of[t][g], wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum.of[t][g]), scale));
        }
        *w += GROUPS * 16;
    }
    FOR_TOKENS(t) { at->d[t] += 4; }
}

static void gemm16(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_0};
    gemm_tiles(multiply_block16, &form, args);
}

/* ---- the types ---- */

#define QUAD(name, sub_blocks, sub_block_bytes, unpack, multiply)                                                      \
    static void gemv_##name(const struct gemv_args *args) { gemv(&type_##name, args); }                                \
    static void unpack_panel_##name(const struct panel_args *args) { unpack; }                                         \
    const struct weight_kernels name##_simd128 = {                                                                     \
        .activation = ACTIVATION_Q8_0,                                                                                 \
        .panel_block_bytes = (sub_blocks) * (sub_block_bytes),                                                         \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = (multiply),                                                                                            \
    };
#define QUAD32(name)                                                                                                   \
    QUAD(name, BLOCK_WEIGHTS_##name / 32, I16_LEGACY_PANEL_BYTES, unpack_panel32(&type_##name, args), gemm_i16_legacy)
#define QUAD16(name)                                                                                                   \
    QUAD(name, BLOCK_WEIGHTS_##name / 16, SUB_BLOCK16_BYTES,                                                           \
         unpack_quad_panel(&type_##name, store_sub_block16, SUB_BLOCK16_BYTES, args), gemm16)

FP4_TYPES(QUAD32, QUAD16)
LOW_BIT_QUAD_TYPES(QUAD32)
