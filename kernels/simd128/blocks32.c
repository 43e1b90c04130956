/* Matrix products of the block-of-32 types in plain SIMD128. */
#include "kernels/simd128/dot.h"
#include "kernels/simd128/gemm.h"
#include "kernels/simd128/gemv.h"
#include "kernels/variants.h"

static void gemm_without(const struct gemm_args *args) { gemm_blocks32(0, args); }

static void gemm_with_minimum(const struct gemm_args *args) { gemm_blocks32(1, args); }

static void gemv_q4_0(const struct gemv_args *args) {
    gemv_blocks32(codes_q4_0, dot32, (struct form32){sizeof(struct block_q4_0), 4, 0, 0}, 0, args);
}
static void panel_q4_0(const struct panel_args *args) {
    panel_blocks32(codes_q4_0, sizeof(struct block_q4_0), 8, args);
}
const struct weight_kernels q4_0_simd128 = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_q4_0, panel_q4_0, gemm_without};

static void gemv_q4_1(const struct gemv_args *args) {
    gemv_blocks32(codes_q4_1, dot32, (struct form32){sizeof(struct block_q4_1), 0, 0, 0}, 1, args);
}
static void panel_q4_1(const struct panel_args *args) {
    panel_blocks32(codes_q4_1, sizeof(struct block_q4_1), 0, args);
}
const struct weight_kernels q4_1_simd128 = {ACTIVATION_Q8_1, PANEL32_BYTES, gemv_q4_1, panel_q4_1, gemm_with_minimum};

static void gemv_q5_0(const struct gemv_args *args) {
    gemv_blocks32(codes_q5_0, dot32, (struct form32){sizeof(struct block_q5_0), 5, 0, 1}, 0, args);
}
static void panel_q5_0(const struct panel_args *args) {
    panel_blocks32(codes_q5_0, sizeof(struct block_q5_0), 16, args);
}
const struct weight_kernels q5_0_simd128 = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_q5_0, panel_q5_0, gemm_without};

static void gemv_q5_1(const struct gemv_args *args) {
    gemv_blocks32(codes_q5_1, dot32, (struct form32){sizeof(struct block_q5_1), 0, 0, 1}, 1, args);
}
static void panel_q5_1(const struct panel_args *args) {
    panel_blocks32(codes_q5_1, sizeof(struct block_q5_1), 0, args);
}
const struct weight_kernels q5_1_simd128 = {ACTIVATION_Q8_1, PANEL32_BYTES, gemv_q5_1, panel_q5_1, gemm_with_minimum};

static void gemv_q8_0(const struct gemv_args *args) {
    gemv_blocks32(NULL, dot32, (struct form32){sizeof(struct block_q8_0), 0, 0, 0}, 0, args);
}
static void panel_q8_0(const struct panel_args *args) {
    panel_blocks32(codes_q8_0, sizeof(struct block_q8_0), 0, args);
}
const struct weight_kernels q8_0_simd128 = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_q8_0, panel_q8_0, gemm_without};

static void gemv_iq4_nl(const struct gemv_args *args) {
    gemv_blocks32(codes_iq4_nl, dot32, (struct form32){sizeof(struct block_iq4_nl), 0, 0, 0}, 0, args);
}
static void panel_iq4_nl(const struct panel_args *args) {
    panel_blocks32(codes_iq4_nl, sizeof(struct block_iq4_nl), 0, args);
}
const struct weight_kernels iq4_nl_simd128 = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_iq4_nl, panel_iq4_nl, gemm_without};
