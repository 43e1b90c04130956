#include "engine/state/recurrent.h"

enum state_copy { LIVE, PROMPT_START, PROMPT_LATEST, STATES };

struct state_marks {
    uint32_t tokens[16]; /* that each state has seen; 0: no copy */
};

uint64_t state_block_bytes(const struct hparams *hparams) {
    const uint64_t floats = hparams->recurrent.state_floats;
    return floats ? sizeof(struct state_marks) + STATES * floats * sizeof(float) : 0;
}

static struct state_marks *marks_of(const struct qn_session *session) {
    return (struct state_marks *)(void *)session->state;
}

static float *state_at(const struct qn_session *session, enum state_copy copy) {
    float *floats = (float *)(void *)(session->state + sizeof(struct state_marks));
    return floats + copy * (size_t)session->model->hparams.recurrent.state_floats;
}

static void copy_state(struct qn_session *session, enum state_copy to, enum state_copy from) {
    const size_t floats = (size_t)session->model->hparams.recurrent.state_floats;
    memcpy(state_at(session, to), state_at(session, from), floats * sizeof(float));
    marks_of(session)->tokens[to] = marks_of(session)->tokens[from];
}

float *state_of(const struct qn_session *session, uint32_t layer) {
    return state_at(session, LIVE) + session->model->hparams.layers[layer].state_offset;
}

void state_clear(struct qn_session *session) {
    if (session->state_bytes) {
        memset(session->state, 0, session->state_bytes);
    }
}

void state_keep(struct qn_session *session, uint32_t n) {
    const bool prompt = n > 1;
    const bool after = session->n_batch > 1; /* the micro-batch before was of a prompt */
    if (session->state_bytes && session->position && (prompt || after)) {
        copy_state(session, after ? PROMPT_LATEST : PROMPT_START, LIVE);
    }
}

void state_advance(struct qn_session *session) {
    if (session->state_bytes) {
        marks_of(session)->tokens[LIVE] = session->position;
    }
}

uint32_t state_rewind(struct qn_session *session, uint32_t position) {
    if (session->state_bytes == 0) {
        return position;
    }
    struct state_marks *marks = marks_of(session);
    enum state_copy best = LIVE;
    if (session->stage != SESSION_IDLE || marks->tokens[LIVE] > position) { /* within a micro-batch it is of no use */
        marks->tokens[LIVE] = 0;
    }
    for (enum state_copy i = PROMPT_START; i < STATES; i++) {
        marks->tokens[i] = marks->tokens[i] > position ? 0 : marks->tokens[i];
        best = marks->tokens[i] > marks->tokens[best] ? i : best;
    }
    if (marks->tokens[best] == 0) {
        state_clear(session);
    } else if (best != LIVE) {
        copy_state(session, LIVE, best);
    }
    return marks->tokens[LIVE];
}

uint32_t state_restored(const struct qn_session *session, uint32_t tokens) {
    if (session->state_bytes == 0) {
        return tokens;
    }
    const struct state_marks *marks = marks_of(session);
    for (enum state_copy i = PROMPT_START; i < STATES; i++) {
        if (marks->tokens[i] > marks->tokens[LIVE]) {
            return UINT32_MAX;
        }
    }
    return marks->tokens[LIVE];
}
