/* Embeddings: the last layer's output, normalized and pooled over the tokens of an input. */
#include "engine/session/embedding.h"

#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/session/queue.h"
#include "platform/error.h"

#define POOLING_RANK 4 /* as GGUF counts: rerankers, whose classifier gives a score */

static int check_pooling(const struct qn_session *session, int32_t pooling) {
    const char *name = session->model->hparams.architecture->name;
    switch (pooling) {
    case QN_POOLING_NONE:
    case QN_POOLING_MEAN:
    case QN_POOLING_CLS:
    case QN_POOLING_LAST:
        return QN_OK;
    case QN_POOLING_MODEL:
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "the model's file does not name a pooling (it has no %s.pooling_type): choose mean, cls, "
                         "last or none",
                         name);
    case POOLING_RANK:
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "%s.pooling_type is %d: a reranking model, which this build does not run; choose mean, cls, "
                         "last or none to get its embeddings",
                         name, pooling);
    default:
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "there is no pooling %d", pooling);
    }
}

int32_t qn_session_embed(qn_session *session, const int32_t *ids, size_t count, int32_t pooling, uint32_t normalize) {
    const int32_t chosen = pooling == QN_POOLING_MODEL ? session->model->hparams.pooling : pooling;
    int status = check_pooling(session, chosen);
    if (status == QN_OK && count == 0) {
        status = error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "an embedding needs at least one token");
    }
    if (status == QN_OK) {
        status = session_check_ids(session, 0, ids, count);
    }
    if (status == QN_OK) {
        qn_session_rewind(session, 0);
        status = session_queue(session, ids, count, QN_LOGITS_NONE);
    }
    if (status == QN_OK) {
        session->embeds = true;
        session->normalize = normalize != 0;
        session->pooling = chosen;
        memset(session->scratch.pooled, 0, session->model->hparams.n_embd * sizeof(float));
    }
    return status;
}

/* Scales x (n) to length 1, unless it is zero. */
static void normalize_length(float *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    if (sum > 0.0) {
        kernels.scale(x, (float)(1.0 / __builtin_sqrt(sum)), n);
    }
}

/* Applies the dense layers that some models have after pooling, then the normalization, and
 * checks the result. x: (n_embd) */
static void finish(struct qn_session *session, float *x) {
    const struct tensors *tensors = &session->model->tensors;
    const size_t width = session->model->hparams.n_embd;
    if (tensors->dense_in.kernels) {
        float *inner = session->scratch.pooled + width; /* (n_dense) */
        const struct product in = {.out = inner, .w = &tensors->dense_in};
        const struct product out = {.out = x, .w = &tensors->dense_out};
        op_matmul(&in, 1, &session->scratch, x, 1);
        op_matmul(&out, 1, &session->scratch, inner, 1);
    }
    if (session->normalize) {
        normalize_length(x, width);
    }
    scratch_check(&session->scratch, x, width, NOT_FINITE);
}

/* Adds n normalized rows of h to the pooled embedding. */
static void pool_rows(struct qn_session *session, uint32_t n) {
    const struct scratch *scratch = &session->scratch;
    const size_t width = session->model->hparams.n_embd;
    const bool first = session->position == 0;
    const bool last = session->position + n == session->fed;
    switch (session->pooling) {
    case QN_POOLING_MEAN:
        for (uint32_t t = 0; t < n; t++) { /* token by token, so that the sum does not depend on the batch */
            kernels.add(scratch->pooled, scratch->pooled, scratch->h + t * width, width);
        }
        if (last) {
            kernels.scale(scratch->pooled, 1.0f / (float)session->fed, width);
        }
        break;
    case QN_POOLING_CLS:
        if (first) {
            memcpy(scratch->pooled, scratch->h, width * sizeof(float));
        }
        break;
    default: /* QN_POOLING_LAST: check_pooling admits no other */
        if (last) {
            memcpy(scratch->pooled, scratch->h + (n - 1) * width, width * sizeof(float));
        }
        break;
    }
}

uint32_t embedding_output(struct qn_session *session) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct norm *norm = &session->model->tensors.output_norm;
    const size_t width = hparams->n_embd;
    const uint32_t n = session->n_batch;
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
    pool_rows(session, n);
    if (session->position + n < session->fed) {
        return 0;
    }
    finish(session, scratch->pooled);
    return 1;
}

const float *qn_session_embedding(const qn_session *session, uint32_t row) {
    const bool pooled = session->pooling != QN_POOLING_NONE;
    const float *rows = pooled ? session->scratch.pooled : session->scratch.h;
    return row < session->embedding_rows ? rows + (size_t)row * session->model->hparams.n_embd : NULL;
}
