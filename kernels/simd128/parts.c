/* Matrix products of the types of parts.h in plain SIMD128. */
#include "kernels/simd128/parts.h"
#include "kernels/simd128/dot.h"
#include "kernels/simd128/gemm.h"
#include "kernels/variants.h"

static void store_part32(uint8_t *panel, size_t g, v128_t each[4][2], v128_t d) {
    struct tail32 *tail = (struct tail32 *)(void *)(panel + 8 * STEP_BYTES);
    store_group32(panel, tail, g, each, wasm_i16x8_splat(0x3c00), 0);
    wasm_v128_store(tail->d[g], d); /* in place of the ones that stood for f16 scales */
}

/* One loop for all types: the codes of four parts are worth a call. */
static __attribute__((noinline)) void gemv(parts_fn *parts, struct form_parts form, const struct gemv_args *args) {
    gemv_parts(parts, dot16, 0, form, args);
}

static __attribute__((noinline)) void panel32(parts_fn *parts, struct form_parts form, const struct panel_args *args) {
    panel_parts(parts, store_part32, PANEL32_BYTES, form, args);
}

/* The panel is one of q8_0, whose codes are signed too. */
static void gemm32(const struct gemm_args *args) { q8_0_simd128.gemm(args); }

static void gemv_mxfp4(const struct gemv_args *args) { gemv(parts_mxfp4, FORM_MXFP4, args); }
static void panel_mxfp4(const struct panel_args *args) { panel32(parts_mxfp4, FORM_MXFP4, args); }
const struct weight_kernels mxfp4_simd128 = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_mxfp4, panel_mxfp4, gemm32};

static void gemv_q1_0(const struct gemv_args *args) { gemv(parts_q1_0, FORM_Q1_0, args); }
static void panel_q1_0(const struct panel_args *args) { panel32(parts_q1_0, FORM_Q1_0, args); }
const struct weight_kernels q1_0_simd128 = {ACTIVATION_Q8_0, 4 * PANEL32_BYTES, gemv_q1_0, panel_q1_0, gemm32};

static void gemv_q2_0(const struct gemv_args *args) { gemv(parts_q2_0, FORM_Q2_0, args); }
static void panel_q2_0(const struct panel_args *args) { panel32(parts_q2_0, FORM_Q2_0, args); }
const struct weight_kernels q2_0_simd128 = {ACTIVATION_Q8_0, 2 * PANEL32_BYTES, gemv_q2_0, panel_q2_0, gemm32};

/* ---- nvfp4: a scale for each 16 weights ---- */

#define PANEL16_BYTES (4 * STEP_BYTES + GROUPS * 16)

static void store_part16(uint8_t *panel, size_t g, v128_t each[4][2], v128_t d) {
    const v128_t rows[4] = {each[0][0], each[1][0], each[2][0], each[3][0]};
    store_steps(panel + 32 * g, rows, every16(1), every16(1));
    wasm_v128_store(panel + 4 * STEP_BYTES + 16 * g, d);
}

static void gemv_nvfp4(const struct gemv_args *args) { gemv(parts_nvfp4, FORM_NVFP4, args); }
static void panel_nvfp4(const struct panel_args *args) {
    panel_parts(parts_nvfp4, store_part16, PANEL16_BYTES, FORM_NVFP4, args);
}
static void gemm_nvfp4(const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        KEEP_LOOP
        for (size_t part = 0; part < args->n / 16; part++) {
            struct tile isum;
            sum_steps(&isum, &w, &at, 4);
            FOR_TILE(t, g) {
                const v128_t scale =
                    wasm_f32x4_mul(wasm_v128_load(w + 16 * g), wasm_v128_load32_splat(at.d[t] + part / 2 * 4));
                sums.of[t][g] =
                    wasm_f32x4_add(sums.of[t][g], wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum.of[t][g]), scale));
            }
            w += GROUPS * 16;
        }
        tile_store(args, token, &sums);
    }
}
const struct weight_kernels nvfp4_simd128 = {ACTIVATION_Q8_0, 4 * PANEL16_BYTES, gemv_nvfp4, panel_nvfp4, gemm_nvfp4};
