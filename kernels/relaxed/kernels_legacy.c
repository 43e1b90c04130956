/* The relaxed kernels of the types in types_legacy.h. */
#include "kernels/relaxed/dot2.h"
#include "kernels/relaxed/dot4.h"
#include "kernels/relaxed/gemm_dot2.h"
#include "kernels/relaxed/gemm_dot4.h"
#include "kernels/relaxed/host_probe.h"
#include "kernels/relaxed/panel_i8.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_legacy.h"
#include "kernels/variants.h"

/* ---- codes below 32 ---- */

#define LEGACY(name, kind)                                                                                             \
    static void gemv_##name(const struct gemv_args *args) { gemv_legacy(&type_##name, &dot2_unsigned_form, args); }    \
    static void unpack_panel_##name(const struct panel_args *args) {                                                   \
        unpack_legacy_panel(&type_##name, store_i8_legacy_group, I8_LEGACY_PANEL_BYTES, args);                         \
    }                                                                                                                  \
    static void gemm_##name(const struct gemm_args *args) {                                                            \
        if (probe_eighth_bit() == EIGHTH_BIT_UNUSABLE) {                                                               \
            gemm_dot2_legacy(&type_##name, args);                                                                      \
        } else {                                                                                                       \
            gemm_dot4_legacy(&type_##name, args);                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    const struct weight_kernels name##_relaxed = {                                                                     \
        .activation = (kind),                                                                                          \
        .panel_block_bytes = I8_LEGACY_PANEL_BYTES,                                                                    \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_##name,                                                                                           \
    };

LEGACY_TYPES(LEGACY)

/* ---- signed codes, which need all eight bits: if the host's dot4 does not use the eighth bit, panels and gemm are
 * those of plain SIMD128. If it takes codes as unsigned, 128 is added to them. ---- */

ALWAYS_INLINE v128_t dot4_of_32(const v128_t codes[2], const struct activations32 *activations) {
    return dot4_add(activations->of[1], codes[1], dot4_add(activations->of[0], codes[0], wasm_i32x4_splat(0)));
}

/* For gemv where dot4 takes signed codes, as on ARM: a third fewer instructions there than with dot2_signed_form. */
static const struct block_form dot4_form = {.prepare = prepare32, .dot = dot4_of_32, .lanes = SUMS_I32};

ALWAYS_INLINE void raise_by_128(v128_t codes[2]) {
    codes[0] = wasm_v128_xor(codes[0], splat8(-128));
    codes[1] = wasm_v128_xor(codes[1], splat8(-128));
}

#define SIGNED_LEGACY(name)                                                                                            \
    static inline void unpack_raised_##name(v128_t codes[2], const uint8_t *block) {                                   \
        unpack_##name##_codes(codes, block);                                                                           \
        raise_by_128(codes);                                                                                           \
    }                                                                                                                  \
    static const struct legacy_type raised_##name = {                                                                  \
        .unpack = unpack_raised_##name,                                                                                \
        .block_bytes = sizeof(struct block_##name),                                                                    \
        .code_bits = 8,                                                                                                \
        .offset_log2 = 7,                                                                                              \
    };                                                                                                                 \
    static void gemv_##name(const struct gemv_args *args) {                                                            \
        if (probe_eighth_bit() == EIGHTH_BIT_SIGNED) {                                                                 \
            gemv_legacy(&type_##name, &dot4_form, args);                                                               \
        } else {                                                                                                       \
            gemv_legacy(&type_##name, &dot2_signed_form, args);                                                        \
        }                                                                                                              \
    }                                                                                                                  \
    static void unpack_panel_##name(const struct panel_args *args) {                                                   \
        switch (probe_eighth_bit()) {                                                                                  \
        case EIGHTH_BIT_SIGNED:                                                                                        \
            unpack_legacy_panel(&type_##name, store_i8_legacy_group, I8_LEGACY_PANEL_BYTES, args);                     \
            break;                                                                                                     \
        case EIGHTH_BIT_UNSIGNED:                                                                                      \
            unpack_legacy_panel(&raised_##name, store_i8_legacy_group, I8_LEGACY_PANEL_BYTES, args);                   \
            break;                                                                                                     \
        case EIGHTH_BIT_UNUSABLE:                                                                                      \
            unpack_legacy_panel(&type_##name, store_i16_legacy_group, I16_LEGACY_PANEL_BYTES, args);                   \
            break;                                                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    static void gemm_##name(const struct gemm_args *args) {                                                            \
        switch (probe_eighth_bit()) {                                                                                  \
        case EIGHTH_BIT_SIGNED:                                                                                        \
            gemm_dot4_legacy(&type_##name, args);                                                                      \
            break;                                                                                                     \
        case EIGHTH_BIT_UNSIGNED:                                                                                      \
            gemm_dot4_legacy(&raised_##name, args);                                                                    \
            break;                                                                                                     \
        case EIGHTH_BIT_UNUSABLE:                                                                                      \
            gemm_i16_legacy(args);                                                                                     \
            break;                                                                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    const struct weight_kernels name##_relaxed = {                                                                     \
        .activation = ACTIVATION_Q8_0,                                                                                 \
        .panel_block_bytes = I16_LEGACY_PANEL_BYTES,                                                                   \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_##name,                                                                                           \
    };

SIGNED_LEGACY_TYPES(SIGNED_LEGACY)
