/* Per-layer embeddings (Gemma 3n). A token's embedding for a layer comes from a table and from a projection of the
 * token embedding x: e = (norm(projection(x) / sqrt(n_embd)) + table[token] * sqrt(n_per_layer)) / sqrt(2) At the end
 * of the layer x += norm(up(gelu(gate(x)) * e)); the norm and the sum are in forward.c. */
#include "engine/layers/per_layer_embedding.h"

#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"

/* Floats of a token's embeddings for all layers. */
static size_t width_of(const struct hparams *hparams) { return (size_t)hparams->n_layer * hparams->n_per_layer; }

static float root(uint32_t n) { return __builtin_sqrtf((float)n); }

static void finish_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const struct hparams *hparams = &session->model->hparams;
    const struct tensors *tensors = &session->model->tensors;
    const struct weight *table = &tensors->per_layer_embedding;
    const size_t n = hparams->n_per_layer;
    const size_t width = width_of(hparams);
    float *row = session->scratch.per_layer_rows + worker * width;
    for (size_t t = begin; t < end; t++) {
        float *e = session->scratch.per_layer + t * width;
        const size_t id = (size_t)session->tokens[session->position + t];
        weight_decoder(table->type)(row, table->data + id * table->row_bytes, width);
        kernels.scale(row, root(hparams->n_per_layer), width);
        kernels.scale(e, 1.0f / root(hparams->n_embd), width);
        for (size_t at = 0; at < width; at += n) {
            norm_row(e + at, e + at, &tensors->per_layer_norm, hparams, n);
        }
        kernels.add(e, e, row, width);
        kernels.scale(e, 1.0f / root(2), width);
    }
}

void per_layer_begin(struct qn_session *session) {
    const struct scratch *scratch = &session->scratch;
    const struct product projection = {scratch->per_layer, &session->model->tensors.per_layer_projection, NULL, false};
    op_matmul(&projection, 1, scratch, scratch->x, session->n_batch);
    pool_run(session->n_batch, finish_tokens, session);
}

struct gate_job {
    const struct qn_session *session;
    uint32_t layer;
};

static void gate_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct gate_job *job = context;
    const struct hparams *hparams = &job->session->model->hparams;
    const struct scratch *scratch = &job->session->scratch;
    const size_t n = hparams->n_per_layer;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *gate = scratch->gate + t * n;
        kernels.geglu(gate, gate, scratch->per_layer + t * width_of(hparams) + job->layer * n, n);
    }
}

void per_layer_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct per_layer_tensors *tensors = &session->model->tensors.layers[layer].per_layer;
    const struct product gate = {scratch->gate, &tensors->gate, NULL, false};
    const struct product up = {scratch->out, &tensors->up, NULL, false};
    struct gate_job job = {session, layer};
    op_matmul(&gate, 1, scratch, in, session->n_batch);
    pool_run(session->n_batch, gate_tokens, &job);
    op_matmul(&up, 1, scratch, scratch->gate, session->n_batch);
}
