/* The dense FFN: down(act(gate(x)) * up(x)) ("GLU Variants Improve Transformer"), or down(act(up(x))) without a gate.
 * llama.cpp's build_ffn. */
#include "engine/layers/ffn.h"

#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"

void ffn_forward(struct qn_session *session, const struct ffn_tensors *ffn, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t tokens = session->n_batch;
    const size_t n_ff = ffn->up.rows;
    const bool gated = ffn->gate.kernels != NULL;
    const struct product inputs[] = {{gated ? scratch->up : scratch->gate, &ffn->up, ffn->up_bias, true},
                                     {scratch->gate, &ffn->gate, ffn->gate_bias, true}};
    op_matmul(inputs, gated ? 2 : 1, scratch, in, tokens);
    op_gate(scratch->gate, gated ? scratch->up : NULL, hparams->act, n_ff, tokens);
    if (ffn->inner_norm.weight) {
        op_norm(scratch->gate, scratch->gate, &ffn->inner_norm, hparams, n_ff, tokens);
    }
    const struct product output = {scratch->out, &ffn->down, ffn->down_bias, true};
    op_matmul(&output, 1, scratch, scratch->gate, tokens);
}
