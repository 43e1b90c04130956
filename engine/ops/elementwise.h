/* Norms, residual additions and gates for all tokens of a micro-batch, over the pool. Rows of tokens are stored one
 * after another. */
#ifndef ENGINE_OPS_ELEMENTWISE_H
#define ENGINE_OPS_ELEMENTWISE_H

#include "engine/config/hparams.h"
#include "engine/weights/tensors.h"

/* out[t] = norm(x[t]) for rows of n floats, with the architecture's kind of norm. out may be x. */
void op_norm(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n,
             size_t tokens);
/* The same for one row, on the caller's thread: for use inside jobs. */
void norm_row(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n);
/* x[t] += h[t] * factor for rows of n floats. Overwrites h when the factor is not 1. */
void op_add(float *x, float *h, size_t n, size_t tokens, float factor);
/* gate[t] = act(gate[t]) * up[t] for rows of n floats. Without up (null), gate[t] = gelu(gate[t]), whatever act is: the
 * FFNs without a gate all use GELU. Overwrites up for ACT_OAI. */
void op_gate(float *gate, float *up, enum act_kind act, size_t n, size_t tokens);

#endif
