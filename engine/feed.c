/* The feed-forward half of a layer: down(act(gate(x)) * up(x)). */
#include "engine/ops.h"
#include "engine/pool.h"

struct gate_job {
    const struct scratch *scratch;
    gate_fn *gate;
    size_t width;
};

static void gate_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct gate_job *job = context;
    (void)worker;
    float *gate = job->scratch->gate + begin * job->width;
    job->gate(gate, gate, job->scratch->up + begin * job->width, (end - begin) * job->width);
}

void forward_feed(struct qn_session *session, uint32_t layer) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    const size_t tokens = session->n_batch;
    const size_t n_ff = hparams->layers[layer].n_ff;
    op_norm(scratch->h, scratch->x, tensors->ff_norm, hparams->n_embd, tokens, hparams->norm_epsilon);
    const struct product inputs[] = {{scratch->gate, &tensors->gate, tensors->gate_bias},
                                     {scratch->up, &tensors->up, tensors->up_bias}};
    op_multiply(inputs, 2, scratch, scratch->h, tokens);
    struct gate_job job = {scratch, hparams->architecture->gate == GATE_GELU ? kernels.geglu : kernels.swiglu, n_ff};
    pool_run(tokens, gate_rows, &job);
    const struct product output = {scratch->h, &tensors->down, tensors->down_bias};
    op_multiply(&output, 1, scratch, scratch->gate, tokens);
}
