/* The plain SIMD128 kernels of the types in types_kquant.h. */
#include "kernels/simd128/dot_i16.h"
#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/gemv_kquant.h"
#include "kernels/variants.h"

NEVER_INLINE void unpack_panel(const struct kquant_type *type, unpack_kquant_rows_fn *unpack_rows,
                               const struct panel_args *args) {
    const uint8_t *w = args->w;
    uint8_t *panel = args->panel;
    for (size_t b = args->n / 256; b; b--, w += type->block_bytes, panel += I16_KQUANT_PANEL_BYTES) {
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            struct kquant_rows rows;
            unpack_rows(&rows, at);
            store_i16_kquant_group(panel, g, type->exact, &rows, load_word_of_rows(at, type->d_offset));
        }
    }
}

#define KQUANT(name)                                                                                                   \
    static void gemv_##name(const struct gemv_args *args) { gemv_kquant(&type_##name, &i16_form, 1, args); }           \
    static void unpack_rows_##name(struct kquant_rows *out, const uint8_t *const at[4]) {                              \
        unpack_kquant_rows(&type_##name, out, at);                                                                     \
    }                                                                                                                  \
    static void unpack_panel_##name(const struct panel_args *args) {                                                   \
        unpack_panel(&type_##name, unpack_rows_##name, args);                                                          \
    }                                                                                                                  \
    static void gemm_##name(const struct gemm_args *args) {                                                            \
        (type_##name.exact ? gemm_i16_kquant_exact : gemm_i16_kquant)(args);                                           \
    }                                                                                                                  \
    const struct weight_kernels name##_simd128 = {                                                                     \
        .activation = ACTIVATION_Q8_K,                                                                                 \
        .panel_block_bytes = I16_KQUANT_PANEL_BYTES,                                                                   \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_##name,                                                                                           \
    };

KQUANT_TYPES(KQUANT)
