/* The token queue: feed, rewind, and what a session must reset when its tokens change. */
#include "engine/session/queue.h"

#include "engine/session/constraint.h"
#include "engine/session/plan.h"
#include "engine/state/recurrent_state.h"
#include "platform/error.h"

int session_reserve_logits(struct qn_session *session, uint32_t rows) {
    if (rows <= session->logit_capacity) {
        return QN_OK;
    }
    const uint64_t bytes = (uint64_t)rows * session->model->hparams.n_vocab * sizeof(float);
    float *logits = bytes <= SIZE_MAX ? block_take((size_t)bytes) : NULL;
    if (logits == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "the host refused %llu bytes for %u rows of logits",
                         (unsigned long long)bytes, rows);
    }
    block_give(session->scratch.logits);
    session->scratch.logits = logits;
    session->logit_capacity = rows;
    session->logit_rows = 0;
    return QN_OK;
}

int session_check_ids(const struct qn_session *session, uint32_t taken, const int32_t *ids, size_t count) {
    if (count > session->context - taken) {
        return error_set(&last_error, QN_ERR_CONTEXT, QN_NO_OFFSET,
                         "%zu tokens do not fit: %u of the context's %u are taken", count, taken, session->context);
    }
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= session->model->hparams.n_vocab) {
            return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "token %d is not in the vocabulary of %u",
                             ids[i], session->model->hparams.n_vocab);
        }
    }
    return QN_OK;
}

int session_queue(struct qn_session *session, const int32_t *ids, size_t count, uint32_t logits) {
    int status = session_check_ids(session, session->fed, ids, count);
    if (status != QN_OK) {
        return status;
    }
    session_cancel_restore(session);
    const uint32_t most = session->batch < LOGIT_ROWS ? session->batch : LOGIT_ROWS;
    status = logits == QN_LOGITS_NONE ? QN_OK : session_reserve_logits(session, logits == QN_LOGITS_ALL ? most : 1);
    if (status != QN_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        session->tokens[session->fed] = ids[i];
        session->wants_logits[session->fed] = logits == QN_LOGITS_ALL || (logits == QN_LOGITS_LAST && i + 1 == count);
        session->fed++;
    }
    return QN_OK;
}

int32_t qn_session_feed(qn_session *session, const int32_t *ids, size_t count, uint32_t logits) {
    if (qn_model_is_encoder(session->model)) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "this %s model reads a whole text at once and writes no text: ask for an embedding instead "
                         "(qn_session_embed)",
                         session->model->hparams.architecture->name);
    }
    const int status = session_queue(session, ids, count, logits);
    session->embeds = session->embeds && status != QN_OK;
    return status;
}

uint32_t qn_session_position(const qn_session *session) { return session_position(session); }

uint32_t qn_session_to_recompute(const qn_session *session) { return qn_session_position(session) - session->position; }

void session_resume(struct qn_session *session, uint32_t position, uint32_t tokens) {
    constraint_rewind(session, tokens);
    session->position = position;
    session->recompute_end = tokens;
    session->fed = tokens;
    session->stage = SESSION_IDLE;
    session->embeds = false;
    session->logit_rows = 0;
    session->embedding_rows = 0;
    memset(session->wants_logits + position, 0, tokens - position);
}

int32_t qn_session_rewind(qn_session *session, uint32_t position) {
    const uint32_t computed = qn_session_position(session);
    if (position > computed) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "cannot rewind to position %u: %u tokens are computed", position, computed);
    }
    session_resume(session, recurrent_state_rewind(session, position), position);
    return QN_OK;
}

void session_cancel_restore(struct qn_session *session) {
    if (session->restoring && session->position == 0) {
        recurrent_state_clear(session); /* a part of it may have been restored */
    }
    block_give(session->restoring);
    session->restoring = NULL;
}
