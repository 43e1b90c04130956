/* The plain SIMD128 kernels of the types in types_legacy.h. */
#include "kernels/simd128/dot_i16.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_legacy.h"
#include "kernels/variants.h"

#define KERNELS(name, kind)                                                                                            \
    static void unpack_panel_##name(const struct panel_args *args) {                                                   \
        unpack_legacy_panel(&type_##name, store_i16_legacy_group, I16_LEGACY_PANEL_BYTES, args);                       \
    }                                                                                                                  \
    const struct weight_kernels name##_simd128 = {                                                                     \
        .activation = (kind),                                                                                          \
        .panel_block_bytes = I16_LEGACY_PANEL_BYTES,                                                                   \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = (kind) == ACTIVATION_Q8_1 ? gemm_i16_legacy_with_minimum : gemm_i16_legacy,                            \
    };

#define LEGACY(name, kind)                                                                                             \
    static void gemv_##name(const struct gemv_args *args) { gemv_legacy(&type_##name, &i16_unsigned_form, args); }     \
    KERNELS(name, kind)
#define SIGNED_LEGACY(name)                                                                                            \
    static void gemv_##name(const struct gemv_args *args) { gemv_legacy(&type_##name, &i16_signed_form, args); }       \
    KERNELS(name, ACTIVATION_Q8_0)

LEGACY_TYPES(LEGACY)
SIGNED_LEGACY_TYPES(SIGNED_LEGACY)
