/* The gated short convolution of LFM2: (b, c, x) = in_proj(input), out_proj(c * conv(b * x)). llama.cpp's
 * build_shortconv_block. */
#include "engine/layers/short_conv.h"

#include "engine/layers/causal_conv.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent_state.h"

#define CHANNELS 64u /* per item of work */

struct short_conv_job {
    struct causal_conv conv;
    float *projected; /* (tokens, 3, n_embd): b, c and x */
    float *mixed;     /* (tokens, n_embd) */
    size_t tokens;
};

static void mix_channels(void *context, size_t first, size_t last, uint32_t worker) {
    const struct short_conv_job *job = context;
    const size_t width = job->conv.channels;
    const size_t begin = first * CHANNELS;
    const size_t end = last * CHANNELS < width ? last * CHANNELS : width;
    (void)worker;
    for (size_t t = 0; t < job->tokens; t++) {
        float *b = job->projected + t * 3 * width;
        float *x = b + 2 * width;
        for (size_t i = begin; i < end; i++) {
            x[i] *= b[i];
        }
    }
    causal_conv_run(&job->conv, job->projected + 2 * width, 3 * width, job->tokens, begin, end);
    for (size_t t = 0; t < job->tokens; t++) {
        const float *c = job->projected + (3 * t + 1) * width;
        const float *x = c + width;
        for (size_t i = begin; i < end; i++) {
            job->mixed[t * width + i] = c[i] * x[i];
        }
    }
}

void short_conv_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct shortconv_tensors *tensors = &session->model->tensors.layers[layer].shortconv;
    const size_t tokens = session->n_batch;
    struct short_conv_job job = {.conv = {.weight = tensors->conv,
                                          .state = recurrent_state_of_layer(session, layer),
                                          .channels = hparams->n_embd,
                                          .taps = hparams->recurrent.taps},
                                 .projected = scratch->projected,
                                 .mixed = scratch->mixed,
                                 .tokens = tokens};
    const struct product input = {scratch->projected, &tensors->in, NULL, false};
    const struct product output = {scratch->out, &tensors->out, NULL, false};
    op_matmul(&input, 1, scratch, in, tokens);
    pool_run((hparams->n_embd + CHANNELS - 1) / CHANNELS, mix_channels, &job);
    op_matmul(&output, 1, scratch, scratch->mixed, tokens);
}
