/* The dense feed-forward half of a layer: down(act(gate(x)) * up(x)), or down(act(up(x))). */
#include "engine/ops.h"
#include "engine/pool.h"

struct gate_job {
    const struct scratch *scratch;
    enum act_kind act;
    bool gated;
    size_t width;
};

/* act(gate) * up, or act(up), into the gate's place. */
static void gate_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct gate_job *job = context;
    (void)worker;
    float *gate = job->scratch->gate + begin * job->width;
    const float *up = job->scratch->up + begin * job->width;
    const size_t n = (end - begin) * job->width;
    if (!job->gated) {
        kernels.gelu(gate, gate, n);
    } else if (job->act == ACT_GELU) {
        kernels.geglu(gate, gate, up, n);
    } else {
        kernels.swiglu(gate, gate, up, n);
    }
}

void forward_feed(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    const size_t tokens = session->n_batch;
    const bool gated = tensors->gate.kernels != NULL;
    const struct product inputs[] = {{gated ? scratch->up : scratch->gate, &tensors->up, tensors->up_bias, true},
                                     {scratch->gate, &tensors->gate, tensors->gate_bias, true}};
    op_multiply(inputs, gated ? 2 : 1, scratch, in, tokens);
    struct gate_job job = {scratch, hparams->act, gated, hparams->layers[layer].n_ff};
    pool_run(tokens, gate_rows, &job);
    const struct product output = {scratch->out, &tensors->down, tensors->down_bias, true};
    op_multiply(&output, 1, scratch, scratch->gate, tokens);
}
