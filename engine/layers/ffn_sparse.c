/* The feed-forward network whose gates count only by what they exceed a cutoff by, so many standard deviations above
 * their mean: down(act(cut(gate(x))) * up(x)). */
#include "engine/ops/ops.h"
#include "engine/pool/pool.h"

struct cut_job {
    float *gate;
    size_t n;
    float deviations;
};

/* Sums in double, one gate after another. */
static float cutoff_of(const float *gate, size_t n, float deviations) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)gate[i];
    }
    const float mean = (float)sum / (float)n;
    sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float apart = gate[i] - mean;
        sum += (double)(apart * apart);
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

void feed_sparse(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct ffn_tensors *feed = &session->model->tensors.layers[layer].ffn;
    const size_t tokens = session->n_batch;
    const struct product inputs[] = {{scratch->up, &feed->up, feed->up_bias, true},
                                     {scratch->gate, &feed->gate, feed->gate_bias, true}};
    op_multiply(inputs, 2, scratch, in, tokens);
    struct cut_job job = {scratch->gate, feed->up.rows, hparams->layers[layer].sparse_cutoff};
    pool_run(tokens, cut_rows, &job);
    op_gate(scratch->gate, scratch->up, hparams->act, feed->up.rows, tokens);
    const struct product output = {scratch->out, &feed->down, feed->down_bias, true};
    op_multiply(&output, 1, scratch, scratch->gate, tokens);
}
