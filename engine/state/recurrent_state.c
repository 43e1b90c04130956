/* Recurrent state and its snapshots, see recurrent_state.h. */
#include "engine/state/recurrent_state.h"

enum copy { LIVE, PROMPT_START, PROMPT_LATEST, COPIES };

/* At the start of the block. */
struct token_counts {
    uint32_t tokens[16]; /* by enum copy: the tokens that each copy has seen; 0: it holds nothing */
};

uint64_t recurrent_state_bytes(const struct hparams *hparams) {
    const uint64_t floats = hparams->recurrent.state_floats;
    return floats ? sizeof(struct token_counts) + COPIES * floats * sizeof(float) : 0;
}

static struct token_counts *counts_of(const struct qn_session *session) {
    return (struct token_counts *)(void *)session->recurrent;
}

static float *floats_of(const struct qn_session *session, enum copy copy) {
    float *floats = (float *)(void *)(session->recurrent + sizeof(struct token_counts));
    return floats + copy * (size_t)session->model->hparams.recurrent.state_floats;
}

static void copy_state(struct qn_session *session, enum copy to, enum copy from) {
    const size_t floats = (size_t)session->model->hparams.recurrent.state_floats;
    memcpy(floats_of(session, to), floats_of(session, from), floats * sizeof(float));
    counts_of(session)->tokens[to] = counts_of(session)->tokens[from];
}

float *recurrent_state_of_layer(const struct qn_session *session, uint32_t layer) {
    return floats_of(session, LIVE) + session->model->hparams.layers[layer].state_offset;
}

void recurrent_state_clear(struct qn_session *session) {
    if (session->recurrent_bytes) {
        memset(session->recurrent, 0, session->recurrent_bytes);
    }
}

/* A snapshot at the end of a prompt spares at least this many tokens that a rewind would compute again. */
#define SHORT_BATCH 32

void recurrent_state_snapshot(struct qn_session *session, uint32_t n) {
    const bool prompt = n > 1;
    const bool after_prompt = session->n_batch > 1; /* the previous micro-batch belonged to a prompt */
    if (session->recurrent_bytes == 0 || session->position == 0 || !(prompt || after_prompt)) {
        return;
    }
    if (!after_prompt) {
        copy_state(session, PROMPT_START, LIVE);
    } else if (prompt || session->n_batch >= SHORT_BATCH || counts_of(session)->tokens[PROMPT_LATEST] == 0) {
        copy_state(session, PROMPT_LATEST, LIVE);
    }
}

void recurrent_state_advance(struct qn_session *session) {
    if (session->recurrent_bytes) {
        counts_of(session)->tokens[LIVE] = session->position;
    }
}

uint32_t recurrent_state_rewind(struct qn_session *session, uint32_t position) {
    if (session->recurrent_bytes == 0) {
        return position;
    }
    struct token_counts *counts = counts_of(session);
    enum copy best = LIVE;
    /* Within a micro-batch some layers have advanced and others have not: the live state is unusable. */
    if (session->stage != SESSION_IDLE || counts->tokens[LIVE] > position) {
        counts->tokens[LIVE] = 0;
    }
    for (enum copy i = PROMPT_START; i < COPIES; i++) {
        counts->tokens[i] = counts->tokens[i] > position ? 0 : counts->tokens[i];
        best = counts->tokens[i] > counts->tokens[best] ? i : best;
    }
    if (counts->tokens[best] == 0) {
        recurrent_state_clear(session);
    } else if (best != LIVE) {
        copy_state(session, LIVE, best);
    }
    return counts->tokens[LIVE];
}

uint32_t recurrent_state_restored(const struct qn_session *session, uint32_t tokens) {
    if (session->recurrent_bytes == 0) {
        return tokens;
    }
    const struct token_counts *counts = counts_of(session);
    for (enum copy i = PROMPT_START; i < COPIES; i++) {
        if (counts->tokens[i] > counts->tokens[LIVE]) {
            return UINT32_MAX;
        }
    }
    return counts->tokens[LIVE];
}
