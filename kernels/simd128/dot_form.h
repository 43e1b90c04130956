/* The dot products that a variant supplies to the gemv loops. */
#ifndef KERNELS_SIMD128_DOT_FORM_H
#define KERNELS_SIMD128_DOT_FORM_H

#include <stddef.h>

#include "kernels/simd128/four_rows.h"

/* 16 activations in the form that the variant's dot products take. */
struct activations16 {
    v128_t of[2];
};
typedef struct activations16 prepare_fn(v128_t activations);

/* i32x4 whose lanes add up to scale times the dot product of `sub_block` codes and activations: one vector of each for
 * 16, two for 32. Codes are below 64 for 16, below 32 for 32. The scale is in every i16 lane. */
typedef v128_t dot_scaled_fn(size_t sub_block, const v128_t *codes, const struct activations16 *activations,
                             v128_t scale);

struct dot_form {
    prepare_fn *prepare;
    dot_scaled_fn *dot_scaled;
};

/* The same for blocks of 32 without scales of their own: legacy types. */
struct activations32 {
    v128_t of[4];
};
typedef struct activations32 prepare32_fn(v128_t first, v128_t second);

/* Lanes that add up to the dot product of 32 codes and activations. */
typedef v128_t dot32_fn(const v128_t codes[2], const struct activations32 *activations);

struct block_form {
    prepare32_fn *prepare;
    dot32_fn *dot;
    enum sum_lanes lanes;
};

#endif
