/* Multi-head latent attention ("DeepSeek-V2", section 2.1): keys and values of all heads are products of one short
 * vector c. Absorbed, a head's score is (W_k^T q) . c and its result W_v (sum of weights times c): the cache holds c
 * and the rotated part of the key, as one KV head that all queries share. Otherwise keys and values are made and
 * cached. */
#include "engine/layers/rope.h"
#include "engine/ops/ops.h"
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

/* Queries, (batch, n_head, head_dim_k), into out. */
static void make_queries(struct qn_session *session, const struct latent_tensors *tensors, const float *in,
                         float *out) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t tokens = session->n_batch;
    if (tensors->query_down.kernels) {
        const struct product down = {scratch->up, &tensors->query_down, NULL, false};
        op_multiply(&down, 1, scratch, in, tokens);
        op_norm(scratch->up, scratch->up, &tensors->query_norm, hparams, hparams->latent.n_query, tokens);
        in = scratch->up;
    }
    const struct product up = {out, &tensors->query, NULL, false};
    op_multiply(&up, 1, scratch, in, tokens);
}

/* ---- absorbed ---- */

/* Slots of heads: (head, token), from rows (token, head). */
static struct groups group_heads(const struct latent_job *job) {
    const struct expert_scratch *scratch = &job->session->scratch.experts;
    const uint32_t heads = job->shape->n_head;
    const uint32_t tokens = job->session->n_batch;
    for (uint32_t h = 0; h <= heads; h++) {
        scratch->starts[h] = h * tokens;
        for (uint32_t t = 0; h < heads && t < tokens; t++) {
            scratch->which[h] = h;
            scratch->rows[h * tokens + t] = t * heads + h;
        }
    }
    return (struct groups){heads, scratch->which, scratch->starts, scratch->rows};
}

/* The vector and the rotated part of the key, in place; the vector is the value as well. */
static void finish_vectors(void *context, size_t begin, size_t end, uint32_t worker) {
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

/* scratch.query: queries in the vector's space (scratch.up, by slots), then their rotated part (of scratch.gate). */
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

/* scratch.up (token, head) = scratch.gate by slots. */
static void order_results(void *context, size_t begin, size_t end, uint32_t worker) {
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

/* What attention gives, (batch, n_head * head_dim_v). */
static const float *mix_vectors(struct qn_session *session, uint32_t layer, struct latent_job *job, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct latent_hparams *latent = &session->model->hparams.latent;
    const size_t tokens = session->n_batch;
    const struct product down = {scratch->key, &job->tensors->down, NULL, false};
    op_multiply(&down, 1, scratch, in, tokens);
    pool_run(tokens, finish_vectors, job);
    make_queries(session, job->tensors, in, scratch->gate);
    const struct groups groups = group_heads(job);
    op_multiply_groups(scratch->up, &job->tensors->keys, &groups, scratch, scratch->gate, latent->head_dim_k);
    pool_run(tokens, join_queries, job);
    attention_mix(session, layer);
    op_multiply_groups(scratch->gate, &job->tensors->values, &groups, scratch, scratch->mixed, latent->n_latent);
    pool_run(tokens, order_results, job);
    return scratch->up;
}

/* ---- with keys and values of each head ---- */

/* scratch.gate: vector and rotated part; the vector goes to scratch.up, the part to each head's key. */
static void split_vectors(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct latent_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const struct hparams *hparams = &job->session->model->hparams;
    const struct latent_hparams *latent = &hparams->latent;
    const size_t heads = job->shape->n_head;
    const size_t n = latent->n_latent;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *vector = scratch->gate + t * (n + hparams->n_rot);
        norm_row(scratch->up + t * n, vector, &job->tensors->norm, hparams, n);
        rotate(hparams, vector + n, angles_of(job, t));
        for (size_t h = 0; h < heads; h++) {
            const size_t row = (t * heads + h) * latent->head_dim_k + latent->n_plain;
            memcpy(scratch->key + row, vector + n, hparams->n_rot * sizeof(float));
            rotate(hparams, scratch->query + row, angles_of(job, t));
        }
    }
}

/* scratch.gate: the other part of each head's key, and its value. */
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

static const float *mix_heads(struct qn_session *session, uint32_t layer, struct latent_job *job, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const size_t tokens = session->n_batch;
    make_queries(session, job->tensors, in, scratch->query);
    const struct product down = {scratch->gate, &job->tensors->down, NULL, false};
    op_multiply(&down, 1, scratch, in, tokens);
    pool_run(tokens, split_vectors, job);
    const struct product both = {scratch->gate, &job->tensors->both, NULL, false};
    op_multiply(&both, 1, scratch, scratch->up, tokens);
    pool_run(tokens, split_heads, job);
    attention_mix(session, layer);
    return scratch->mixed;
}

void forward_latent(struct qn_session *session, uint32_t layer, const float *in) {
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    struct latent_job job = {session, &hparams->layers[layer], &tensors->latent};
    const float *mixed =
        hparams->latent.absorbed ? mix_vectors(session, layer, &job, in) : mix_heads(session, layer, &job, in);
    const struct product output = {session->scratch.out, &tensors->output, NULL, false};
    op_multiply(&output, 1, &session->scratch, mixed, session->n_batch);
}
