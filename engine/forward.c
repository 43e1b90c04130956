/* The forward pass of a micro-batch: embeddings, layers, logits. */
#include "engine/ops.h"
#include "engine/pool.h"
#include "platform/math.h"

/* Cosines and sines for the token at `position`: base 0 as the model's, base 1 for layers with a window. The angles are
 * taken in double and rounded once. */
static void find_angles(const struct scratch *scratch, const struct hparams *hparams, float *angles,
                        uint32_t position) {
    const size_t pairs = hparams->n_rot / 2;
    for (size_t base = 0; base < 2; base++, angles += 2 * pairs) {
        for (size_t i = 0; i < pairs; i++) {
            double sine;
            double cosine;
            math_sincos((double)position * scratch->inverse[base * pairs + i], &sine, &cosine);
            angles[i] = (float)cosine;
            angles[pairs + i] = (float)sine;
        }
    }
}

static void embed_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct weight *embedding = &session->model->tensors.embedding;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const uint32_t position = session->position + (uint32_t)t;
        float *x = scratch->x + t * hparams->n_embd;
        const size_t id = (size_t)session->tokens[position];
        weight_decoder(embedding->type)(x, embedding->data + id * embedding->row_bytes, hparams->n_embd);
        if (hparams->embedding_scale != 1.0f) {
            kernels.scale(x, hparams->embedding_scale, hparams->n_embd);
        }
        find_angles(scratch, hparams, scratch->angles + t * 2 * hparams->n_rot, position);
    }
}

void forward_embed(struct qn_session *session) { pool_run(session->n_batch, embed_tokens, session); }

/* x += h, with the norm that some models put in between. */
static void add_half(struct qn_session *session, const float *post_norm) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    if (post_norm) {
        op_norm(scratch->h, scratch->h, post_norm, hparams->n_embd, session->n_batch, hparams->norm_epsilon);
    }
    op_add(scratch->x, scratch->h, hparams->n_embd, session->n_batch);
}

void forward_layer(struct qn_session *session, uint32_t layer) {
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    forward_attention(session, layer);
    add_half(session, tensors->attention_post_norm);
    forward_feed(session, layer);
    add_half(session, tensors->ff_post_norm);
}

/* x = cap * tanh(x / cap), by way of exp. */
static void cap_logits(float *logits, size_t n, double cap) {
    for (size_t i = 0; i < n; i++) {
        const double e = math_exp(-2.0 * __builtin_fabs((double)logits[i]) / cap);
        const double t = cap * ((1.0 - e) / (1.0 + e));
        logits[i] = (float)(logits[i] < 0.0f ? -t : t);
    }
}

void forward_output(struct qn_session *session, const uint32_t *which, uint32_t count) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct tensors *tensors = &session->model->tensors;
    for (uint32_t i = 0; i < count; i++) {
        kernels.rmsnorm(scratch->h + (size_t)i * hparams->n_embd, scratch->x + (size_t)which[i] * hparams->n_embd,
                        tensors->output_norm, hparams->n_embd, hparams->norm_epsilon);
    }
    const struct product output = {scratch->logits, &tensors->output, NULL};
    op_multiply(&output, 1, scratch, scratch->h, count);
    if (hparams->logit_softcap > 0.0f) {
        cap_logits(scratch->logits, (size_t)count * hparams->n_vocab, (double)hparams->logit_softcap);
    }
}
