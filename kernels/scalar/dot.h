/* The contract of the quantised dots, over unpacked blocks, and what rows and batches of them are. A panel here is the
 * rows as they are. */
#ifndef KERNELS_SCALAR_DOT_H
#define KERNELS_SCALAR_DOT_H

#include "kernels/kernels.h"
#include "kernels/scalar/unpack.h"
#include "platform/memory.h"

/* Each dot takes a row of weights and a row of activations. */
typedef float dot_fn(const uint8_t *w, const uint8_t *activation, size_t n);

/* ---- blocks of 32: one multiply and one add a block, in order ---- */

static inline float dot_blocks32(unpack32_fn *unpack, size_t block_bytes, int has_minimum, const uint8_t *w,
                                 const uint8_t *activation, size_t n) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, n);
    const int8_t *q = (const int8_t *)activation;
    const float *d = (const float *)(const void *)(activation + layout.scales);
    const float *s = (const float *)(const void *)(activation + layout.sums);
    float sum = 0.0f;
    for (size_t b = 0; b < n / 32; b++, w += block_bytes, q += 32) {
        struct block32 block;
        unpack(&block, w);
        int32_t isum = 0;
        for (size_t i = 0; i < 32; i++) {
            isum += block.code[i] * q[i];
        }
        const float product = (float)isum * (block.d * d[b]);
        sum += has_minimum ? product + block.m * s[b] : product;
    }
    return sum;
}

/* ---- blocks of 256: scales of sub-blocks fold in as integers ---- */

static inline float dot_blocks256(unpack256_fn *unpack, size_t block_bytes, const uint8_t *w, const uint8_t *activation,
                                  size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, n);
    const int8_t *q = (const int8_t *)activation;
    const float *d = (const float *)(const void *)(activation + layout.scales);
    const int16_t *s = (const int16_t *)(const void *)(activation + layout.sums);
    float sum = 0.0f;
    for (size_t b = 0; b < n / 256; b++, w += block_bytes, q += 256, s += 16) {
        struct block256 block;
        unpack(&block, w);
        int32_t isum = 0;
        int32_t msum = 0;
        for (size_t i = 0; i < 256; i++) {
            isum += block.scale[i / 16] * (block.code[i] * q[i]);
        }
        for (size_t j = 0; j < 16; j++) {
            msum += block.minimum[j] * s[j];
        }
        sum += (float)isum * (block.d * d[b]) - (float)msum * (block.dmin * d[b]);
    }
    return sum;
}

/* ---- rows and batches of those dots ---- */

static inline void panel_of(size_t bytes, const struct panel_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        memcpy(args->panel + r * bytes, args->w + r * args->row_bytes, bytes);
    }
}

static inline void gemv_of(dot_fn *dot, const struct gemv_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        args->out[r] = dot(args->w + r * args->row_bytes, args->activation, args->n);
    }
}

static inline void gemm_of(dot_fn *dot, size_t row_bytes, const struct gemm_args *args) {
    for (size_t t = 0; t < args->tokens; t++) {
        const struct gemv_args one = {.out = args->out + t * args->out_stride,
                                      .w = args->panel,
                                      .row_bytes = row_bytes,
                                      .rows = args->rows,
                                      .activation = args->activations + t * args->activation_bytes,
                                      .n = args->n};
        gemv_of(dot, &one);
    }
}

#endif
