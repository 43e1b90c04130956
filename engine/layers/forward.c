/* The forward pass of a micro-batch: embeddings, layers, logits. */
#include "engine/layers/forward.h"

#include "engine/layers/altup.h"
#include "engine/layers/attention.h"
#include "engine/layers/delta_net.h"
#include "engine/layers/ffn.h"
#include "engine/layers/ffn_experts.h"
#include "engine/layers/ffn_sparse.h"
#include "engine/layers/latent_attention.h"
#include "engine/layers/mamba.h"
#include "engine/layers/mamba2.h"
#include "engine/layers/per_layer_embedding.h"
#include "engine/layers/rope.h"
#include "engine/layers/short_conv.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"

/* x (n) += a row of a table of embeddings, which is decoded into `decoded` (n). */
static void add_embedding(float *x, const struct weight *table, size_t row, float *decoded, size_t n) {
    weight_decoder(table->type)(decoded, table->data + row * table->row_bytes, n);
    kernels.add(x, x, decoded, n);
}

static void embed_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct tensors *tensors = &session->model->tensors;
    const struct weight *embedding = &tensors->embedding;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const uint32_t position = session->position + (uint32_t)t;
        const size_t id = (size_t)session->tokens[position];
        float *x = scratch->x + t * hparams->n_embd;
        float *decoded = scratch->h + t * hparams->n_embd;
        weight_decoder(embedding->type)(x, embedding->data + id * embedding->row_bytes, hparams->n_embd);
        if (hparams->embedding_scale != 1.0f) {
            kernels.scale(x, hparams->embedding_scale, hparams->n_embd);
        }
        if (tensors->types.rows) {
            add_embedding(x, &tensors->types, 0, decoded, hparams->n_embd);
        }
        if (tensors->positions.kernels) {
            add_embedding(x, &tensors->positions, position, decoded, hparams->n_embd);
        }
        if (tensors->embedding_norm.weight) {
            norm_row(x, x, &tensors->embedding_norm, hparams, hparams->n_embd);
        }
        rope_angles(hparams, scratch->rope_freqs, scratch->angles + t * ROPE_SETS * hparams->n_rot, position);
    }
}

void forward_embed(struct qn_session *session) {
    const struct hparams *hparams = &session->model->hparams;
    pool_run(session->n_batch, embed_tokens, session);
    if (hparams->n_per_layer) {
        per_layer_begin(session);
    }
    if (hparams->n_altup) {
        altup_begin(session);
    }
}

/* The input of a sublayer: norm(x), or x itself without a norm. */
static const float *norm_input(struct qn_session *session, const struct norm *norm) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    if (norm->weight == NULL) {
        return scratch->x;
    }
    op_norm(scratch->h, scratch->x, norm, hparams, hparams->n_embd, session->n_batch);
    return scratch->h;
}

/* x += out, the sublayer's output. A post-norm applies to out, or with NORM_SUM to the sum. */
static void add_output(struct qn_session *session, const struct norm *post_norm) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const bool norm_sum = hparams->architecture->norm.placement == NORM_SUM;
    if (post_norm->weight && !norm_sum) {
        op_norm(scratch->out, scratch->out, post_norm, hparams, hparams->n_embd, session->n_batch);
    }
    op_add(scratch->x, scratch->out, hparams->n_embd, session->n_batch, hparams->residual_scale);
    if (norm_sum) {
        op_norm(scratch->x, scratch->x, post_norm, hparams, hparams->n_embd, session->n_batch);
    }
}

static void run_mixer(struct qn_session *session, uint32_t layer, const float *in) {
    switch (session->model->hparams.layers[layer].kind) {
    case LAYER_ATTENTION:
        attention_forward(session, layer, in);
        break;
    case LAYER_SHORTCONV:
        short_conv_forward(session, layer, in);
        break;
    case LAYER_LATENT:
        latent_attention_forward(session, layer, in);
        break;
    case LAYER_MAMBA:
        mamba_forward(session, layer, in);
        break;
    case LAYER_MAMBA2:
        mamba2_forward(session, layer, in);
        break;
    case LAYER_ATTENTION_MAMBA2:
        attention_forward(session, layer, in);
        op_add(session->scratch.x, session->scratch.out, session->model->hparams.n_embd, session->n_batch, 1.0f);
        mamba2_forward(session, layer, in);
        break;
    case LAYER_DELTA:
        delta_net_forward(session, layer, in);
        break;
    }
}

static void run_ffn(struct qn_session *session, uint32_t layer, const float *in) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    switch (session->model->hparams.layers[layer].ffn) {
    case FFN_DENSE:
        ffn_forward(session, &tensors->ffn, in);
        break;
    case FFN_EXPERTS:
        ffn_experts_forward(session, &tensors->experts, in);
        break;
    case FFN_SPARSE:
        ffn_sparse_forward(session, layer, in);
        break;
    case FFN_NONE:
        break;
    }
}

/* A parallel layer: x += ffn(norm(x)) + mixer(norm(x)), with one norm or two. */
static void forward_parallel(struct qn_session *session, uint32_t layer) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    const bool shared_norm = tensors->ffn_norm.weight == NULL;
    const float *in = norm_input(session, shared_norm ? &tensors->attention_norm : &tensors->ffn_norm);
    run_ffn(session, layer, in);
    if (!shared_norm) { /* before x changes */
        in = norm_input(session, &tensors->attention_norm);
    }
    add_output(session, &tensors->ffn_post_norm);
    run_mixer(session, layer, in);
    add_output(session, &tensors->attention_post_norm);
}

/* A layer of a model with several residual streams (altup.c). */
static void forward_streams(struct qn_session *session, uint32_t layer) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    altup_predict(session, layer);
    const float *in = norm_input(session, &tensors->attention_norm);
    altup_laurel(session, layer, in);
    run_mixer(session, layer, in);
    add_output(session, &tensors->attention_post_norm);
    altup_add_laurel(session);
    run_ffn(session, layer, norm_input(session, &tensors->ffn_norm));
    add_output(session, &tensors->ffn_post_norm);
    altup_correct(session, layer);
}

/* What some models do to x at the end of a layer. */
static void finish_layer(struct qn_session *session, const struct layer_tensors *tensors, uint32_t layer) {
    const struct scratch *scratch = &session->scratch;
    if (tensors->per_layer.gate.kernels) {
        per_layer_forward(session, layer, scratch->x);
        add_output(session, &tensors->per_layer.norm);
    }
    if (tensors->scale) {
        kernels.scale(scratch->x, *tensors->scale, (size_t)session->n_batch * session->model->hparams.n_embd);
    }
}

void forward_layer(struct qn_session *session, uint32_t layer) {
    const struct architecture *row = session->model->hparams.architecture;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    if (row->parallel || (row->norm.ffn == FFN_NORM_OPTIONAL && tensors->ffn_norm.weight == NULL)) {
        forward_parallel(session, layer);
        return;
    }
    if (session->model->hparams.n_altup) {
        forward_streams(session, layer);
        return;
    }
    run_mixer(session, layer, norm_input(session, &tensors->attention_norm));
    add_output(session, &tensors->attention_post_norm);
    if (session->model->hparams.layers[layer].ffn != FFN_NONE) {
        run_ffn(session, layer, norm_input(session, &tensors->ffn_norm));
        add_output(session, &tensors->ffn_post_norm);
    }
    finish_layer(session, tensors, layer);
}

void forward_output(struct qn_session *session, const uint32_t *tokens, uint32_t count) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct tensors *tensors = &session->model->tensors;
    const size_t width = hparams->n_embd;
    for (uint32_t i = 0; i < count; i++) {
        norm_row(scratch->h + i * width, scratch->x + tokens[i] * width, &tensors->output_norm, hparams, width);
    }
    const struct product output = {scratch->logits, &tensors->output, tensors->output_bias, false};
    op_matmul(&output, 1, scratch, scratch->h, count);
    const size_t n = (size_t)count * hparams->n_vocab;
    if (hparams->logit_scale != 1.0f) {
        kernels.scale(scratch->logits, hparams->logit_scale, n);
    }
    if (hparams->logit_softcap > 0.0f) {
        kernels.softcap(scratch->logits, hparams->logit_softcap, n);
    }
}
