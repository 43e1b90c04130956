/* The plain SIMD128 kernels of the types in types_legacy.h. */
#include "kernels/simd128/dot_i16.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_legacy.h"
#include "kernels/variants.h"

ALWAYS_INLINE v128_t dot_block(const struct legacy_type *type, const uint8_t *block, const uint8_t *q,
                               const v128_t activations[2]) {
    (void)q;
    v128_t codes[2];
    type->unpack(codes, block);
    return dot32(codes, activations);
}

/* Eight signed bytes of each. */
ALWAYS_INLINE v128_t dot8(const int8_t *codes, const uint8_t *q) {
    return wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(opaque((const uint8_t *)codes)), wasm_i16x8_load8x8(opaque(q)));
}

/* The codes of Q8_0 are signed bytes already, so a load can widen them. */
ALWAYS_INLINE v128_t dot_block_q8_0(const struct legacy_type *type, const uint8_t *bytes, const uint8_t *q,
                                    const v128_t activations[2]) {
    (void)type, (void)activations;
    const int8_t *codes = ((const struct block_q8_0 *)bytes)->qs;
    return wasm_i32x4_add(wasm_i32x4_add(dot8(codes, q), dot8(codes + 8, q + 8)),
                          wasm_i32x4_add(dot8(codes + 16, q + 16), dot8(codes + 24, q + 24)));
}

static void gemv_q8_0(const struct gemv_args *args) { gemv_legacy(&type_q8_0, dot_block_q8_0, SUMS_I32, args); }
static void gemv_iq4_nl(const struct gemv_args *args) { gemv_legacy(&type_iq4_nl, dot_block, SUMS_I32, args); }

#define KERNELS(name, kind)                                                                                            \
    static void unpack_panel_##name(const struct panel_args *args) {                                                   \
        unpack_legacy_panel(&type_##name, store_i16_legacy_group, I16_LEGACY_PANEL_BYTES, args);                       \
    }                                                                                                                  \
    const struct weight_kernels name##_simd128 = {                                                                     \
        .activation = (kind),                                                                                          \
        .panel_block_bytes = I16_LEGACY_PANEL_BYTES,                                                                   \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = (kind) == ACTIVATION_Q8_1 ? gemm_i16_legacy_with_minimum : gemm_i16_legacy,                            \
    };

#define LEGACY(name, kind)                                                                                             \
    static void gemv_##name(const struct gemv_args *args) { gemv_legacy(&type_##name, dot_block, SUMS_I32, args); }    \
    KERNELS(name, kind)
#define SIGNED_LEGACY(name) KERNELS(name, ACTIVATION_Q8_0)

LEGACY_TYPES(LEGACY)
SIGNED_LEGACY_TYPES(SIGNED_LEGACY)
