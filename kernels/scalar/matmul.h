/* The reference of the matrix products: the dot product of a row of weights and an activation, for each form of
 * weights, and gemv, unpack_panel and gemm made from it.
 *
 * A weight type of 32 or 256 weights per block is described by one function, which unpacks a block into integer codes
 * and float scales. The dot products below define the order of all float operations on them:
 *   - the sum over a block is an integer, hence exact in any order;
 *   - it is converted to float, multiplied once by (weight scale * activation scale), and added to the row's sum;
 *   - blocks follow each other in ascending order. */
#ifndef KERNELS_SCALAR_MATMUL_H
#define KERNELS_SCALAR_MATMUL_H

#include "kernels/kernels.h"
#include "kernels/scalar/sums.h"
#include "platform/memory.h"
#include "quant/blocks.h"

/* The dot product of a row of n weights, as stored in the file, and an activation of n values. */
typedef float dot_fn(const uint8_t *w, const uint8_t *activation, size_t n);

/* ---- float weights ---- */

/* Weight i of a row. */
typedef float element_fn(const uint8_t *w, size_t i);

/* Activation: F32. Four partial sums. */
static inline float dot_floats(element_fn *element, const uint8_t *w, const uint8_t *activation, size_t n) {
    const float *x = (const float *)(const void *)activation;
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (size_t i = 0; i < n; i++) {
        sums[i % 4] += element(w, i) * x[i];
    }
    return sum_of_4(sums);
}

/* ---- blocks of 32 weights with one scale ---- */

/* w[i] = d * code[i] + m */
struct block32 {
    int8_t code[32];
    float d;
    float m;
};
/* Unpacks one block of a type. A type with 64 or 128 weights per block fills in 2 or 4 elements of `out`. */
typedef void unpack32_fn(struct block32 *out, const void *block);

/* Activation: Q8_1 if the type has minimums (m), Q8_0 otherwise. weights: per block of the type, 32 to 128. */
static inline float dot_blocks32(unpack32_fn *unpack, size_t weights, size_t block_bytes, int has_minimum,
                                 const uint8_t *w, const uint8_t *activation, size_t n) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, n);
    const int8_t *codes = (const int8_t *)activation;
    const float *d = (const float *)(const void *)(activation + layout.scales);
    const float *s = (const float *)(const void *)(activation + layout.sums);
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++) {
        struct block32 blocks[4];
        unpack(blocks, w + b / (weights / 32) * block_bytes);
        const struct block32 *block = &blocks[b % (weights / 32)];
        int32_t isum = 0;
        for (size_t i = 0; i < 32; i++) {
            isum += block->code[i] * codes[32 * b + i];
        }
        const float product = (float)isum * (block->d * d[b]);
        sum += has_minimum ? product + block->m * s[b] : product;
    }
    return sum;
}

/* ---- super-blocks of 256 weights with integer scales of sub-blocks ---- */

/* w[i] = d * scale[i / 16] * code[i] - dmin * minimum[i / 16] */
struct block256 {
    int8_t code[256];
    int16_t scale[16];
    int16_t minimum[16];
    float d;
    float dmin;
};
/* Unpacks one block of a type. `out` is zero before the call, so a type without minimums leaves them alone. */
typedef void unpack256_fn(struct block256 *out, const void *block);

/* Activation: Q8_K. The scales and minimums of the sub-blocks are part of the exact integer sums. */
static inline float dot_blocks256(unpack256_fn *unpack, size_t block_bytes, const uint8_t *w, const uint8_t *activation,
                                  size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, n);
    const int8_t *codes = (const int8_t *)activation;
    const float *d = (const float *)(const void *)(activation + layout.scales);
    const int16_t *sums_of_16 = (const int16_t *)(const void *)(activation + layout.sums);
    float sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++) {
        struct block256 block = {0};
        unpack(&block, w + b * block_bytes);
        int32_t isum = 0;
        int32_t msum = 0;
        for (size_t i = 0; i < 256; i++) {
            isum += block.scale[i / 16] * (block.code[i] * codes[256 * b + i]);
        }
        for (size_t j = 0; j < 16; j++) {
            msum += block.minimum[j] * sums_of_16[16 * b + j];
        }
        sum += (float)isum * (block.d * d[b]) - (float)msum * (block.dmin * d[b]);
    }
    return sum;
}

/* ---- gemv, unpack_panel and gemm from a dot product ---- */

static inline void gemv_with(dot_fn *dot, const struct gemv_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        args->out[r] = dot(args->w + r * args->row_bytes, args->activations, args->n);
    }
}

/* The panel of the reference is a copy of the rows, `bytes` apart. */
static inline void copy_panel(size_t bytes, const struct panel_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        memcpy(args->panel + r * bytes, args->w + r * args->row_bytes, bytes);
    }
}

static inline void gemm_with(dot_fn *dot, size_t row_bytes, const struct gemm_args *args) {
    for (size_t t = 0; t < args->tokens; t++) {
        const struct gemv_args token = {.out = args->out + t * args->out_stride,
                                        .w = args->panel,
                                        .row_bytes = row_bytes,
                                        .rows = args->rows,
                                        .activations = args->activations + t * args->activation_bytes,
                                        .tokens = 1,
                                        .n = args->n};
        gemv_with(dot, &token);
    }
}

/* ---- one line per type ----
 *
 * Each defines <name>_scalar, the kernels of a weight type. They expect element_<name> or unpack_<name>. */

#define SCALAR_FLOATS(name, bytes)                                                                                     \
    static float dot_##name(const uint8_t *w, const uint8_t *activation, size_t n) {                                   \
        return dot_floats(element_##name, w, activation, n);                                                           \
    }                                                                                                                  \
    SCALAR_KERNELS(name, ACTIVATION_F32, 1, bytes)

#define SCALAR_BLOCKS32(name, weights)                                                                                 \
    static float dot_##name(const uint8_t *w, const uint8_t *activation, size_t n) {                                   \
        return dot_blocks32(unpack_##name, weights, sizeof(struct block_##name), 0, w, activation, n);                 \
    }                                                                                                                  \
    SCALAR_KERNELS(name, ACTIVATION_Q8_0, weights, sizeof(struct block_##name))

#define SCALAR_BLOCKS32_MIN(name)                                                                                      \
    static float dot_##name(const uint8_t *w, const uint8_t *activation, size_t n) {                                   \
        return dot_blocks32(unpack_##name, 32, sizeof(struct block_##name), 1, w, activation, n);                      \
    }                                                                                                                  \
    SCALAR_KERNELS(name, ACTIVATION_Q8_1, 32, sizeof(struct block_##name))

#define SCALAR_BLOCKS256(name)                                                                                         \
    static float dot_##name(const uint8_t *w, const uint8_t *activation, size_t n) {                                   \
        return dot_blocks256(unpack_##name, sizeof(struct block_##name), w, activation, n);                            \
    }                                                                                                                  \
    SCALAR_KERNELS(name, ACTIVATION_Q8_K, 256, sizeof(struct block_##name))

/* From dot_<name>. */
#define SCALAR_KERNELS(name, activation_kind, weights, bytes)                                                          \
    static void gemv_##name(const struct gemv_args *args) { gemv_with(dot_##name, args); }                             \
    static void panel_##name(const struct panel_args *args) { copy_panel(args->n / (weights) * (bytes), args); }       \
    static void gemm_##name(const struct gemm_args *args) {                                                            \
        gemm_with(dot_##name, args->n / (weights) * (bytes), args);                                                    \
    }                                                                                                                  \
    const struct weight_kernels name##_scalar = {                                                                      \
        .activation = activation_kind,                                                                                 \
        .panel_block_bytes = PANEL_ROWS * (bytes),                                                                     \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = panel_##name,                                                                                  \
        .gemm = gemm_##name,                                                                                           \
    };

#endif
