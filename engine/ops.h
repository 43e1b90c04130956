/* Operations on a micro-batch: kernels over the pool. Rows of tokens are `width` floats, one after another. */
#ifndef ENGINE_OPS_H
#define ENGINE_OPS_H

#include "engine/session.h"

/* h[t] = rmsnorm(x[t]) * weight */
void op_norm(float *out, const float *x, const float *weight, size_t width, size_t tokens, float epsilon);
/* x[t] += h[t] */
void op_add(float *x, const float *h, size_t width, size_t tokens);

/* A matrix product: out is (tokens, w->rows). */
struct product {
    float *out;
    const struct weight *w;
    const float *bias; /* (w->rows), or null */
};
/* Products of the same x (tokens, width) with matrices of that width, x quantised once for each kind that they want. */
void op_multiply(const struct product *products, size_t count, const struct scratch *scratch, const float *x,
                 size_t tokens);

#endif
