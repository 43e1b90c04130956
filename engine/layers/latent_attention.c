/* Multi-head latent attention ("DeepSeek-V2", section 2.1): the keys and values of all heads are products of one short
 * latent vector c per token, and all heads share the rotated part of the key.
 *
 * Absorbed form: a head's score is (W_k^T q) . c and its result W_v (sum of weights times c). Keys and values are never
 * computed; the cache holds c and the rotated part as one KV head that all queries share.
 * Plain form: the cache holds the keys and values of each head. */
#include "engine/layers/latent_attention.h"

#include "engine/layers/attention.h"
#include "engine/layers/rope.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"

struct latent_job {
    const struct qn_session *session;
    const struct layer_hparams *shape;
    const struct latent_tensors *tensors;
};

static const float *angles_of(const struct latent_job *job, size_t token) {
    const struct hparams *hparams = &job->session->model->hparams;
    return rope_of_layer(hparams, job->shape, job->session->scratch.angles + token * ROPE_SETS * hparams->n_rot);
}

static void rotate(const struct hparams *hparams, float *x, const float *angles) {
    const size_t pairs = hparams->n_rot / 2;
    kernels.rope_norm(x, angles, angles + pairs, pairs);
}

/* Queries (batch, n_head, head_dim_k) into out; from a latent vector of their own in models that have it. */
static void compute_queries(struct qn_session *session, const struct latent_tensors *tensors, const float *in,
                            float *out) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t tokens = session->n_batch;
    if (tensors->query_down.kernels) {
        const struct product down = {scratch->up, &tensors->query_down, NULL, false};
        op_matmul(&down, 1, scratch, in, tokens);
        op_norm(scratch->up, scratch->up, &tensors->query_norm, hparams, hparams->latent.n_query, tokens);
        in = scratch->up;
    }
    const struct product up = {out, &tensors->query, NULL, false};
    op_matmul(&up, 1, scratch, in, tokens);
}

/* ---- absorbed form ---- */

/* Slots (head, token) of rows (token, head). */
static struct groups group_by_head(const struct latent_job *job) {
    const struct expert_scratch *scratch = &job->session->scratch.experts;
    const uint32_t heads = job->shape->n_head;
    const uint32_t tokens = job->session->n_batch;
    for (uint32_t h = 0; h < heads; h++) {
        scratch->group_matrix[h] = h;
        scratch->group_start[h] = h * tokens;
        for (uint32_t t = 0; t < tokens; t++) {
            scratch->slot_row[h * tokens + t] = t * heads + h;
        }
    }
    scratch->group_start[heads] = heads * tokens;
    return (struct groups){heads, scratch->group_matrix, scratch->group_start, scratch->slot_row};
}

/* scratch.key: norm of c, and RoPE of the part after it. c is also the value. */
static void finish_latents(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct latent_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const struct hparams *hparams = &job->session->model->hparams;
    const size_t n = hparams->latent.n_latent;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *key = scratch->key + t * (n + hparams->n_rot);
        norm_row(key, key, &job->tensors->norm, hparams, n);
        rotate(hparams, key + n, angles_of(job, t));
        memcpy(scratch->value + t * n, key, n * sizeof(*key));
    }
}

/* scratch.query = W_k^T q (scratch.up, by slot), then the rotated part of q (in scratch.gate). */
static void join_queries(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct latent_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const struct hparams *hparams = &job->session->model->hparams;
    const struct latent_hparams *latent = &hparams->latent;
    const size_t heads = job->shape->n_head;
    const size_t n = latent->n_latent;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        for (size_t h = 0; h < heads; h++) {
            float *query = scratch->query + (t * heads + h) * (n + hparams->n_rot);
            memcpy(query, scratch->up + (h * job->session->n_batch + t) * n, n * sizeof(*query));
            memcpy(query + n, scratch->gate + (t * heads + h) * latent->head_dim_k + latent->n_plain,
                   hparams->n_rot * sizeof(*query));
            rotate(hparams, query + n, angles_of(job, t));
        }
    }
}

/* scratch.up (token, head) = scratch.gate (head, token) */
static void transpose_results(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct latent_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const size_t heads = job->shape->n_head;
    const size_t n = job->session->model->hparams.latent.head_dim_v;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        for (size_t h = 0; h < heads; h++) {
            memcpy(scratch->up + (t * heads + h) * n, scratch->gate + (h * job->session->n_batch + t) * n,
                   n * sizeof(float));
        }
    }
}

/* Returns the attention's result, (batch, n_head * head_dim_v). */
static const float *mix_absorbed(struct qn_session *session, uint32_t layer, struct latent_job *job, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct latent_hparams *latent = &session->model->hparams.latent;
    const size_t tokens = session->n_batch;
    const struct product down = {scratch->key, &job->tensors->down, NULL, false};
    op_matmul(&down, 1, scratch, in, tokens);
    pool_run(tokens, finish_latents, job);
    compute_queries(session, job->tensors, in, scratch->gate);
    const struct groups groups = group_by_head(job);
    op_matmul_grouped(scratch->up, &job->tensors->keys, &groups, scratch, scratch->gate, latent->head_dim_k);
    pool_run(tokens, join_queries, job);
    attention_mix(session, layer);
    op_matmul_grouped(scratch->gate, &job->tensors->values, &groups, scratch, scratch->mixed, latent->n_latent);
    pool_run(tokens, transpose_results, job);
    return scratch->up;
}

/* ---- plain form ---- */

/* scratch.gate holds c and the rotated part: norm(c) goes to scratch.up, the part after RoPE to every head's key. Also
 * rotates the queries. */
static void split_latents(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct latent_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const struct hparams *hparams = &job->session->model->hparams;
    const struct latent_hparams *latent = &hparams->latent;
    const size_t heads = job->shape->n_head;
    const size_t n = latent->n_latent;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *c = scratch->gate + t * (n + hparams->n_rot);
        norm_row(scratch->up + t * n, c, &job->tensors->norm, hparams, n);
        rotate(hparams, c + n, angles_of(job, t));
        for (size_t h = 0; h < heads; h++) {
            const size_t row = (t * heads + h) * latent->head_dim_k + latent->n_plain;
            memcpy(scratch->key + row, c + n, hparams->n_rot * sizeof(float));
            rotate(hparams, scratch->query + row, angles_of(job, t));
        }
    }
}

/* scratch.gate holds the plain part of each head's key, and its value. */
static void split_heads(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct latent_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const struct latent_hparams *latent = &job->session->model->hparams.latent;
    const size_t heads = job->shape->n_head;
    (void)worker;
    for (size_t row = begin * heads; row < end * heads; row++) {
        const float *both = scratch->gate + row * (latent->n_plain + latent->head_dim_v);
        memcpy(scratch->key + row * latent->head_dim_k, both, latent->n_plain * sizeof(float));
        memcpy(scratch->value + row * latent->head_dim_v, both + latent->n_plain, latent->head_dim_v * sizeof(float));
    }
}

/* Returns the attention's result, (batch, n_head * head_dim_v). */
static const float *mix_plain(struct qn_session *session, uint32_t layer, struct latent_job *job, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const size_t tokens = session->n_batch;
    compute_queries(session, job->tensors, in, scratch->query);
    const struct product down = {scratch->gate, &job->tensors->down, NULL, false};
    op_matmul(&down, 1, scratch, in, tokens);
    pool_run(tokens, split_latents, job);
    const struct product both = {scratch->gate, &job->tensors->both, NULL, false};
    op_matmul(&both, 1, scratch, scratch->up, tokens);
    pool_run(tokens, split_heads, job);
    attention_mix(session, layer);
    return scratch->mixed;
}

void latent_attention_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    struct latent_job job = {session, &hparams->layers[layer], &tensors->latent};
    const float *mixed =
        hparams->latent.absorbed ? mix_absorbed(session, layer, &job, in) : mix_plain(session, layer, &job, in);
    const struct product output = {session->scratch.out, &tensors->output, NULL, false};
    op_matmul(&output, 1, &session->scratch, mixed, session->n_batch);
}
