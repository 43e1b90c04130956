/* The gated delta net mixer ("Gated Delta Networks: Improving Mamba2 with Delta Rule"). A head's state S maps keys to
 * values. For each token it decays, is corrected toward the token's value, and is queried:
 *   S = decay S;  S = S + beta (v - S k) k^T;  y = S q;  output = out_proj(norm(y) * silu(gate))
 * with q and k of length 1, decay = exp(softplus(alpha + dt_bias) A), beta through a sigmoid, and q, k, v =
 * silu(conv(qkv_proj(input))). Head h takes the query and key of group h % groups. */
#include "engine/layers/delta_net.h"

#include "engine/layers/causal_conv.h"
#include "engine/layers/softplus.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent_state.h"
#include "kernels/exp.h"

#define CHANNELS 64u /* per item of the convolution */
#define ROWS     32u /* of a head's state, per item of the recurrence */

struct delta_job {
    const struct hparams *hparams;
    const struct delta_tensors *tensors;
    float *conv;   /* state of the convolution: (taps - 1, channels) */
    float *state;  /* (heads, state, state): a row for each float of the value */
    float *qkv;    /* (tokens, channels): queries and keys (groups, state), values (heads, state) */
    float *gates;  /* (tokens, heads, state) */
    float *betas;  /* (tokens, heads) */
    float *decays; /* (tokens, heads) */
    float *mixed;  /* (tokens, heads, state) */
    size_t channels;
    size_t head_items; /* items of the recurrence per head */
    size_t tokens;
};

static void convolve(void *context, size_t first, size_t last, uint32_t worker) {
    const struct delta_job *job = context;
    const size_t begin = first * CHANNELS;
    const size_t end = last * CHANNELS < job->channels ? last * CHANNELS : job->channels;
    const struct causal_conv conv = {job->tensors->conv, NULL, job->conv, job->channels, job->hparams->recurrent.taps};
    (void)worker;
    causal_conv_run(&conv, job->qkv, job->channels, job->tokens, begin, end);
    for (size_t t = 0; t < job->tokens; t++) {
        float *x = job->qkv + t * job->channels + begin;
        kernels.silu(x, x, end - begin);
    }
}

/* x = x / sqrt(sum(x^2) + epsilon) * factor, over the floats of a head. */
static void normalize_head(const struct delta_job *job, float *x, float factor) {
    const size_t n = job->hparams->recurrent.state;
    kernels.rmsnorm(x, x, NULL, n, job->hparams->norm_epsilon / (float)n);
    kernels.scale(x, factor / __builtin_sqrtf((float)n), n);
}

static void prepare_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct delta_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t n = shape->state;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *query = job->qkv + t * job->channels;
        float *key = query + shape->groups * n;
        for (size_t group = 0; group < shape->groups; group++) {
            normalize_head(job, query + group * n, 1.0f / __builtin_sqrtf((float)n));
            normalize_head(job, key + group * n, 1.0f);
        }
        float *decay = job->decays + t * shape->rank;
        float *beta = job->betas + t * shape->rank;
        for (size_t head = 0; head < shape->rank; head++) {
            decay[head] = exp_f32(softplus(decay[head] + job->tensors->dt_bias[head]) * job->tensors->a[head]);
            beta[head] = 1.0f / (1.0f + exp_f32(-beta[head]));
        }
    }
}

/* Runs the item's rows of the state through all tokens; rows do not depend on each other. */
static void advance_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct delta_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t n = shape->state;
    (void)worker;
    for (size_t item = begin; item < end; item++) {
        const size_t head = item / job->head_items;
        const size_t row = item % job->head_items * ROWS;
        const size_t rows = n - row < ROWS ? n - row : ROWS;
        const size_t at = head * n + row;
        for (size_t t = 0; t < job->tokens; t++) {
            const float *query = job->qkv + t * job->channels + head % shape->groups * n;
            const float *key = query + shape->groups * n;
            const float *value = job->qkv + t * job->channels + 2 * shape->groups * n + at;
            kernels.delta(job->mixed + t * shape->inner + at, job->state + at * n, rows, n,
                          job->decays[t * shape->rank + head], job->betas[t * shape->rank + head], key, value, query);
        }
    }
}

static void norm_and_gate(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct delta_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *x = job->mixed + t * shape->inner;
        for (size_t at = 0; at < shape->inner; at += shape->state) {
            kernels.rmsnorm(x + at, x + at, job->tensors->norm, shape->state, job->hparams->norm_epsilon);
        }
        kernels.swiglu(x, job->gates + t * shape->inner, x, shape->inner);
    }
}

void delta_net_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct recurrent_hparams *shape = &hparams->recurrent;
    const struct delta_tensors *tensors = &session->model->tensors.layers[layer].delta;
    const size_t tokens = session->n_batch;
    struct delta_job job = {.hparams = hparams, .tensors = tensors, .mixed = scratch->mixed, .tokens = tokens};
    job.channels = shape->inner + 2 * (size_t)shape->groups * shape->state;
    job.head_items = (shape->state + ROWS - 1) / ROWS;
    job.conv = recurrent_state_of_layer(session, layer);
    job.state = job.conv + (size_t)(shape->taps - 1) * job.channels;
    job.qkv = scratch->projected;
    job.gates = job.qkv + tokens * job.channels;
    job.betas = job.gates + tokens * shape->inner;
    job.decays = job.betas + tokens * shape->rank;
    const struct product inputs[] = {{job.qkv, &tensors->qkv, NULL, false},
                                     {job.gates, &tensors->gate, NULL, false},
                                     {job.betas, &tensors->beta, NULL, false},
                                     {job.decays, &tensors->alpha, NULL, false}};
    const struct product out_proj = {scratch->out, &tensors->out, NULL, false};
    op_matmul(inputs, 4, scratch, in, tokens);
    pool_run((job.channels + CHANNELS - 1) / CHANNELS, convolve, &job);
    pool_run(tokens, prepare_tokens, &job);
    pool_run(shape->rank * job.head_items, advance_rows, &job);
    pool_run(tokens, norm_and_gate, &job);
    op_matmul(&out_proj, 1, scratch, job.mixed, tokens);
}
