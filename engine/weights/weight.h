/* A matrix of weights, used in place in the bytes of the file. */
#ifndef ENGINE_WEIGHTS_WEIGHT_H
#define ENGINE_WEIGHTS_WEIGHT_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* (rows, cols), the rows row_bytes apart. */
struct weight {
    const uint8_t *data;
    const struct weight_kernels *kernels; /* NULL: the model has no such matrix */
    const float *scale;                   /* (1): multiplies the product; or NULL */
    size_t rows;
    size_t cols;
    size_t row_bytes;
    uint32_t type; /* enum tensor_type */
};

/* Matrices of one shape in one tensor, such as one for each expert. */
struct weights {
    struct weight first;
    size_t bytes;        /* from one matrix to the next */
    const float *scales; /* (count), one as struct weight's for each matrix; or NULL */
    const float *biases; /* (count, rows), or NULL */
};

/* Matrix number `index`. */
struct weight weights_at(const struct weights *all, size_t index);
/* Rows [first, first + count) of a matrix; an absent matrix gives an absent one. */
struct weight weight_rows(const struct weight *w, size_t first, size_t count);

#endif
