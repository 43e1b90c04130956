/* The contract of the matrix products of the types in unpack_grids.c. */
#include "kernels/scalar/dot.h"
#include "kernels/variants.h"

/* Blocks of `weights` that are unpacked into parts, so many of them for each 32 activations. */
static inline float dot_parts(unpack32_fn *unpack, size_t weights, size_t parts, size_t block_bytes, const uint8_t *w,
                              const uint8_t *activation, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, n);
    const float *d = (const float *)(const void *)(activation + layout.scales);
    float sum = 0.0f;
    for (size_t at = 0; at < n; at += weights, w += block_bytes) {
        struct block32 part[4];
        unpack(part, w);
        for (size_t k = 0; k < weights / 32 * parts; k++) {
            const size_t b = at / 32 + k / parts;
            const int8_t *q = (const int8_t *)activation + 32 * b;
            int32_t isum = 0;
            for (size_t i = 0; i < 32; i++) {
                isum += part[k].code[i] * q[i];
            }
            sum += (float)isum * (part[k].d * d[b]);
        }
    }
    return sum;
}

/* The functions of a type, from its dot. */
#define PRODUCTS(name, kind, block, block_bytes)                                                                       \
    static void gemv_##name(const struct gemv_args *args) { gemv_of(dot_##name, args); }                               \
    static void panel_##name(const struct panel_args *args) { panel_of(args->n / (block) * (block_bytes), args); }     \
    static void gemm_##name(const struct gemm_args *args) {                                                            \
        gemm_of(dot_##name, args->n / (block) * (block_bytes), args);                                                  \
    }                                                                                                                  \
    const struct weight_kernels name##_scalar = {kind, PANEL_ROWS * (block_bytes), gemv_##name, panel_##name,          \
                                                 gemm_##name};

static float dot_iq4_nl(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_parts(unpack_iq4_nl, 32, 1, 18, w, a, n);
}
PRODUCTS(iq4_nl, ACTIVATION_Q8_0, 32, 18)
static float dot_mxfp4(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_parts(unpack_mxfp4, 32, 1, 17, w, a, n);
}
PRODUCTS(mxfp4, ACTIVATION_Q8_0, 32, 17)
static float dot_nvfp4(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_parts(unpack_nvfp4, 64, 2, 36, w, a, n);
}
PRODUCTS(nvfp4, ACTIVATION_Q8_0, 64, 36)
static float dot_q1_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_parts(unpack_q1_0, 128, 1, 18, w, a, n);
}
PRODUCTS(q1_0, ACTIVATION_Q8_0, 128, 18)
static float dot_q2_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_parts(unpack_q2_0, 64, 1, 18, w, a, n);
}
PRODUCTS(q2_0, ACTIVATION_Q8_0, 64, 18)
static float dot_iq4_xs(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq4_xs, 136, w, a, n);
}
PRODUCTS(iq4_xs, ACTIVATION_Q8_K, 256, 136)
static float dot_tq1_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_tq1_0, 54, w, a, n);
}
PRODUCTS(tq1_0, ACTIVATION_Q8_K, 256, 54)
static float dot_tq2_0(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_tq2_0, 66, w, a, n);
}
PRODUCTS(tq2_0, ACTIVATION_Q8_K, 256, 66)
static float dot_iq1_s(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq1_s, 50, w, a, n);
}
PRODUCTS(iq1_s, ACTIVATION_Q8_K, 256, 50)
static float dot_iq1_m(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq1_m, 56, w, a, n);
}
PRODUCTS(iq1_m, ACTIVATION_Q8_K, 256, 56)
static float dot_iq2_xxs(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq2_xxs, 66, w, a, n);
}
PRODUCTS(iq2_xxs, ACTIVATION_Q8_K, 256, 66)
static float dot_iq2_xs(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq2_xs, 74, w, a, n);
}
PRODUCTS(iq2_xs, ACTIVATION_Q8_K, 256, 74)
static float dot_iq2_s(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq2_s, 82, w, a, n);
}
PRODUCTS(iq2_s, ACTIVATION_Q8_K, 256, 82)
static float dot_iq3_xxs(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq3_xxs, 98, w, a, n);
}
PRODUCTS(iq3_xxs, ACTIVATION_Q8_K, 256, 98)
static float dot_iq3_s(const uint8_t *w, const uint8_t *a, size_t n) {
    return dot_blocks256(unpack_iq3_s, 110, w, a, n);
}
PRODUCTS(iq3_s, ACTIVATION_Q8_K, 256, 110)
