/* Operations on a micro-batch: kernels over the pool. Rows of tokens are `width` floats, one after another. */
#ifndef ENGINE_OPS_H
#define ENGINE_OPS_H

#include "engine/state/session.h"

/* out[t] = norm(x[t]), by the model's kind of norm; rows of n. out may be x. */
void op_norm(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n,
             size_t tokens);
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

/* Rows of x that meet matrices of one shape: matrix which[g] those with indices rows[starts[g]] to rows[starts[g + 1] -
 * 1], g < count. */
struct groups {
    uint32_t count;
    const uint32_t *which;  /* (count) */
    const uint32_t *starts; /* (count + 1), from 0 on */
    const uint32_t *rows;   /* (starts[count]): several may be of one row. Null: they are 0, 1, 2, ... */
};
/* out[s] = matrix of s times row rows[s] of x, s < starts[count]; out: (starts[count], rows of a matrix). x: rows of
 * w->first.cols, stride floats apart. Quantised rows take scratch.quantized: w was bound with as many per token as
 * there are s a token. */
void op_multiply_groups(float *out, const struct weights *w, const struct groups *groups, const struct scratch *scratch,
                        const float *x, size_t stride);

/* Into the gate's place: act(gate) * up, or act(gate) where the network has no gate of its own (up is null); n values
 * a row. */
void op_gate(float *gate, float *up, enum act_kind act, size_t n, size_t rows);

/* ---- feed-forward halves ---- */

/* in: (n_batch, n_embd), left as it is; the result goes to scratch.out. */
void feed_dense(struct qn_session *session, const struct ffn_tensors *feed, const float *in);
/* A network of which few gates count for anything. */
void feed_sparse(struct qn_session *session, uint32_t layer, const float *in);
/* A mixture of experts. */
void feed_experts(struct qn_session *session, const struct expert_tensors *experts, const float *in);

/* ---- embeddings for each layer ---- */

/* Of the micro-batch, into scratch.per_layer: the tokens' rows of the model's table and a product of x. */
void per_layer_embed(struct qn_session *session);
/* in: (n_batch, n_embd), left as it is; up(act(gate(in)) * the layer's embedding) goes to scratch.out. */
void forward_per_layer(struct qn_session *session, uint32_t layer, const float *in);

/* ---- several residual streams ---- */

/* scratch.streams, all made of x. */
void altup_begin(struct qn_session *session);
/* scratch.streams become what the layer predicts they are behind it; the first goes to x as well. */
void altup_predict(struct qn_session *session, uint32_t layer);
/* in: (n_batch, n_embd), left as it is; what the low-rank matrices make of it goes to scratch.laurel ... */
void altup_laurel(struct qn_session *session, uint32_t layer, const float *in);
/* ... and is joined with x. */
void altup_join_laurel(struct qn_session *session);
/* scratch.streams, by how x differs from what was predicted, and by the tokens' embeddings for the layer. Behind the
 * last layer x becomes what the output takes. */
void altup_correct(struct qn_session *session, uint32_t layer);

#endif
