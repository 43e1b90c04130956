/* The dense feed-forward network: down(act(gate(x)) * up(x)), or down(act(up(x))). */
#include "engine/ops/ops.h"

void feed_dense(struct qn_session *session, const struct ffn_tensors *feed, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t tokens = session->n_batch;
    const size_t width = feed->up.rows;
    const bool gated = feed->gate.kernels != NULL;
    const struct product inputs[] = {{gated ? scratch->up : scratch->gate, &feed->up, feed->up_bias, true},
                                     {scratch->gate, &feed->gate, feed->gate_bias, true}};
    op_multiply(inputs, gated ? 2 : 1, scratch, in, tokens);
    op_gate(scratch->gate, gated ? scratch->up : NULL, hparams->act, width, tokens);
    if (feed->inner_norm.weight) {
        op_norm(scratch->gate, scratch->gate, &feed->inner_norm, hparams, width, tokens);
    }
    const struct product output = {scratch->out, &feed->down, feed->down_bias, true};
    op_multiply(&output, 1, scratch, scratch->gate, tokens);
}
