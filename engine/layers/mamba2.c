/* The Mamba 2 mixer ("Transformers are SSMs", section 7; llama.cpp's build_mamba2_layer). The channels of a head share
 * their decay, the heads of a group share B and C:
 *   z, (x, B, C), dt = in_proj(input);  x, B, C = silu(conv(x, B, C));  dt = softplus(dt + dt_bias)
 *   state = state * exp(dt A) + dt B x;  y = C state + D x;  output = out_proj(norm(y * silu(z))) */
#include "engine/layers/mamba2.h"

#include "engine/layers/causal_conv.h"
#include "engine/layers/softplus.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent_state.h"
#include "kernels/exp.h"

#define CHANNELS 64u /* per item of work */

struct mamba2_job {
    const struct hparams *hparams;
    const struct mamba_tensors *tensors;
    float *conv;      /* state of the convolution: (taps - 1, channels) */
    float *state;     /* (inner, state) */
    float *projected; /* (tokens, width): z (inner), channels of the convolution, dt (heads) */
    float *mixed;     /* (tokens, inner) */
    size_t channels;  /* x (inner), B and C (groups, state) */
    size_t width;
    size_t tokens;
};

static void convolve(void *context, size_t first, size_t last, uint32_t worker) {
    const struct mamba2_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t begin = first * CHANNELS;
    const size_t end = last * CHANNELS < job->channels ? last * CHANNELS : job->channels;
    const struct causal_conv conv = {job->tensors->conv, job->tensors->conv_bias, job->conv, job->channels,
                                     shape->taps};
    float *x = job->projected + shape->inner;
    (void)worker;
    causal_conv_run(&conv, x, job->width, job->tokens, begin, end);
    for (size_t t = 0; t < job->tokens; t++) {
        kernels.silu(x + t * job->width + begin, x + t * job->width + begin, end - begin);
    }
}

static void scan_head(const struct mamba2_job *job, size_t head, size_t t) {
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t dim = shape->inner / shape->rank;
    const size_t group = head / (shape->rank / shape->groups);
    const size_t group_floats = (size_t)shape->groups * shape->state;
    const float *z = job->projected + t * job->width + head * dim;
    const float *x = z + shape->inner;
    const float *bc = job->projected + t * job->width + 2 * (size_t)shape->inner;
    const float *b = bc + group * shape->state;
    const float *c = b + group_floats;
    const float dt = softplus(bc[2 * group_floats + head] + job->tensors->dt_bias[head]);
    float *mixed = job->mixed + t * shape->inner + head * dim;
    for (size_t i = 0; i < dim; i++) {
        mixed[i] = x[i] * dt;
    }
    kernels.scan(mixed, job->state + head * dim * shape->state, dim, shape->state, exp_f32(dt * job->tensors->a[head]),
                 b, mixed, c);
    for (size_t i = 0; i < dim; i++) {
        mixed[i] += x[i] * job->tensors->d[head];
    }
    kernels.swiglu(mixed, z, mixed, dim);
}

/* Runs the item's heads through all tokens; heads do not depend on each other. */
static void scan_heads(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct mamba2_job *job = context;
    (void)worker;
    for (size_t head = begin; head < end; head++) {
        for (size_t t = 0; t < job->tokens; t++) {
            scan_head(job, head, t);
        }
    }
}

static void norm_groups(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct mamba2_job *job = context;
    const struct recurrent_hparams *shape = &job->hparams->recurrent;
    const size_t width = shape->inner / shape->groups;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        for (size_t at = 0; at < shape->inner; at += width) {
            float *x = job->mixed + t * shape->inner + at;
            kernels.rmsnorm(x, x, job->tensors->norm + at, width, job->hparams->norm_epsilon);
        }
    }
}

void mamba2_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct recurrent_hparams *shape = &hparams->recurrent;
    const struct mamba_tensors *tensors = &session->model->tensors.layers[layer].mamba;
    const size_t tokens = session->n_batch;
    struct mamba2_job job = {.hparams = hparams, .tensors = tensors, .tokens = tokens};
    job.projected = scratch->projected;
    job.mixed = scratch->mixed;
    job.channels = shape->inner + 2 * (size_t)shape->groups * shape->state;
    job.width = shape->projected;
    job.conv = recurrent_state_of_layer(session, layer);
    job.state = job.conv + (size_t)(shape->taps - 1) * job.channels;
    const struct product in_proj = {job.projected, &tensors->in, NULL, false};
    const struct product out_proj = {scratch->out, &tensors->out, NULL, false};
    op_matmul(&in_proj, 1, scratch, in, tokens);
    pool_run((job.channels + CHANNELS - 1) / CHANNELS, convolve, &job);
    pool_run(shape->rank, scan_heads, &job);
    if (tensors->norm) {
        pool_run(tokens, norm_groups, &job);
    }
    op_matmul(&out_proj, 1, scratch, job.mixed, tokens);
}
