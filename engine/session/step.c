/* qn_session_step: one bounded piece of work on the queued tokens. */
#include "engine/layers/forward.h"
#include "engine/layers/rope.h"
#include "engine/session/embedding.h"
#include "engine/session/plan.h"
#include "engine/state/recurrent_state.h"
#include "engine/weights/load_phase.h"
#include "platform/error.h"

/* Bounds the layers of a step. A prompt's step runs about this many tokens times layers, and at least one layer; a
 * single token runs through all layers. */
#define STEP_TOKEN_LAYERS 128u

static int begin_batch(struct qn_session *session) {
    if (!model_has_phase(session->model, PHASE_EMBEDDING)) {
        return QN_WAIT;
    }
    rope_prepare(session);
    const uint32_t queued = session->fed - session->position;
    const uint32_t n = queued < session->batch ? queued : session->batch;
    const int status = kv_grow(&session->kv, session->position + n, &last_error);
    if (status != QN_OK) {
        return status;
    }
    recurrent_state_snapshot(session, n);
    session->n_batch = n;
    session->next = 0;
    session->stage = SESSION_LAYERS;
    session->out_of_range = 0;
    session->scratch.gemv_order = (enum gemv_order)session->model->order;
    forward_embed(session);
    return QN_OK;
}

/* An error if a number of `what` was out of range, after so many layers. */
static int check_range(const struct qn_session *session, const char *what, uint32_t layers) {
    if (session->out_of_range == 0) {
        return QN_OK;
    }
    return error_set(
        &last_error, QN_ERR_NOT_FINITE, QN_NO_OFFSET,
        "the model's %s overflow in layer %u of %u, at positions %u to %u: its weights are damaged, or too "
        "large for their type",
        what, layers, session->model->hparams.n_layer, session->position, session->position + session->n_batch - 1);
}

static int run_layers(struct qn_session *session) {
    const uint32_t n_layer = session->model->hparams.n_layer;
    if (!model_has_phase(session->model, PHASE_LAYER(session->next))) {
        return QN_WAIT;
    }
    uint32_t layers = session->n_batch == 1 ? n_layer : STEP_TOKEN_LAYERS / session->n_batch;
    layers = layers ? layers : 1;
    while (layers-- && session->next < n_layer && model_has_phase(session->model, PHASE_LAYER(session->next))) {
        forward_layer(session, session->next++);
        const int status = check_range(session, "activations", session->next);
        if (status != QN_OK) {
            return status;
        }
    }
    if (session->next == n_layer) {
        session->stage = SESSION_OUTPUT;
        session->next = 0;
    }
    return QN_OK;
}

static void end_batch(struct qn_session *session) {
    session->position += session->n_batch;
    recurrent_state_advance(session);
    session->stage = SESSION_IDLE;
}

/* Embeddings, or the logits of the next tokens that want them: as many rows as have been reserved. */
static int run_output(struct qn_session *session) {
    if (!model_has_phase(session->model, PHASE_OUTPUT(&session->model->hparams))) {
        return QN_WAIT;
    }
    const uint32_t n_layer = session->model->hparams.n_layer;
    if (session->embeds) {
        const uint32_t rows = embedding_output(session);
        const int status = check_range(session, "embeddings", n_layer);
        if (status == QN_OK) {
            session->embedding_rows = rows;
            end_batch(session);
        }
        return status;
    }
    uint32_t tokens[LOGIT_ROWS];
    uint32_t count = 0;
    while (session->next < session->n_batch) {
        if (session->wants_logits[session->position + session->next]) {
            if (count == session->logit_capacity) {
                break;
            }
            tokens[count++] = session->next;
        }
        session->next++;
    }
    if (count) {
        forward_output(session, tokens, count);
        const int status = check_range(session, "logits", n_layer);
        if (status != QN_OK) {
            return status;
        }
    }
    session->logit_rows = count;
    if (session->next == session->n_batch) {
        end_batch(session);
    }
    return QN_OK;
}

int32_t qn_session_step(qn_session *session) {
    if (session->model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model failed to load");
    }
    if (session->stage == SESSION_IDLE && session->position == session->fed) {
        return QN_OK;
    }
    session->logit_rows = 0;
    session->embedding_rows = 0;
    int status = session->stage == SESSION_IDLE ? begin_batch(session) : QN_OK;
    if (status == QN_OK && session->stage == SESSION_LAYERS) {
        status = run_layers(session);
    }
    if (status == QN_OK && session->stage == SESSION_OUTPUT) {
        status = run_output(session);
    }
    if (status == QN_ERR_NOT_FINITE) { /* drop the queue, and what this micro-batch changed */
        qn_session_rewind(session, session->position);
    }
    if (status != QN_OK) {
        return status;
    }
    return session->stage == SESSION_IDLE && session->position == session->fed ? QN_OK : QN_MORE;
}
