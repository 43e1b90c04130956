/* engine/state: what a session owns. The session struct, its scratch memory, the KV cache and the recurrent state.
 * Takes a model's hyperparameters and memory from the host; gives layers/ and session/ the places to read and write.
 * It must not know how layers compute or how steps are scheduled: it includes nothing from ops/, layers/ or session/.
 */
#ifndef ENGINE_STATE_SESSION_STATE_H
#define ENGINE_STATE_SESSION_STATE_H

#include "engine/model/model.h"
#include "engine/sampling/sampler.h"
#include "engine/state/kv_cache.h"
#include "engine/state/scratch.h"

enum session_stage { SESSION_IDLE, SESSION_LAYERS, SESSION_OUTPUT };

/* One sequence of tokens. Tokens before `position` are computed, those up to `fed` are queued. */
struct qn_session {
    qn_model *model;
    uint8_t *block; /* owns the arrays below and those of scratch, except logits */
    struct scratch scratch;
    struct kv kv;
    struct sampler sampler;
    int32_t *tokens;        /* (context) */
    uint8_t *wants_logits;  /* (context): 1 for each token whose logits the host asked for */
    uint8_t *recurrent;     /* (recurrent_bytes): see recurrent_state.h */
    size_t recurrent_bytes; /* 0: the model has no recurrent layers */
    uint32_t context;       /* most tokens */
    uint32_t batch;         /* most tokens of a micro-batch */
    uint32_t position;      /* tokens computed */
    uint32_t fed;           /* tokens computed or queued */
    uint32_t recompute_end; /* tokens in [position, recompute_end) were computed before and are computed again, because
                               the recurrent state had to go back further than the host asked */
    enum session_stage stage;
    uint32_t n_batch;        /* tokens of the current micro-batch, starting at position */
    uint32_t next;           /* SESSION_LAYERS: the next layer; SESSION_OUTPUT: the next token of the micro-batch */
    uint32_t logit_capacity; /* rows of scratch.logits */
    uint32_t logit_rows;     /* rows of logits from the last step */
    uint32_t out_of_range;   /* 1: a number of the current micro-batch has overflowed; see scratch_check */
    bool rope_ready;         /* scratch.rope_freqs has been computed */
    bool embeds;             /* queued tokens produce embeddings instead of logits */
    bool normalize;          /* scale embeddings to length 1 */
    int32_t pooling;         /* enum qn_pooling */
    uint32_t embedding_rows; /* rows of embeddings from the last step */
    struct constraint *constraint; /* what the tokens must follow, or null; owned by session/constraint.c */
    struct restoring *restoring;   /* an unfinished restore into this empty session, or null; owned by save.c */
};

/* Tokens that the session holds: see qn_session_position. */
static inline uint32_t session_position(const struct qn_session *session) {
    return session->position < session->recompute_end ? session->recompute_end : session->position;
}

#endif
