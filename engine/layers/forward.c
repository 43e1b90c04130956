/* The forward pass of a micro-batch: embeddings, layers, logits. */
#include "engine/layers/rope.h"
#include "engine/ops/ops.h"
#include "engine/pool/pool.h"

static void embed_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct weight *embedding = &session->model->tensors.embedding;
    const struct weight *types = &session->model->tensors.types;
    const struct weight *positions = &session->model->tensors.positions;
    const struct norm *norm = &session->model->tensors.embedding_norm;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const uint32_t position = session->position + (uint32_t)t;
        float *x = scratch->x + t * hparams->n_embd;
        const size_t id = (size_t)session->tokens[position];
        weight_decoder(embedding->type)(x, embedding->data + id * embedding->row_bytes, hparams->n_embd);
        if (hparams->embedding_scale != 1.0f) {
            kernels.scale(x, hparams->embedding_scale, hparams->n_embd);
        }
        float *learned = scratch->h + t * hparams->n_embd;
        if (types->rows) {
            weight_decoder(types->type)(learned, types->data, hparams->n_embd);
            kernels.add(x, x, learned, hparams->n_embd);
        }
        if (positions->kernels) {
            weight_decoder(positions->type)(learned, positions->data + position * positions->row_bytes,
                                            hparams->n_embd);
            kernels.add(x, x, learned, hparams->n_embd);
        }
        if (norm->weight) {
            norm_row(x, x, norm, hparams, hparams->n_embd);
        }
        rope_angles(hparams, scratch->inverse, scratch->angles + t * ROPE_SETS * hparams->n_rot, position);
    }
}

void forward_embed(struct qn_session *session) {
    const struct hparams *hparams = &session->model->hparams;
    pool_run(session->n_batch, embed_tokens, session);
    if (hparams->n_per_layer) {
        per_layer_embed(session);
    }
    if (hparams->n_altup) {
        altup_begin(session);
    }
}

/* x += out, with the norm that some models put in between, and some behind. */
static void add_half(struct qn_session *session, const struct norm *post_norm) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const bool added = hparams->architecture->norm.placement == NORM_SUM;
    if (post_norm->weight && !added) {
        op_norm(scratch->out, scratch->out, post_norm, hparams, hparams->n_embd, session->n_batch);
    }
    op_add(scratch->x, scratch->out, hparams->n_embd, session->n_batch, hparams->residual_scale);
    if (added) {
        op_norm(scratch->x, scratch->x, post_norm, hparams, hparams->n_embd, session->n_batch);
    }
}

/* What the next half takes: x, normed when there is a norm. */
static const float *norm_input(struct qn_session *session, const struct norm *norm) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    if (norm->weight == NULL) {
        return scratch->x;
    }
    op_norm(scratch->h, scratch->x, norm, hparams, hparams->n_embd, session->n_batch);
    return scratch->h;
}

static void run_mixer(struct qn_session *session, uint32_t layer, const float *in) {
    switch (session->model->hparams.layers[layer].kind) {
    case LAYER_ATTENTION:
        forward_attention(session, layer, in);
        break;
    case LAYER_SHORTCONV:
        forward_shortconv(session, layer, in);
        break;
    case LAYER_LATENT:
        forward_latent(session, layer, in);
        break;
    case LAYER_MAMBA:
        forward_mamba(session, layer, in);
        break;
    case LAYER_MAMBA2:
        forward_mamba2(session, layer, in);
        break;
    case LAYER_ATTENTION_MAMBA2:
        forward_attention(session, layer, in);
        op_add(session->scratch.x, session->scratch.out, session->model->hparams.n_embd, session->n_batch, 1.0f);
        forward_mamba2(session, layer, in);
        break;
    case LAYER_DELTA:
        forward_delta(session, layer, in);
        break;
    }
}

static void run_feed(struct qn_session *session, uint32_t layer, const float *in) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    switch (session->model->hparams.layers[layer].ffn) {
    case FFN_DENSE:
        feed_dense(session, &tensors->ffn, in);
        break;
    case FFN_EXPERTS:
        feed_experts(session, &tensors->experts, in);
        break;
    case FFN_SPARSE:
        feed_sparse(session, layer, in);
        break;
    case FFN_NONE:
        break;
    }
}

/* Both halves of a parallel layer take x as it came. */
static void forward_parallel(struct qn_session *session, uint32_t layer) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    const bool same = tensors->ffn_norm.weight == NULL;
    const float *in = norm_input(session, same ? &tensors->attention_norm : &tensors->ffn_norm);
    run_feed(session, layer, in);
    if (!same) {
        in = norm_input(session, &tensors->attention_norm);
    }
    add_half(session, &tensors->ffn_post_norm);
    run_mixer(session, layer, in);
    add_half(session, &tensors->attention_post_norm);
}

/* A layer of several residual streams takes and gives what it predicts of the first. */
static void forward_streams(struct qn_session *session, uint32_t layer) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    altup_predict(session, layer);
    const float *in = norm_input(session, &tensors->attention_norm);
    altup_laurel(session, layer, in);
    run_mixer(session, layer, in);
    add_half(session, &tensors->attention_post_norm);
    altup_join_laurel(session);
    run_feed(session, layer, norm_input(session, &tensors->ffn_norm));
    add_half(session, &tensors->ffn_post_norm);
    altup_correct(session, layer);
}

/* What some models do to x behind a layer. */
static void finish_layer(struct qn_session *session, const struct layer_tensors *tensors, uint32_t layer) {
    const struct scratch *scratch = &session->scratch;
    if (tensors->per_layer.gate.kernels) {
        forward_per_layer(session, layer, scratch->x);
        add_half(session, &tensors->per_layer.norm);
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
    add_half(session, &tensors->attention_post_norm);
    if (session->model->hparams.layers[layer].ffn != FFN_NONE) {
        run_feed(session, layer, norm_input(session, &tensors->ffn_norm));
        add_half(session, &tensors->ffn_post_norm);
    }
    finish_layer(session, tensors, layer);
}

void forward_output(struct qn_session *session, const uint32_t *which, uint32_t count) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct tensors *tensors = &session->model->tensors;
    const size_t width = hparams->n_embd;
    for (uint32_t i = 0; i < count; i++) {
        norm_row(scratch->h + i * width, scratch->x + which[i] * width, &tensors->output_norm, hparams, width);
    }
    const struct product output = {scratch->logits, &tensors->output, tensors->output_bias, false};
    op_multiply(&output, 1, scratch, scratch->h, count);
    const size_t n = (size_t)count * hparams->n_vocab;
    if (hparams->logit_scale != 1.0f) {
        kernels.scale(scratch->logits, hparams->logit_scale, n);
    }
    if (hparams->logit_softcap > 0.0f) {
        kernels.softcap(scratch->logits, hparams->logit_softcap, n);
    }
}
