/* Operations on a micro-batch: kernels over the pool. Rows of tokens are `width` floats, one after another. */
#ifndef ENGINE_OPS_H
#define ENGINE_OPS_H

#include "engine/session.h"

/* h[t] = rmsnorm(x[t]) * weight */
void op_norm(float *out, const float *x, const float *weight, size_t width, size_t tokens, float epsilon);
/* x[t] += h[t] */
void op_add(float *x, const float *h, size_t width, size_t tokens);
/* x[t] += bias; nothing when bias is null */
void op_bias(float *x, const float *bias, size_t width, size_t tokens);
/* Quantises x (tokens, width) into the session's activations, for matrices of that kind. */
void op_quantize(const struct scratch *scratch, enum activation_kind kind, const float *x, size_t width, size_t tokens);
/* out[t] = w * activation t, (tokens, w->rows), from what op_quantize left. */
void op_matmul(float *out, const struct weight *w, const struct scratch *scratch, size_t tokens);

#endif
