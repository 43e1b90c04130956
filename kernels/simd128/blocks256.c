/* Matrix products of the K-quants in plain SIMD128. */
#include "kernels/simd128/dot.h"
#include "kernels/simd128/gemm.h"
#include "kernels/simd128/gemv.h"
#include "kernels/variants.h"

static void gemm_exact(const struct gemm_args *args) { gemm_blocks256(1, args); }

static void gemm_with_minimum(const struct gemm_args *args) { gemm_blocks256(0, args); }

static void gemv_q2_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q2_K, scales_q2_K, dot16_scaled, 16, 0, 80, sizeof(struct block_q2_K), args);
}
static void panel_q2_K(const struct panel_args *args) {
    panel_blocks256(chunk_q2_K, scales_q2_K, 16, 0, 80, sizeof(struct block_q2_K), args);
}
const struct weight_kernels q2_K_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_q2_K, panel_q2_K, gemm_with_minimum};

static void gemv_q3_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q3_K, scales_q3_K, dot16_scaled, 16, 1, 106, sizeof(struct block_q3_K), args);
}
static void panel_q3_K(const struct panel_args *args) {
    panel_blocks256(chunk_q3_K, scales_q3_K, 16, 1, 106, sizeof(struct block_q3_K), args);
}
const struct weight_kernels q3_K_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_q3_K, panel_q3_K, gemm_exact};

static void gemv_q4_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q4_K, scales_q4_K, dot32_scaled, 32, 0, 0, sizeof(struct block_q4_K), args);
}
static void panel_q4_K(const struct panel_args *args) {
    panel_blocks256(chunk_q4_K, scales_q4_K, 32, 0, 0, sizeof(struct block_q4_K), args);
}
const struct weight_kernels q4_K_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_q4_K, panel_q4_K, gemm_with_minimum};

static void gemv_q5_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q5_K, scales_q5_K, dot32_scaled, 32, 0, 0, sizeof(struct block_q5_K), args);
}
static void panel_q5_K(const struct panel_args *args) {
    panel_blocks256(chunk_q5_K, scales_q5_K, 32, 0, 0, sizeof(struct block_q5_K), args);
}
const struct weight_kernels q5_K_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_q5_K, panel_q5_K, gemm_with_minimum};

static void gemv_q6_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q6_K, scales_q6_K, dot16_scaled, 16, 1, 206, sizeof(struct block_q6_K), args);
}
static void panel_q6_K(const struct panel_args *args) {
    panel_blocks256(chunk_q6_K, scales_q6_K, 16, 1, 206, sizeof(struct block_q6_K), args);
}
const struct weight_kernels q6_K_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_q6_K, panel_q6_K, gemm_exact};
