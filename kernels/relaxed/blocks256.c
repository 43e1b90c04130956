/* Matrix products of the K-quants with relaxed SIMD. A gemm's name ends in the
 * steps of four weights whose sums of pairs fit i16: 2 * 8 * 15 * 127 for codes
 * of 4 bits, 2 * 4 * 31 * 127 for 5 bits, 2 * 2 * 63 * 127 for 6 bits. */
#include "kernels/relaxed/dot.h"
#include "kernels/relaxed/gemm.h"
#include "kernels/simd128/gemv.h"
#include "kernels/variants.h"

static void gemm_minimum_8(float *out, size_t out_stride, const uint8_t *panel, size_t rows, const uint8_t *activations,
                           size_t activation_bytes, size_t tokens, size_t n) {
    const struct gemm_args args = {out, out_stride, panel, rows, activations, activation_bytes, tokens, n};
    gemm_blocks256(0, 8, &args);
}

static void gemm_minimum_2(float *out, size_t out_stride, const uint8_t *panel, size_t rows, const uint8_t *activations,
                           size_t activation_bytes, size_t tokens, size_t n) {
    const struct gemm_args args = {out, out_stride, panel, rows, activations, activation_bytes, tokens, n};
    gemm_blocks256(0, 2, &args);
}

static void gemm_exact_2(float *out, size_t out_stride, const uint8_t *panel, size_t rows, const uint8_t *activations,
                         size_t activation_bytes, size_t tokens, size_t n) {
    const struct gemm_args args = {out, out_stride, panel, rows, activations, activation_bytes, tokens, n};
    gemm_blocks256(1, 2, &args);
}

static void gemv_q2_K(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,
                      size_t n) {
    const struct gemv_args args = {out, w, row_bytes, rows, activation, n};
    gemv_blocks256(chunk_q2_K, scales_q2_K, dot16_scaled, 16, 0, 80, sizeof(struct block_q2_K), &args);
}
static void panel_q2_K(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_blocks256(chunk_q2_K, scales_q2_K, 16, 0, 80, 2, sizeof(struct block_q2_K), panel, w, row_bytes, rows, n);
}
const struct weight_kernels q2_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(2), gemv_q2_K, panel_q2_K, gemm_minimum_2};

static void gemv_q3_K(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,
                      size_t n) {
    const struct gemv_args args = {out, w, row_bytes, rows, activation, n};
    gemv_blocks256(chunk_q3_K, scales_q3_K, dot16_scaled, 16, 1, 106, sizeof(struct block_q3_K), &args);
}
static void panel_q3_K(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_blocks256(chunk_q3_K, scales_q3_K, 16, 1, 106, 2, sizeof(struct block_q3_K), panel, w, row_bytes, rows, n);
}
const struct weight_kernels q3_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(2), gemv_q3_K, panel_q3_K, gemm_exact_2};

static void gemv_q4_K(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,
                      size_t n) {
    const struct gemv_args args = {out, w, row_bytes, rows, activation, n};
    gemv_blocks256(chunk_q4_K, scales_q4_K, dot32_scaled, 32, 0, 0, sizeof(struct block_q4_K), &args);
}
static void panel_q4_K(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_blocks256(chunk_q4_K, scales_q4_K, 32, 0, 0, 8, sizeof(struct block_q4_K), panel, w, row_bytes, rows, n);
}
const struct weight_kernels q4_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(8), gemv_q4_K, panel_q4_K, gemm_minimum_8};

static void gemv_q5_K(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,
                      size_t n) {
    const struct gemv_args args = {out, w, row_bytes, rows, activation, n};
    gemv_blocks256(chunk_q5_K, scales_q5_K, dot32_scaled, 32, 0, 0, sizeof(struct block_q5_K), &args);
}
static void panel_q5_K(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_blocks256(chunk_q5_K, scales_q5_K, 32, 0, 0, 2, sizeof(struct block_q5_K), panel, w, row_bytes, rows, n);
}
const struct weight_kernels q5_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(2), gemv_q5_K, panel_q5_K, gemm_minimum_2};

static void gemv_q6_K(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,
                      size_t n) {
    const struct gemv_args args = {out, w, row_bytes, rows, activation, n};
    gemv_blocks256(chunk_q6_K, scales_q6_K, dot16_scaled, 16, 1, 206, sizeof(struct block_q6_K), &args);
}
static void panel_q6_K(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_blocks256(chunk_q6_K, scales_q6_K, 16, 1, 206, 2, sizeof(struct block_q6_K), panel, w, row_bytes, rows, n);
}
const struct weight_kernels q6_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(2), gemv_q6_K, panel_q6_K, gemm_exact_2};
