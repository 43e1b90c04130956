/* Matrix products of the types of kernels/simd128/parts.h with relaxed SIMD. Their codes plus 16 are below 32. */
#include "kernels/simd128/parts.h"
#include "kernels/relaxed/dot.h"
#include "kernels/relaxed/pairs.h"
#include "kernels/variants.h"

/* The dot of the codes less that of 16 in their place. */
ALWAYS_INLINE v128_t pairs16(v128_t codes, v128_t activations) {
    const v128_t offset = every8(16);
    return wasm_i16x8_sub(pairs(wasm_i8x16_add(codes, offset), activations), pairs(offset, activations));
}

static __attribute__((noinline)) void gemv(parts_fn *parts, struct form_parts form, const struct gemv_args *args) {
    gemv_parts(parts, pairs16, 1, form, args);
}

static void store_part32(uint8_t *panel, size_t g, v128_t each[4][2], v128_t d) {
    struct tail32 *tail = (struct tail32 *)(void *)(panel + 8 * STEP_BYTES);
    UNROLL
    for (int k = 0; k < 4; k++) {
        each[k][0] = wasm_i8x16_add(each[k][0], every8(16));
        each[k][1] = wasm_i8x16_add(each[k][1], every8(16));
    }
    store_group32(panel, tail, g, each, wasm_i16x8_splat(0x3c00));
    wasm_v128_store(tail->d[g], d); /* in place of the ones that stood for f16 scales */
}

static __attribute__((noinline)) void panel32(parts_fn *parts, struct form_parts form, const struct panel_args *args) {
    panel_parts(parts, store_part32, PANEL32_BYTES, form, args);
}

/* The panel is one of q5_0, whose codes are as large and have the same offset. */
static void gemm32(const struct gemm_args *args) { q5_0_relaxed.gemm(args); }

static void gemv_mxfp4(const struct gemv_args *args) { gemv(parts_mxfp4, FORM_MXFP4, args); }
static void panel_mxfp4(const struct panel_args *args) { panel32(parts_mxfp4, FORM_MXFP4, args); }
const struct weight_kernels mxfp4_relaxed = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_mxfp4, panel_mxfp4, gemm32};

static void gemv_q1_0(const struct gemv_args *args) { gemv(parts_q1_0, FORM_Q1_0, args); }
static void panel_q1_0(const struct panel_args *args) { panel32(parts_q1_0, FORM_Q1_0, args); }
const struct weight_kernels q1_0_relaxed = {ACTIVATION_Q8_0, 4 * PANEL32_BYTES, gemv_q1_0, panel_q1_0, gemm32};

static void gemv_q2_0(const struct gemv_args *args) { gemv(parts_q2_0, FORM_Q2_0, args); }
static void panel_q2_0(const struct panel_args *args) { panel32(parts_q2_0, FORM_Q2_0, args); }
const struct weight_kernels q2_0_relaxed = {ACTIVATION_Q8_0, 2 * PANEL32_BYTES, gemv_q2_0, panel_q2_0, gemm32};

/* ---- nvfp4: a scale for each 16 weights, whose sums of pairs fit i16 ---- */

#define PANEL16_BYTES (4 * STEP_BYTES + GROUPS * 16)

static void store_part16(uint8_t *panel, size_t g, v128_t each[4][2], v128_t d) {
    v128_t steps[4];
    transpose(steps, each[0][0], each[1][0], each[2][0], each[3][0]);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        wasm_v128_store(panel + i * STEP_BYTES + 16 * g, wasm_i8x16_add(steps[i], every8(16)));
    }
    wasm_v128_store(panel + 4 * STEP_BYTES + 16 * g, d);
}

/* i32, in all lanes: the sum of 16 activations, 16 times. */
ALWAYS_INLINE v128_t offset_of(const uint8_t *q) {
    v128_t sum = wasm_i32x4_extadd_pairwise_i16x8(pairs(every8(16), wasm_v128_load(q)));
    sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
    return wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 1, 0, 3, 2));
}

static void gemv_nvfp4(const struct gemv_args *args) { gemv(parts_nvfp4, FORM_NVFP4, args); }
static void panel_nvfp4(const struct panel_args *args) {
    panel_parts(parts_nvfp4, store_part16, PANEL16_BYTES, FORM_NVFP4, args);
}
ALWAYS_INLINE void gemm16(enum splat splat, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        KEEP_LOOP
        for (size_t part = 0; part < args->n / 16; part++) {
            v128_t offset[TOKENS];
            struct tile isum;
            UNROLL
            for (int t = 0; t < TOKENS; t++) {
                offset[t] = offset_of(at.q[t]);
            }
            two_steps(splat, &isum, &w, &at, 1);
            two_steps(splat, &isum, &w, &at, 0);
            UNROLL
            for (int t = 0; t < TOKENS; t++) {
                const v128_t d = splat_at(splat, at.d[t] + part / 2 * 4);
                UNROLL
                for (int g = 0; g < GROUPS; g++) {
                    const v128_t exact = wasm_i32x4_sub(wasm_i32x4_extadd_pairwise_i16x8(isum.of[t][g]), offset[t]);
                    const v128_t scale = wasm_f32x4_mul(wasm_v128_load(w + 16 * g), d);
                    sums.of[t][g] =
                        wasm_f32x4_add(sums.of[t][g], wasm_f32x4_mul(wasm_f32x4_convert_i32x4(exact), scale));
                }
            }
            w += GROUPS * 16;
        }
        tile_store(args, token, &sums);
    }
}
static void gemm_nvfp4(const struct gemm_args *args) {
    if (splat_here() == LOADED) {
        gemm16(LOADED, args);
    } else {
        gemm16(SHUFFLED, args);
    }
}
const struct weight_kernels nvfp4_relaxed = {ACTIVATION_Q8_0, 4 * PANEL16_BYTES, gemv_nvfp4, panel_nvfp4, gemm_nvfp4};
