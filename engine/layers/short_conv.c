/* Layers whose mixer is a gated short convolution: b, c and x are three parts of a product with the input; out is a
 * product with c * conv(b * x). */
#include "engine/layers/causal_conv.h"
#include "engine/ops/ops.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent.h"

#define CHANNELS 64u /* of an item of work */

struct shortconv_job {
    struct conv conv;
    float *projected; /* (tokens, 3, n_embd): b, c and x */
    float *mixed;     /* (tokens, n_embd) */
    size_t tokens;
};

static void mix_channels(void *context, size_t first, size_t last, uint32_t worker) {
    const struct shortconv_job *job = context;
    const size_t width = job->conv.channels;
    const size_t begin = first * CHANNELS;
    const size_t end = last * CHANNELS < width ? last * CHANNELS : width;
    (void)worker;
    for (size_t t = 0; t < job->tokens; t++) {
        float *b = job->projected + t * 3 * width;
        for (size_t i = begin; i < end; i++) {
            b[2 * width + i] *= b[i];
        }
    }
    conv_run(&job->conv, job->projected + 2 * width, 3 * width, job->tokens, begin, end);
    for (size_t t = 0; t < job->tokens; t++) {
        const float *c = job->projected + (3 * t + 1) * width;
        for (size_t i = begin; i < end; i++) {
            job->mixed[t * width + i] = c[i] * c[width + i];
        }
    }
}

void forward_shortconv(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct shortconv_tensors *tensors = &session->model->tensors.layers[layer].shortconv;
    const size_t tokens = session->n_batch;
    const struct product input = {scratch->projected, &tensors->in, NULL, false};
    op_multiply(&input, 1, scratch, in, tokens);
    struct shortconv_job job = {
        .conv = {tensors->conv, NULL, state_of(session, layer), hparams->n_embd, hparams->recurrent.taps},
        .projected = scratch->projected,
        .mixed = scratch->mixed,
        .tokens = tokens};
    pool_run((hparams->n_embd + CHANNELS - 1) / CHANNELS, mix_channels, &job);
    const struct product output = {scratch->out, &tensors->out, NULL, false};
    op_multiply(&output, 1, scratch, scratch->mixed, tokens);
}
