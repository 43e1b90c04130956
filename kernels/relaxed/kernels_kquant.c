/* The relaxed kernels of the types in types_kquant.h. To add a type, state its steps here. */
#include "kernels/relaxed/dot2.h"
#include "kernels/relaxed/gemm_dot2.h"
#include "kernels/relaxed/gemm_dot4_kquant.h"
#include "kernels/relaxed/host_probe.h"
#include "kernels/relaxed/panel_i8.h"
#include "kernels/simd128/gemv_kquant.h"
#include "kernels/variants.h"

/* How many steps have their sums in i16: see gemm_dot2.h and gemm_dot4_kquant.h. */
enum {
    DOT2_STEPS_q2_K = 4, /* sub-blocks of 16 */
    DOT2_STEPS_q3_K = 4,
    DOT2_STEPS_q4_K = 8, /* 4 bits */
    DOT2_STEPS_q5_K = 4, /* 5 bits */
    DOT2_STEPS_q6_K = 2, /* 6 bits */

    DOT4_STEPS_q2_K = 2,
    DOT4_STEPS_q3_K = 2,
    DOT4_STEPS_q4_K = 4,
    DOT4_STEPS_q5_K = 2,
    DOT4_STEPS_q6_K = 0 /* dot4 gains nothing */
};

struct relaxed_kquant {
    const struct kquant_type *type;
    unpack_kquant_rows_fn *unpack_rows;
    uint32_t dot2_steps;
    uint32_t dot4_steps; /* 0: always dot2 */
};

static int uses_dot4(const struct relaxed_kquant *of) {
    return of->dot4_steps && probe_eighth_bit() != EIGHTH_BIT_UNUSABLE;
}

/* ---- panels for dot2 ---- */

/* The scales of group g, after every 2^steps_log2 steps. */
ALWAYS_INLINE void store_dot2_scales(uint8_t *panel, size_t g, unsigned steps_log2,
                                     const struct kquant_scales scales[4]) {
    const size_t steps = (size_t)1 << steps_log2;
    KEEP_LOOP
    for (size_t second = 0; second < 2; second++) {
        v128_t scale[8];
        double_scales_of_rows(scale, scales, second);
        KEEP_LOOP
        for (size_t step = 32 * second; step < 32 * second + 32; step += steps) {
            wasm_v128_store(panel + (step + (step >> steps_log2) + steps) * I8_STEP_BYTES + 16 * g,
                            scale[step / 4 % 8]);
        }
    }
}

static void store_dot2_group(uint8_t *panel, size_t g, const struct relaxed_kquant *of, const struct kquant_rows *rows,
                             v128_t d) {
    const unsigned steps_log2 = (unsigned)__builtin_ctz(of->dot2_steps);
    KEEP_LOOP
    for (size_t j = 0; j < 16; j++) {
        v128_t steps[4];
        transpose(steps, rows->codes[0][j], rows->codes[1][j], rows->codes[2][j], rows->codes[3][j]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            const size_t step = 4 * j + i;
            wasm_v128_store(panel + (step + (step >> steps_log2)) * I8_STEP_BYTES + 16 * g, steps[i]);
        }
    }
    store_dot2_scales(panel, g, steps_log2, rows->scales);
    struct kquant_panel_scales *scales =
        (struct kquant_panel_scales *)(void *)(panel + (64 + (64 >> steps_log2)) * I8_STEP_BYTES);
    store_kquant_scales(scales + g, of->type->sub_block, of->type->exact, rows->scales, d);
}

/* ---- panels and gemm of either kind ---- */

static void unpack_panel(const struct relaxed_kquant *of, const struct panel_args *args) {
    const int dot4 = uses_dot4(of);
    const size_t blocks = args->n / 256;
    for (size_t g = 0; g < GROUPS; g++) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, 4 * g, args->rows);
        for (size_t b = 0; b < blocks; b++) {
            struct kquant_rows rows;
            of->unpack_rows(&rows, at);
            const v128_t d = load_word_of_rows(at, of->type->d_offset);
            if (dot4) {
                uint8_t *block = args->panel + (g * blocks + b) * dot4_kquant_panel_bytes(of->dot4_steps);
                store_dot4_kquant_block(block, of->type, of->dot4_steps, &rows, d);
            } else {
                store_dot2_group(args->panel + b * I8_KQUANT_PANEL_BYTES(of->dot2_steps), g, of, &rows, d);
            }
            for (size_t k = 0; k < 4; k++) {
                at[k] += of->type->block_bytes;
            }
        }
    }
}

static void gemm(const struct relaxed_kquant *of, const struct gemm_args *args) {
    if (uses_dot4(of)) {
        gemm_dot4_kquant(of->type, of->dot4_steps, args);
    } else {
        gemm_dot2_kquant(of->type, of->dot2_steps, args);
    }
}

/* ---- the types ---- */

#define KQUANT(name)                                                                                                   \
    static void unpack_rows_##name(struct kquant_rows *out, const uint8_t *const at[4]) {                              \
        unpack_kquant_rows(&type_##name, out, at);                                                                     \
    }                                                                                                                  \
    static const struct relaxed_kquant relaxed_##name = {                                                              \
        .type = &type_##name,                                                                                          \
        .unpack_rows = unpack_rows_##name,                                                                             \
        .dot2_steps = DOT2_STEPS_##name,                                                                               \
        .dot4_steps = DOT4_STEPS_##name,                                                                               \
    };                                                                                                                 \
    static void gemv_##name(const struct gemv_args *args) { gemv_kquant(&type_##name, dot_scaled, args); }             \
    static void unpack_panel_##name(const struct panel_args *args) { unpack_panel(&relaxed_##name, args); }            \
    static void gemm_##name(const struct gemm_args *args) { gemm(&relaxed_##name, args); }                             \
    const struct weight_kernels name##_relaxed = {                                                                     \
        .activation = ACTIVATION_Q8_K,                                                                                 \
        .panel_block_bytes = I8_KQUANT_PANEL_BYTES(DOT2_STEPS_##name), /* a panel for dot4 is no larger */             \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_##name,                                                                                           \
    };

KQUANT_TYPES(KQUANT)
