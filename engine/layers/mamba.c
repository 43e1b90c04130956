/* Layers whose mixer is a selective state space (Mamba): after a short convolution each channel has a state that decays
 * and takes in its input, at a pace and along directions that the input itself gives. */
#include "engine/layers/causal_conv.h"
#include "engine/layers/softplus.h"
#include "engine/ops/ops.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent.h"

#define CHANNELS 32u /* of an item of work */

struct mamba_job {
    const struct hparams *hparams;
    const struct mamba_tensors *tensors;
    float *conv;  /* state (taps - 1, inner) */
    float *state; /* (inner, state) */
    float *xz;    /* (tokens, 2, inner): input and gate */
    float *mixed; /* (tokens, inner): the input convolved, then the result */
    float *steps; /* (tokens, rank + 2 * state): the pace before its last product, B and C */
    float *ranks; /* (tokens, rank): the first of these by themselves */
    float *pace;  /* (tokens, inner) */
    size_t tokens;
};

static size_t channel(const struct mamba_job *job, size_t item) {
    const size_t inner = job->hparams->recurrent.inner;
    return item * CHANNELS < inner ? item * CHANNELS : inner;
}

static void convolve(void *context, size_t first, size_t last, uint32_t worker) {
    const struct mamba_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t begin = channel(job, first);
    const size_t n = channel(job, last) - begin;
    const struct conv conv = {job->tensors->conv, job->tensors->conv_bias, job->conv, shape->inner, shape->taps};
    (void)worker;
    conv_run(&conv, job->xz, 2 * (size_t)shape->inner, job->tokens, begin, begin + n);
    for (size_t t = 0; t < job->tokens; t++) {
        kernels.silu(job->mixed + t * shape->inner + begin, job->xz + 2 * t * shape->inner + begin, n);
    }
}

/* The norms that some models have of the three parts. */
static void split_steps(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct mamba_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const float epsilon = job->hparams->norm_epsilon;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *row = job->steps + t * (shape->rank + 2 * shape->state);
        if (shape->normed) {
            kernels.rmsnorm(row, row, NULL, shape->rank, epsilon);
            kernels.rmsnorm(row + shape->rank, row + shape->rank, NULL, shape->state, epsilon);
            kernels.rmsnorm(row + shape->rank + shape->state, row + shape->rank + shape->state, NULL, shape->state,
                            epsilon);
        }
        memcpy(job->ranks + t * shape->rank, row, shape->rank * sizeof(float));
    }
}

/* Token after token, for channels that concern no other item. */
static void scan_channels(void *context, size_t first, size_t last, uint32_t worker) {
    const struct mamba_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t begin = channel(job, first);
    const size_t n = channel(job, last) - begin;
    float *state = job->state + begin * shape->state;
    const float *a = job->tensors->a + begin * shape->state;
    (void)worker;
    for (size_t t = 0; t < job->tokens; t++) {
        const float *b = job->steps + t * (shape->rank + 2 * shape->state) + shape->rank;
        float *pace = job->pace + t * shape->inner + begin;
        float *mixed = job->mixed + t * shape->inner + begin;
        float *x = job->xz + 2 * t * shape->inner + begin; /* done with */
        for (size_t i = 0; i < n; i++) {
            pace[i] = softplus(pace[i]);
            x[i] = mixed[i] * pace[i];
        }
        kernels.scan_each(x, state, n, shape->state, pace, a, b, x, b + shape->state);
        for (size_t i = 0; i < n; i++) {
            mixed[i] = x[i] + mixed[i] * job->tensors->d[begin + i];
        }
        kernels.swiglu(mixed, x + shape->inner, mixed, n);
    }
}

void forward_mamba(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct recurrent_hparams *shape = &hparams->recurrent;
    const struct mamba_tensors *tensors = &session->model->tensors.layers[layer].mamba;
    const size_t tokens = session->n_batch;
    const size_t items = (shape->inner + CHANNELS - 1) / CHANNELS;
    struct mamba_job job = {.hparams = hparams, .tensors = tensors, .mixed = scratch->mixed, .tokens = tokens};
    job.conv = state_of(session, layer);
    job.state = job.conv + (size_t)(shape->taps - 1) * shape->inner;
    job.xz = scratch->projected;
    job.steps = job.xz + tokens * 2 * shape->inner;
    job.ranks = job.steps + tokens * (shape->rank + 2 * shape->state);
    job.pace = job.ranks + tokens * shape->rank;
    const struct product input = {job.xz, &tensors->in, NULL, false};
    const struct product steps = {job.steps, &tensors->x, NULL, false};
    const struct product pace = {job.pace, &tensors->dt, tensors->dt_bias, false};
    const struct product output = {scratch->out, &tensors->out, NULL, false};
    op_multiply(&input, 1, scratch, in, tokens);
    pool_run(items, convolve, &job);
    op_multiply(&steps, 1, scratch, job.mixed, tokens);
    pool_run(tokens, split_steps, &job);
    op_multiply(&pace, 1, scratch, job.ranks, tokens);
    pool_run(items, scan_channels, &job);
    op_multiply(&output, 1, scratch, job.mixed, tokens);
}
