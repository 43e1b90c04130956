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
    op_quantize(scratch, tensors->gate.kernels->activation, scratch->h, hparams->n_embd, tokens);
    op_matmul(scratch->gate, &tensors->gate, scratch, tokens);
    op_bias(scratch->gate, tensors->gate_bias, n_ff, tokens);
    if (tensors->up.kernels->activation != tensors->gate.kernels->activation) {
        op_quantize(scratch, tensors->up.kernels->activation, scratch->h, hparams->n_embd, tokens);
    }
    op_matmul(scratch->up, &tensors->up, scratch, tokens);
    op_bias(scratch->up, tensors->up_bias, n_ff, tokens);
    struct gate_job job = {scratch, hparams->architecture->gate == GATE_GELU ? kernels.geglu : kernels.swiglu, n_ff};
    pool_run(tokens, gate_rows, &job);
    op_quantize(scratch, tensors->down.kernels->activation, scratch->gate, n_ff, tokens);
    op_matmul(scratch->h, &tensors->down, scratch, tokens);
    op_bias(scratch->h, tensors->down_bias, hparams->n_embd, tokens);
}
