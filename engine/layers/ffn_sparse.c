/* The sparse FFN: down(act(relu(gate(x) - cutoff)) * up(x)), where a token's cutoff lies some standard deviations above
 * the mean of its gates. llama.cpp's gaussian_topk in gemma3n. */
#include "engine/layers/ffn_sparse.h"

#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"

struct cut_job {
    float *gate; /* (tokens, n) */
    size_t n;
    float deviations;
};

/* mean + deviations * standard deviation, summed in double in ascending order. */
static float cutoff_of(const float *gate, size_t n, float deviations) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)gate[i];
    }
    const float mean = (float)sum / (float)n;
    sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float difference = gate[i] - mean;
        sum += (double)(difference * difference);
    }
    return mean + deviations * __builtin_sqrtf((float)sum / (float)(n > 1 ? n - 1 : 1));
}

static void cut_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct cut_job *job = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *gate = job->gate + t * job->n;
        const float cutoff = cutoff_of(gate, job->n, job->deviations);
        for (size_t i = 0; i < job->n; i++) {
            gate[i] = gate[i] > cutoff ? gate[i] - cutoff : 0.0f;
        }
    }
}

void ffn_sparse_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct ffn_tensors *ffn = &session->model->tensors.layers[layer].ffn;
    const size_t tokens = session->n_batch;
    const struct product inputs[] = {{scratch->up, &ffn->up, ffn->up_bias, true},
                                     {scratch->gate, &ffn->gate, ffn->gate_bias, true}};
    op_matmul(inputs, 2, scratch, in, tokens);
    struct cut_job job = {scratch->gate, ffn->up.rows, hparams->layers[layer].sparse_cutoff};
    pool_run(tokens, cut_rows, &job);
    op_gate(scratch->gate, scratch->up, hparams->act, ffn->up.rows, tokens);
    const struct product output = {scratch->out, &ffn->down, ffn->down_bias, true};
    op_matmul(&output, 1, scratch, scratch->gate, tokens);
}
