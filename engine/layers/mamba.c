/* The Mamba mixer ("Mamba: Linear-Time Sequence Modeling with Selective State Spaces", section 3; llama.cpp's
 * build_mamba_layer):
 *   x, z = in_proj(input);  x = silu(conv(x));  dt, B, C = x_proj(x);  dt = softplus(dt_proj(dt))
 *   state = state * exp(dt A) + dt B x;  y = C state + D x;  output = out_proj(y * silu(z)) */
#include "engine/layers/mamba.h"

#include "engine/layers/causal_conv.h"
#include "engine/layers/softplus.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent_state.h"

#define CHANNELS 32u /* per item of work */

struct mamba_job {
    const struct hparams *hparams;
    const struct mamba_tensors *tensors;
    float *conv;  /* state of the convolution: (taps - 1, inner) */
    float *state; /* (inner, state) */
    float *xz;    /* (tokens, 2, inner) */
    float *mixed; /* (tokens, inner): x after the convolution, then y */
    float *dtbc;  /* (tokens, rank + 2 * state): dt before its projection, B and C */
    float *rank;  /* (tokens, rank): dt before its projection, rows without gaps */
    float *dt;    /* (tokens, inner) */
    size_t tokens;
};

/* The first channel of an item; items that start at or past the end give `inner`. */
static size_t channel_of(const struct mamba_job *job, size_t item) {
    const size_t inner = job->hparams->recurrent.inner;
    return item * CHANNELS < inner ? item * CHANNELS : inner;
}

static void convolve(void *context, size_t first, size_t last, uint32_t worker) {
    const struct mamba_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t begin = channel_of(job, first);
    const size_t n = channel_of(job, last) - begin;
    const struct causal_conv conv = {job->tensors->conv, job->tensors->conv_bias, job->conv, shape->inner, shape->taps};
    (void)worker;
    causal_conv_run(&conv, job->xz, 2 * (size_t)shape->inner, job->tokens, begin, begin + n);
    for (size_t t = 0; t < job->tokens; t++) {
        kernels.silu(job->mixed + t * shape->inner + begin, job->xz + 2 * t * shape->inner + begin, n);
    }
}

/* Norms dt, B and C in models that do, and copies dt. */
static void split_projection(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct mamba_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const float epsilon = job->hparams->norm_epsilon;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *dt = job->dtbc + t * (shape->rank + 2 * shape->state);
        if (shape->normed) {
            float *b = dt + shape->rank;
            float *c = b + shape->state;
            kernels.rmsnorm(dt, dt, NULL, shape->rank, epsilon);
            kernels.rmsnorm(b, b, NULL, shape->state, epsilon);
            kernels.rmsnorm(c, c, NULL, shape->state, epsilon);
        }
        memcpy(job->rank + t * shape->rank, dt, shape->rank * sizeof(float));
    }
}

/* Runs the item's channels through all tokens; channels do not depend on each other. */
static void scan_channels(void *context, size_t first, size_t last, uint32_t worker) {
    const struct mamba_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t begin = channel_of(job, first);
    const size_t n = channel_of(job, last) - begin;
    float *state = job->state + begin * shape->state;
    const float *a = job->tensors->a + begin * shape->state;
    (void)worker;
    for (size_t t = 0; t < job->tokens; t++) {
        const float *b = job->dtbc + t * (shape->rank + 2 * shape->state) + shape->rank;
        const float *c = b + shape->state;
        float *dt = job->dt + t * shape->inner + begin;
        float *mixed = job->mixed + t * shape->inner + begin;
        float *y = job->xz + 2 * t * shape->inner + begin; /* overwrites x, which `mixed` holds now */
        const float *z = y + shape->inner;
        for (size_t i = 0; i < n; i++) {
            dt[i] = softplus(dt[i]);
            y[i] = mixed[i] * dt[i];
        }
        kernels.scan_each(y, state, n, shape->state, dt, a, b, y, c);
        for (size_t i = 0; i < n; i++) {
            mixed[i] = y[i] + mixed[i] * job->tensors->d[begin + i];
        }
        kernels.swiglu(mixed, z, mixed, n);
    }
}

void mamba_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct recurrent_hparams *shape = &hparams->recurrent;
    const struct mamba_tensors *tensors = &session->model->tensors.layers[layer].mamba;
    const size_t tokens = session->n_batch;
    const size_t items = (shape->inner + CHANNELS - 1) / CHANNELS;
    struct mamba_job job = {.hparams = hparams, .tensors = tensors, .mixed = scratch->mixed, .tokens = tokens};
    job.conv = recurrent_state_of_layer(session, layer);
    job.state = job.conv + (size_t)(shape->taps - 1) * shape->inner;
    job.xz = scratch->projected;
    job.dtbc = job.xz + tokens * 2 * shape->inner;
    job.rank = job.dtbc + tokens * (shape->rank + 2 * shape->state);
    job.dt = job.rank + tokens * shape->rank;
    const struct product in_proj = {job.xz, &tensors->in, NULL, false};
    const struct product x_proj = {job.dtbc, &tensors->x, NULL, false};
    const struct product dt_proj = {job.dt, &tensors->dt, tensors->dt_bias, false};
    const struct product out_proj = {scratch->out, &tensors->out, NULL, false};
    op_matmul(&in_proj, 1, scratch, in, tokens);
    pool_run(items, convolve, &job);
    op_matmul(&x_proj, 1, scratch, job.mixed, tokens);
    pool_run(tokens, split_projection, &job);
    op_matmul(&dt_proj, 1, scratch, job.rank, tokens);
    pool_run(items, scan_channels, &job);
    op_matmul(&out_proj, 1, scratch, job.mixed, tokens);
}
