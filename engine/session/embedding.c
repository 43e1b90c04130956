/* Embeddings: what the last layer gives, normed, pooled over the tokens of an input. */
#include "engine/ops/ops.h"
#include "platform/error.h"

#define POOLING_RANK 4 /* of rerankers: a score, made by a classifier */

static int check_pooling(const struct qn_session *session, int32_t pooling) {
    const char *name = session->model->hparams.architecture->name;
    if (pooling == QN_POOLING_MODEL) {
        return error_set(
            &last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
            "the model's file does not say how it is pooled (it has no %s.pooling_type): choose mean, cls, "
            "last or none",
            name);
    }
    if (pooling == POOLING_RANK) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "%s.pooling_type is %d: a model that ranks, which this build does not run; choose mean, cls, "
                         "last or none for its embeddings",
                         name, pooling);
    }
    return pooling >= QN_POOLING_NONE && pooling <= QN_POOLING_LAST
               ? QN_OK
               : error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "there is no pooling %d", pooling);
}

int32_t qn_session_embed(qn_session *session, const int32_t *ids, size_t count, int32_t pooling, uint32_t normalize) {
    const int32_t chosen = pooling == QN_POOLING_MODEL ? session->model->hparams.pooling : pooling;
    int status = check_pooling(session, chosen);
    if (status == QN_OK && count == 0) {
        status = error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "an embedding is of one token at least");
    }
    if (status == QN_OK) {
        status = qn_session_rewind(session, 0);
    }
    if (status == QN_OK) {
        status = session_queue(session, ids, count, QN_LOGITS_NONE);
    }
    if (status == QN_OK) {
        session->embeds = true;
        session->normalized = normalize != 0;
        session->pooling = chosen;
        memset(session->scratch.pooled, 0, session->model->hparams.n_embd * sizeof(float));
    }
    return status;
}

/* x (n_embd): to the length 1, if it has any. */
static void normalize(float *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    if (sum > 0.0) {
        kernels.scale(x, (float)(1.0 / __builtin_sqrt(sum)), n);
    }
}

/* The model's last matrices, without anything between them, and the length. x (n_embd) */
static void finish(struct qn_session *session, float *x) {
    const struct tensors *tensors = &session->model->tensors;
    const size_t width = session->model->hparams.n_embd;
    if (tensors->dense_in.kernels) {
        float *between = session->scratch.pooled + width; /* (n_dense) */
        const struct product in = {between, &tensors->dense_in, NULL, false};
        const struct product out = {x, &tensors->dense_out, NULL, false};
        op_multiply(&in, 1, &session->scratch, x, 1);
        op_multiply(&out, 1, &session->scratch, between, 1);
    }
    if (session->normalized) {
        normalize(x, width);
    }
}

uint32_t embed_output(struct qn_session *session) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct norm *norm = &session->model->tensors.output_norm;
    const size_t width = hparams->n_embd;
    const uint32_t n = session->n_batch;
    const bool first = session->position == 0;
    const bool last = session->position + n == session->fed;
    if (norm->weight) {
        op_norm(scratch->h, scratch->x, norm, hparams, hparams->n_embd, n);
    } else {
        memcpy(scratch->h, scratch->x, n * width * sizeof(float));
    }
    if (session->pooling == QN_POOLING_NONE) {
        for (uint32_t t = 0; t < n; t++) {
            finish(session, scratch->h + t * width);
        }
        return n;
    }
    if (session->pooling == QN_POOLING_MEAN) {
        for (uint32_t t = 0; t < n; t++) { /* in the order of the tokens, whatever the batches are */
            kernels.add(scratch->pooled, scratch->pooled, scratch->h + t * width, width);
        }
    } else if (session->pooling == QN_POOLING_CLS ? first : last) {
        const uint32_t token = session->pooling == QN_POOLING_CLS ? 0 : n - 1;
        memcpy(scratch->pooled, scratch->h + token * width, width * sizeof(float));
    }
    if (last && session->pooling == QN_POOLING_MEAN) {
        kernels.scale(scratch->pooled, 1.0f / (float)session->fed, width);
    }
    if (last) {
        finish(session, scratch->pooled);
    }
    return last ? 1 : 0;
}

const float *qn_session_embedding(const qn_session *session, uint32_t row) {
    const bool one = session->pooling != QN_POOLING_NONE;
    const float *rows = one ? session->scratch.pooled : session->scratch.h;
    return row < session->embeddings ? rows + (size_t)row * session->model->hparams.n_embd : NULL;
}
