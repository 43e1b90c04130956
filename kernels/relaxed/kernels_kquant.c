/* The relaxed kernels of the types in types_kquant.h. */
#include "kernels/relaxed/dot2.h"
#include "kernels/relaxed/gemm_dot2.h"
#include "kernels/relaxed/gemm_dot4.h"
#include "kernels/relaxed/gemm_dot4_kquant.h"
#include "kernels/relaxed/host_probe.h"
#include "kernels/relaxed/panel_kquant.h"
#include "kernels/simd128/gemv_kquant.h"
#include "kernels/variants.h"

/* How many slices have their sums in i16: see gemm_dot2.h and gemm_dot4_kquant.h. The sums of codes of 6 bits do not
 * fit. */
#define SMALLER(a, b)                     ((a) < (b) ? (a) : (b))
#define DOT2_SLICES(code_bits, sub_block) SMALLER((sub_block) / 4, (code_bits) <= 4 ? 8 : (code_bits) == 5 ? 4 : 2)
#define DOT4_SLICES(code_bits, sub_block) ((code_bits) > 5 ? 0 : (code_bits) <= 4 && (sub_block) == 32 ? 4 : 2)

/* In a function that is not used if there are none. */
#define DOT4_SLICES_OR_2(code_bits, sub_block)                                                                         \
    (DOT4_SLICES(code_bits, sub_block) ? DOT4_SLICES(code_bits, sub_block) : 2)

/* The types of Q4_K_M have a gemv for several tokens; for each of the others, it would be 2 to 5 KB of code. */
#define GEMV_TOKENS(code_bits) ((code_bits) == 4 || (code_bits) == 6 ? FEW_TOKENS : 1)

struct relaxed_kquant {
    const struct kquant_type *type;
    unpack_kquant_rows_fn *unpack_rows; /* of an exact type */
    void (*unpack_scales)(struct kquant_scales out[4], const uint8_t *const rows[4]);
    void (*store_dot2)(uint8_t *panel, size_t g, const uint8_t *const rows[4]);
    void (*store_dot4)(uint8_t *panel, const uint8_t *const rows[4]);
    uint32_t dot2_slices;
    uint32_t dot4_slices; /* 0: dot4 takes codes only without their offset */
    int8_t offset;        /* of the codes of an exact type */
};

/* Where dot4 takes signed codes, as on ARM, the codes of exact types lose their offset in the panel. The gemm of signed
 * types then takes 55 % (Q6_K) and 85 % (Q3_K) of the instructions. */
enum form { DOT2, DOT4, DOT4_SIGNED };

static enum form form_of(const struct relaxed_kquant *of) {
    const enum eighth_bit eighth_bit = probe_eighth_bit();
    if (eighth_bit == EIGHTH_BIT_SIGNED && of->type->exact) {
        return DOT4_SIGNED;
    }
    return of->dot4_slices && eighth_bit != EIGHTH_BIT_UNUSABLE ? DOT4 : DOT2;
}

/* ---- panels for dot4 of signed codes ---- */

static void store_signed_group(uint8_t *panel, size_t g, int8_t offset, const struct kquant_rows *rows, v128_t d) {
    const v128_t offsets = wasm_i8x16_splat(offset);
    KEEP_LOOP
    for (size_t j = 0; j < 16; j++) {
        v128_t codes[4];
        UNROLL
        for (int k = 0; k < 4; k++) {
            codes[k] = wasm_i8x16_sub(rows->codes[k][j], offsets);
        }
        const struct kquant_scales *of = rows->scales;
        store_dot4_signed_sub_block(panel, g, j, codes,
                                    wasm_i32x4_make(of[0].scale[j], of[1].scale[j], of[2].scale[j], of[3].scale[j]));
    }
    v128_t unused;
    v128_t scale;
    widen_f16_pairs(&unused, &scale, d, widen_any_f16);
    store_dot4_signed_d(panel, g, scale);
}

/* ---- panels and gemm of each form ---- */

/* Stores block b of `blocks` of four rows as group g. */
static void store_block(uint8_t *panel, enum form form, size_t g, size_t b, size_t blocks,
                        const struct relaxed_kquant *of, const uint8_t *const rows[4]) {
    const v128_t d = load_word_of_rows(rows, of->type->d_offset);
    struct kquant_scales scales[4];
    struct kquant_rows unpacked;
    switch (form) {
    case DOT2:
        panel += b * I8_KQUANT_PANEL_BYTES(of->dot2_slices);
        of->unpack_scales(scales, rows);
        of->store_dot2(panel, g, rows);
        store_dot2_scales(of->type, of->dot2_slices, panel, g, scales, d);
        break;
    case DOT4:
        panel += (g * blocks + b) * dot4_kquant_bytes(of->dot4_slices);
        of->unpack_scales(scales, rows);
        of->store_dot4(panel, rows);
        store_dot4_scales(of->type, of->dot4_slices, panel, scales, d);
        break;
    case DOT4_SIGNED:
        of->unpack_rows(&unpacked, rows);
        store_signed_group(panel + b * DOT4_SIGNED_PANEL_BYTES, g, of->offset, &unpacked, d);
        break;
    }
}

static void unpack_panel(const struct relaxed_kquant *of, const struct panel_args *args) {
    const enum form form = form_of(of);
    const size_t blocks = args->n / 256;
    for (size_t g = 0; g < GROUPS; g++) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, 4 * g, args->rows);
        for (size_t b = 0; b < blocks; b++) {
            store_block(args->panel, form, g, b, blocks, of, at);
            for (size_t k = 0; k < 4; k++) {
                at[k] += of->type->block_bytes;
            }
        }
    }
}

static void gemm(const struct relaxed_kquant *of, const struct gemm_args *args) {
    switch (form_of(of)) {
    case DOT2:
        gemm_dot2_kquant(of->type, of->dot2_slices, args);
        break;
    case DOT4:
        gemm_dot4_kquant(of->type, of->dot4_slices, args);
        break;
    case DOT4_SIGNED:
        gemm_dot4_signed(0, args);
        break;
    }
}

/* ---- the types ---- */

#define KQUANT(name)                                                                                                   \
    _Static_assert(name##_CODE_BITS <= 6, "two slices of larger codes do not fit i16");                                \
    _Static_assert(DOT4_SIGNED_PANEL_BYTES <= I8_KQUANT_PANEL_BYTES(DOT2_SLICES(name##_CODE_BITS, name##_SUB_BLOCK)),  \
                   "a panel has room for each form");                                                                  \
    static void unpack_rows_##name(struct kquant_rows *out, const uint8_t *const at[4]) {                              \
        unpack_kquant_rows(&type_##name, out, at);                                                                     \
    }                                                                                                                  \
    static void unpack_scales_##name(struct kquant_scales out[4], const uint8_t *const rows[4]) {                      \
        unpack_scales_of_rows(&type_##name, out, rows);                                                                \
    }                                                                                                                  \
    static void store_dot2_##name(uint8_t *panel, size_t g, const uint8_t *const rows[4]) {                            \
        store_dot2_codes(&type_##name, DOT2_SLICES(name##_CODE_BITS, name##_SUB_BLOCK), panel, g, rows);               \
    }                                                                                                                  \
    static void store_dot4_##name(uint8_t *panel, const uint8_t *const rows[4]) {                                      \
        store_dot4_codes(&type_##name, DOT4_SLICES_OR_2(name##_CODE_BITS, name##_SUB_BLOCK), panel, rows);             \
    }                                                                                                                  \
    static const struct relaxed_kquant relaxed_##name = {                                                              \
        .type = &type_##name,                                                                                          \
        .unpack_rows = name##_EXACT ? unpack_rows_##name : NULL,                                                       \
        .unpack_scales = unpack_scales_##name,                                                                         \
        .store_dot2 = store_dot2_##name,                                                                               \
        .store_dot4 = DOT4_SLICES(name##_CODE_BITS, name##_SUB_BLOCK) ? store_dot4_##name : NULL,                      \
        .dot2_slices = DOT2_SLICES(name##_CODE_BITS, name##_SUB_BLOCK),                                                \
        .dot4_slices = DOT4_SLICES(name##_CODE_BITS, name##_SUB_BLOCK),                                                \
        .offset = 1 << (name##_CODE_BITS - 1),                                                                         \
    };                                                                                                                 \
    static void gemv_##name(const struct gemv_args *args) {                                                            \
        gemv_kquant(&type_##name, &dot2_form, GEMV_TOKENS(name##_CODE_BITS), args);                                    \
    }                                                                                                                  \
    static void unpack_panel_##name(const struct panel_args *args) { unpack_panel(&relaxed_##name, args); }            \
    static void gemm_##name(const struct gemm_args *args) { gemm(&relaxed_##name, args); }                             \
    const struct weight_kernels name##_relaxed = {                                                                     \
        .activation = ACTIVATION_Q8_K,                                                                                 \
        .panel_block_bytes =                                                                                           \
            I8_KQUANT_PANEL_BYTES(DOT2_SLICES(name##_CODE_BITS, name##_SUB_BLOCK)), /* no less than for dot4 */        \
        .gemv_tokens = GEMV_TOKENS(name##_CODE_BITS),                                                                  \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_##name,                                                                                           \
    };

KQUANT_TYPES(KQUANT)
