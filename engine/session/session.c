/* The life of a session, its results and its sampler. */
#include "engine/session/session.h"

#include "engine/layers/rope.h"
#include "engine/session/constraint.h"
#include "engine/session/plan.h"
#include "engine/session/queue.h"
#include "platform/error.h"

/* The session's record and its block. */
static struct qn_session *take_blocks(const struct qn_session *shape) {
    struct qn_session sizes = *shape;
    const uint64_t bytes = plan_layout(&sizes, NULL);
    struct qn_session *session = block_take(sizeof(*session));
    uint8_t *block = session && bytes <= SIZE_MAX ? block_take((size_t)bytes) : NULL;
    if (block == NULL) {
        block_give(session);
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                  "the host refused %llu bytes for a session with a context of %u tokens and a batch of %u",
                  (unsigned long long)bytes, shape->context, shape->batch);
        return NULL;
    }
    *session = *shape;
    memset(block, 0, (size_t)bytes);
    plan_layout(session, block);
    session->scratch.out_of_range = &session->out_of_range;
    return session;
}

qn_session *session_new(qn_model *model, uint32_t context, uint32_t batch, uint32_t cache) {
    if (model->stage != STAGE_TENSORS && model->stage != STAGE_READY) {
        error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "a session needs a model that has been placed");
        return NULL;
    }
    if (plan_sizes(model, &context, &batch) != QN_OK) {
        return NULL;
    }
    const uint64_t page_bytes = kv_page_bytes(&model->hparams, cache);
    if (page_bytes > SIZE_MAX) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                  "a page of the KV cache takes %llu bytes, more than a 32-bit module can address",
                  (unsigned long long)page_bytes);
        return NULL;
    }
    const struct qn_session shape = {.model = model, .context = context, .batch = batch, .kv.format = cache};
    struct qn_session *session = take_blocks(&shape);
    if (session) {
        sampler_init(&session->sampler, session->sampler.candidates, session->sampler.recent);
        kv_init(&session->kv, &model->hparams, kv_pages_for(context));
        rope_prepare(session);
    }
    return session;
}

qn_session *qn_session_new(qn_model *model, uint32_t context, uint32_t batch) {
    return session_new(model, context, batch, model->cache);
}

void qn_session_free(qn_session *session) {
    if (session == NULL) {
        return;
    }
    session_cancel_restore(session);
    constraint_free(session);
    kv_free(&session->kv);
    sampler_free(&session->sampler);
    block_give(session->scratch.logits);
    block_give(session->block);
    block_give(session);
}

uint32_t qn_session_layers(const qn_session *session) {
    switch (session->stage) {
    case SESSION_IDLE:
        break;
    case SESSION_LAYERS:
        return session->next;
    case SESSION_OUTPUT:
        return session->model->hparams.n_layer;
    }
    return 0;
}

uint32_t qn_session_rows(const qn_session *session) {
    return session->embedding_rows ? session->embedding_rows : session->logit_rows;
}

const float *qn_session_logits(const qn_session *session, uint32_t row) {
    return row < session->logit_rows ? session->scratch.logits + (size_t)row * session->model->hparams.n_vocab : NULL;
}

int32_t qn_session_sampling(qn_session *session, const struct qn_sampling *sampling, const struct qn_bias *biases,
                            size_t count) {
    return sampler_set(&session->sampler, sampling, biases, count, session->model->hparams.n_vocab, &last_error);
}

int32_t qn_session_sample(qn_session *session) {
    if (session->logit_rows == 0) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "no logits to sample from: feed with QN_LOGITS_LAST and step until QN_OK");
    }
    const float *logits = qn_session_logits(session, session->logit_rows - 1);
    const uint32_t *mask = NULL;
    if (session->constraint) {
        const int32_t *run = NULL;
        uint32_t forced = 0;
        const int status = constraint_forced(session, &run, &forced);
        if (status != QN_OK || forced) {
            return status != QN_OK ? status : run[0];
        }
        mask = constraint_mask(session);
        if (mask == NULL) {
            return last_error.code;
        }
    }
    return sampler_draw(&session->sampler, logits, session->model->hparams.n_vocab, mask, session->tokens,
                        session->position);
}
