/* Operations on a micro-batch: kernels over the pool. Rows of tokens are `width` floats, one after another. */
#ifndef ENGINE_OPS_H
#define ENGINE_OPS_H

#include "engine/session.h"

/* out[t] = norm(x[t]), by the model's kind of norm; rows of n_embd. out may be x. */
void op_norm(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t tokens);
/* One row of n. */
void norm_row(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n);
/* x[t] += h[t] * factor; h may be scaled in its place. */
void op_add(float *x, float *h, size_t width, size_t tokens, float factor);

/* A matrix product: out is (tokens, w->rows), times the weight's scale, plus the bias. */
struct product {
    float *out;
    const struct weight *w;
    const float *bias; /* (w->rows), or null */
    bool scale_last;   /* the weight's scale multiplies the bias too, as llama.cpp has it in feed-forward networks */
};
/* Products of the same x (tokens, width) with matrices of that width, x quantised once for each kind that they want. */
void op_multiply(const struct product *products, size_t count, const struct scratch *scratch, const float *x,
                 size_t tokens);

#endif
