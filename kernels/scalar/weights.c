/* The contract of the matrix products of floats, of legacy types and of K-quants. */
#include "kernels/scalar/dot.h"
#include "kernels/variants.h"

/* ---- float weights: four partial sums ---- */

static float element_f32(const uint8_t *w, size_t i) {
    float value;
    memcpy(&value, w + 4 * i, sizeof(value));
    return value;
}
static float element_f16(const uint8_t *w, size_t i) { return f16_at(w + 2 * i); }
static float element_bf16(const uint8_t *w, size_t i) { return bf16_to_f32(u16_at(w + 2 * i)); }

static inline float dot_elements(float (*element)(const uint8_t *, size_t), const uint8_t *w, const uint8_t *activation,
                                 size_t n) {
    const float *x = (const float *)(const void *)activation;
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (size_t i = 0; i < n; i++) {
        sums[i % 4] += element(w, i) * x[i];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static float dot_f32(const uint8_t *w, const uint8_t *a, size_t n) { return dot_elements(element_f32, w, a, n); }
static float dot_f16(const uint8_t *w, const uint8_t *a, size_t n) { return dot_elements(element_f16, w, a, n); }
static float dot_bf16(const uint8_t *w, const uint8_t *a, size_t n) { return dot_elements(element_bf16, w, a, n); }

/* ---- blocks of 32 ---- */

static float dot_q4_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks32(unpack_q4_0, 18, 0, w, a, n);
}
static float dot_q4_1(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks32(unpack_q4_1, 20, 1, w, a, n);
}
static float dot_q5_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks32(unpack_q5_0, 22, 0, w, a, n);
}
static float dot_q5_1(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks32(unpack_q5_1, 24, 1, w, a, n);
}
static float dot_q8_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks32(unpack_q8_0, 34, 0, w, a, n);
}

/* ---- blocks of 256 ---- */

static float dot_q2_K(const uint8_t *w, const uint8_t *a, size_t n) { return dot_blocks256(unpack_q2_K, 84, w, a, n); }
static float dot_q3_K(const uint8_t *w, const uint8_t *a, size_t n) { return dot_blocks256(unpack_q3_K, 110, w, a, n); }
static float dot_q4_K(const uint8_t *w, const uint8_t *a, size_t n) { return dot_blocks256(unpack_q4_K, 144, w, a, n); }
static float dot_q5_K(const uint8_t *w, const uint8_t *a, size_t n) { return dot_blocks256(unpack_q5_K, 176, w, a, n); }
static float dot_q6_K(const uint8_t *w, const uint8_t *a, size_t n) { return dot_blocks256(unpack_q6_K, 210, w, a, n); }

/* ---- rows and batches ---- */

static void gemv_f32(const struct gemv_args *args) { gemv_of(dot_f32, args); }
static void panel_f32(const struct panel_args *args) { panel_of(args->n / 1 * 4, args); }
static void gemm_f32(const struct gemm_args *args) { gemm_of(dot_f32, args->n / 1 * 4, args); }
const struct weight_kernels f32_scalar = {ACTIVATION_F32, PANEL_ROWS * 4, gemv_f32, panel_f32, gemm_f32};

static void gemv_f16(const struct gemv_args *args) { gemv_of(dot_f16, args); }
static void panel_f16(const struct panel_args *args) { panel_of(args->n / 1 * 2, args); }
static void gemm_f16(const struct gemm_args *args) { gemm_of(dot_f16, args->n / 1 * 2, args); }
const struct weight_kernels f16_scalar = {ACTIVATION_F32, PANEL_ROWS * 2, gemv_f16, panel_f16, gemm_f16};

static void gemv_bf16(const struct gemv_args *args) { gemv_of(dot_bf16, args); }
static void panel_bf16(const struct panel_args *args) { panel_of(args->n / 1 * 2, args); }
static void gemm_bf16(const struct gemm_args *args) { gemm_of(dot_bf16, args->n / 1 * 2, args); }
const struct weight_kernels bf16_scalar = {ACTIVATION_F32, PANEL_ROWS * 2, gemv_bf16, panel_bf16, gemm_bf16};

static void gemv_q4_0(const struct gemv_args *args) { gemv_of(dot_q4_0, args); }
static void panel_q4_0(const struct panel_args *args) { panel_of(args->n / 32 * 18, args); }
static void gemm_q4_0(const struct gemm_args *args) { gemm_of(dot_q4_0, args->n / 32 * 18, args); }
const struct weight_kernels q4_0_scalar = {ACTIVATION_Q8_0, PANEL_ROWS * 18, gemv_q4_0, panel_q4_0, gemm_q4_0};

static void gemv_q4_1(const struct gemv_args *args) { gemv_of(dot_q4_1, args); }
static void panel_q4_1(const struct panel_args *args) { panel_of(args->n / 32 * 20, args); }
static void gemm_q4_1(const struct gemm_args *args) { gemm_of(dot_q4_1, args->n / 32 * 20, args); }
const struct weight_kernels q4_1_scalar = {ACTIVATION_Q8_1, PANEL_ROWS * 20, gemv_q4_1, panel_q4_1, gemm_q4_1};

static void gemv_q5_0(const struct gemv_args *args) { gemv_of(dot_q5_0, args); }
static void panel_q5_0(const struct panel_args *args) { panel_of(args->n / 32 * 22, args); }
static void gemm_q5_0(const struct gemm_args *args) { gemm_of(dot_q5_0, args->n / 32 * 22, args); }
const struct weight_kernels q5_0_scalar = {ACTIVATION_Q8_0, PANEL_ROWS * 22, gemv_q5_0, panel_q5_0, gemm_q5_0};

static void gemv_q5_1(const struct gemv_args *args) { gemv_of(dot_q5_1, args); }
static void panel_q5_1(const struct panel_args *args) { panel_of(args->n / 32 * 24, args); }
static void gemm_q5_1(const struct gemm_args *args) { gemm_of(dot_q5_1, args->n / 32 * 24, args); }
const struct weight_kernels q5_1_scalar = {ACTIVATION_Q8_1, PANEL_ROWS * 24, gemv_q5_1, panel_q5_1, gemm_q5_1};

static void gemv_q8_0(const struct gemv_args *args) { gemv_of(dot_q8_0, args); }
static void panel_q8_0(const struct panel_args *args) { panel_of(args->n / 32 * 34, args); }
static void gemm_q8_0(const struct gemm_args *args) { gemm_of(dot_q8_0, args->n / 32 * 34, args); }
const struct weight_kernels q8_0_scalar = {ACTIVATION_Q8_0, PANEL_ROWS * 34, gemv_q8_0, panel_q8_0, gemm_q8_0};

static void gemv_q2_K(const struct gemv_args *args) { gemv_of(dot_q2_K, args); }
static void panel_q2_K(const struct panel_args *args) { panel_of(args->n / 256 * 84, args); }
static void gemm_q2_K(const struct gemm_args *args) { gemm_of(dot_q2_K, args->n / 256 * 84, args); }
const struct weight_kernels q2_K_scalar = {ACTIVATION_Q8_K, PANEL_ROWS * 84, gemv_q2_K, panel_q2_K, gemm_q2_K};

static void gemv_q3_K(const struct gemv_args *args) { gemv_of(dot_q3_K, args); }
static void panel_q3_K(const struct panel_args *args) { panel_of(args->n / 256 * 110, args); }
static void gemm_q3_K(const struct gemm_args *args) { gemm_of(dot_q3_K, args->n / 256 * 110, args); }
const struct weight_kernels q3_K_scalar = {ACTIVATION_Q8_K, PANEL_ROWS * 110, gemv_q3_K, panel_q3_K, gemm_q3_K};

static void gemv_q4_K(const struct gemv_args *args) { gemv_of(dot_q4_K, args); }
static void panel_q4_K(const struct panel_args *args) { panel_of(args->n / 256 * 144, args); }
static void gemm_q4_K(const struct gemm_args *args) { gemm_of(dot_q4_K, args->n / 256 * 144, args); }
const struct weight_kernels q4_K_scalar = {ACTIVATION_Q8_K, PANEL_ROWS * 144, gemv_q4_K, panel_q4_K, gemm_q4_K};

static void gemv_q5_K(const struct gemv_args *args) { gemv_of(dot_q5_K, args); }
static void panel_q5_K(const struct panel_args *args) { panel_of(args->n / 256 * 176, args); }
static void gemm_q5_K(const struct gemm_args *args) { gemm_of(dot_q5_K, args->n / 256 * 176, args); }
const struct weight_kernels q5_K_scalar = {ACTIVATION_Q8_K, PANEL_ROWS * 176, gemv_q5_K, panel_q5_K, gemm_q5_K};

static void gemv_q6_K(const struct gemv_args *args) { gemv_of(dot_q6_K, args); }
static void panel_q6_K(const struct panel_args *args) { panel_of(args->n / 256 * 210, args); }
static void gemm_q6_K(const struct gemm_args *args) { gemm_of(dot_q6_K, args->n / 256 * 210, args); }
const struct weight_kernels q6_K_scalar = {ACTIVATION_Q8_K, PANEL_ROWS * 210, gemv_q6_K, panel_q6_K, gemm_q6_K};
