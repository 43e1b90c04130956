/* The relaxed kernels of the signed types: the grid types, IQ4_XS, TQ1_0 and TQ2_0. Their gemm uses dot4 where it is
 * one instruction, and otherwise that of plain SIMD128. */
#include "kernels/relaxed/dot2.h"
#include "kernels/relaxed/gemm_dot4.h"
#include "kernels/relaxed/host_probe.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_signed.h"
#include "kernels/simd128/panel_signed.h"
#include "kernels/simd128/types_iq4.h"
#include "kernels/variants.h"
#include "quant/iq4.h"

/* Multiplies magnitudes. The codes below 8 stand for negative values and leave their sign to the activations. */
ALWAYS_INLINE v128_t dot_iq4_xs(const struct dot_form *form, const struct signed_operands *of, float *d) {
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)of->block;
    const v128_t magnitudes = wasm_i8x16_abs(load_constant(iq4_values));
    int16_t scales[8];
    unpack_iq4_xs_scales(scales, block);
    v128_t sum = wasm_i32x4_splat(0);
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t scale = wasm_v128_load16_splat(scales + i);
        v128_t codes[2];
        nibbles(codes, block->qs + 16 * i);
        UNROLL
        for (size_t v = 0; v < 2; v++) {
            const v128_t negative = wasm_i8x16_lt(codes[v], splat8(8));
            const v128_t activations = negate_masked(wasm_v128_load(of->q + 32 * i + 16 * v), negative);
            const v128_t magnitude = wasm_i8x16_relaxed_swizzle(magnitudes, codes[v]);
            const struct activations16 prepared = form->prepare(activations);
            sum = wasm_i32x4_add(sum, form->dot_scaled(16, &magnitude, &prepared, scale));
        }
    }
    *d = f16_at(block->d);
    return sum;
}

_Static_assert(DOT4_SIGNED_PANEL_BYTES <= I16_KQUANT_PANEL_BYTES, "a panel has room for either");

/* One loop for all types of a form. */
#define GEMV_OF_FORM(form)                                                                                             \
    static void gemv_##form##_form(const struct signed_type *type, const struct gemv_args *args) {                     \
        gemv_signed(type, dot_##form, &dot2_form, args);                                                               \
    }
GEMV_OF_FORM(grid8)
GEMV_OF_FORM(grid4)
GEMV_OF_FORM(grid8_offset)
GEMV_OF_FORM(iq4_xs)
GEMV_OF_FORM(tq1_0)
GEMV_OF_FORM(tq2_0)

static void gemm(const struct gemm_args *args) {
    const enum eighth_bit eighth_bit = probe_eighth_bit();
    if (eighth_bit == EIGHTH_BIT_UNUSABLE) {
        gemm_i16_kquant_exact(args);
    } else {
        gemm_dot4_signed(eighth_bit == EIGHTH_BIT_UNSIGNED, args);
    }
}

#define SIGNED(name, form)                                                                                             \
    static void gemv_##name(const struct gemv_args *args) { gemv_##form##_form(&type_##name, args); }                  \
    static void unpack_panel_##name(const struct panel_args *args) {                                                   \
        const enum eighth_bit eighth_bit = probe_eighth_bit();                                                         \
        if (eighth_bit == EIGHTH_BIT_UNUSABLE) {                                                                       \
            unpack_i16_signed_panel(&type_##name, args);                                                               \
        } else {                                                                                                       \
            unpack_dot4_signed_panel(&type_##name, eighth_bit == EIGHTH_BIT_UNSIGNED, args);                           \
        }                                                                                                              \
    }                                                                                                                  \
    const struct weight_kernels name##_relaxed = {                                                                     \
        .activation = ACTIVATION_Q8_K,                                                                                 \
        .panel_block_bytes = I16_KQUANT_PANEL_BYTES,                                                                   \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm,                                                                                                  \
    };

GRID_TYPES(SIGNED)
IQ4_TYPES(SIGNED)
LOW_BIT_SIGNED_TYPES(SIGNED)
