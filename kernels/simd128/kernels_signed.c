/* The plain SIMD128 kernels of the signed types: the grid types, IQ4_XS, TQ1_0 and TQ2_0. */
#include "kernels/simd128/dot_i16.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_signed.h"
#include "kernels/simd128/panel_signed.h"
#include "kernels/simd128/types_iq4.h"
#include "kernels/variants.h"

/* Codes use all eight bits, so the block is unpacked first. Scales are below 64: a code times its scale fits i16. */
ALWAYS_INLINE v128_t dot_iq4_xs(const struct dot_form *form, const struct signed_operands *of, float *d) {
    (void)form;
    struct signed_block block;
    of->type->unpack(&block, of->type, of->block, of->grid);
    *d = block.d;
    v128_t even = wasm_i32x4_splat(0);
    v128_t odd = even;
    const int8_t *code = block.code;
    const uint8_t *q = of->q;
    KEEP_LOOP
    for (size_t j = 0; j < 16; j += 2) {
        UNROLL
        for (size_t i = 0; i < 2; i++) {
            const v128_t scale = wasm_v128_load16_splat(block.scale + j + i);
            const v128_t low = wasm_i16x8_mul(wasm_i16x8_load8x8(code + 16 * i), scale);
            const v128_t high = wasm_i16x8_mul(wasm_i16x8_load8x8(code + 16 * i + 8), scale);
            even = wasm_i32x4_add(even, wasm_i32x4_dot_i16x8(low, wasm_i16x8_load8x8(q + 16 * i)));
            odd = wasm_i32x4_add(odd, wasm_i32x4_dot_i16x8(high, wasm_i16x8_load8x8(q + 16 * i + 8)));
        }
        code += 32;
        q += 32;
    }
    return wasm_i32x4_add(even, odd);
}

/* One loop for all types of a form. */
#define GEMV_OF_FORM(form)                                                                                             \
    static void gemv_##form##_form(const struct signed_type *type, const struct gemv_args *args) {                     \
        gemv_signed(type, dot_##form, &i16_form, args);                                                                \
    }
GEMV_OF_FORM(grid8)
GEMV_OF_FORM(grid4)
GEMV_OF_FORM(grid8_offset)
GEMV_OF_FORM(iq4_xs)
GEMV_OF_FORM(tq1_0)
GEMV_OF_FORM(tq2_0)

#define SIGNED(name, form)                                                                                             \
    static void gemv_##name(const struct gemv_args *args) { gemv_##form##_form(&type_##name, args); }                  \
    static void unpack_panel_##name(const struct panel_args *args) { unpack_i16_signed_panel(&type_##name, args); }    \
    const struct weight_kernels name##_simd128 = {                                                                     \
        .activation = ACTIVATION_Q8_K,                                                                                 \
        .panel_block_bytes = I16_KQUANT_PANEL_BYTES,                                                                   \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_i16_kquant_exact,                                                                                 \
    };

GRID_TYPES(SIGNED)
IQ4_TYPES(SIGNED)
LOW_BIT_SIGNED_TYPES(SIGNED)
