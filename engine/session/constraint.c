/* Constraints of sessions: reading tokens, masks, going back, copies. */
#include "engine/session/constraint.h"

#include "engine/session/forced.h"
#include "platform/error.h"

/* ---- reading ---- */

/* Reads one token. False if the grammar does not allow it. */
static bool read_token(const struct qn_session *session, struct constraint *constraint, int32_t id) {
    uint8_t bytes[MAX_TOKEN_BYTES];
    if (constraint->ended) {
        return false;
    }
    if (matcher_token(&constraint->matcher, id, bytes, model_token_bytes(session->model, id, bytes))) {
        return true;
    }
    constraint->ended = vocabulary_is_end(session->model->vocabulary, id) && matcher_complete(&constraint->matcher);
    return constraint->ended;
}

/* The error of a matcher that has failed. */
static int failed(const struct constraint *constraint) {
    const struct grammar *grammar = constraint->grammar->grammar;
    last_error = grammar->box.failed ? grammar->error : constraint->error;
    return last_error.code;
}

/* Forgets the run if the token that was read is not the run's. */
static void check_run(struct constraint *constraint, uint32_t at, int32_t id) {
    const uint32_t i = at - constraint->run_start;
    if (at < constraint->run_start || i >= constraint->n_run || constraint->run[i] != id) {
        constraint->n_run = 0;
    }
}

int constraint_follow(struct qn_session *session) {
    struct constraint *constraint = session->constraint;
    const uint32_t position = session_position(session);
    while (constraint->trouble == CONSTRAINT_FOLLOWS && constraint->start + constraint->read < position) {
        const uint32_t at = constraint->start + constraint->read;
        const int32_t id = session->tokens[at];
        if (!read_token(session, constraint, id)) {
            constraint->trouble = CONSTRAINT_LEFT;
            break;
        }
        check_run(constraint, at, id);
        constraint->read++;
    }
    if (matcher_failed(&constraint->matcher)) {
        return failed(constraint);
    }
    switch (constraint->trouble) {
    case CONSTRAINT_FOLLOWS:
        return QN_OK;
    case CONSTRAINT_LOST:
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "the session went back to before the text that follows the grammar: call "
                         "qn_session_constrain again");
    default:
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "token %d at position %u does not follow the grammar: rewind the session, or call "
                         "qn_session_constrain",
                         session->tokens[constraint->start + constraint->read], constraint->start + constraint->read);
    }
}

/* ---- what comes next ---- */

const uint32_t *constraint_mask(struct qn_session *session) {
    struct constraint *constraint = session->constraint;
    const struct vocabulary *vocabulary = session->model->vocabulary;
    if (constraint_follow(session) != QN_OK || grammar_start_masks(constraint->grammar) != QN_OK) {
        return NULL;
    }
    struct mask_maker *maker = &constraint->grammar->maker;
    memset(constraint->mask, 0, maker->words * sizeof(uint32_t));
    if (!constraint->ended && !mask_make(maker, &constraint->matcher, constraint->mask)) {
        if (matcher_failed(&constraint->matcher)) {
            failed(constraint);
        }
        return NULL;
    }
    for (uint32_t i = 0; i < vocabulary->n_ends && matcher_complete(&constraint->matcher); i++) {
        constraint->mask[vocabulary->ends[i] / 32] |= 1u << vocabulary->ends[i] % 32;
    }
    for (uint32_t i = 0; i < maker->words; i++) {
        if (constraint->mask[i]) {
            return constraint->mask;
        }
    }
    error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
              "the model's vocabulary has no token that continues or ends the text as the grammar demands");
    return NULL;
}

int constraint_forced(struct qn_session *session, const int32_t **ids, uint32_t *count) {
    struct constraint *constraint = session->constraint;
    const uint32_t position = session_position(session);
    *count = 0;
    int status = constraint_follow(session);
    if (status != QN_OK || constraint->ended) {
        return status;
    }
    if (constraint->n_run == 0 || position < constraint->run_start ||
        position >= constraint->run_start + constraint->n_run) {
        constraint->n_run = 0;
        constraint->run_start = position;
        status = grammar_start_masks(constraint->grammar);
        status = status == QN_OK ? forced_find(session, constraint) : status;
    }
    if (status == QN_OK && matcher_failed(&constraint->matcher)) {
        return failed(constraint);
    }
    *ids = constraint->run + (position - constraint->run_start);
    *count = status == QN_OK && constraint->n_run ? constraint->n_run - (position - constraint->run_start) : 0;
    return status;
}

/* ---- going back ---- */

void constraint_rewind(struct qn_session *session, uint32_t tokens) {
    struct constraint *constraint = session->constraint;
    if (constraint == NULL || tokens >= constraint->start + constraint->read) {
        if (constraint && constraint->trouble == CONSTRAINT_LEFT && tokens <= constraint->start + constraint->read) {
            constraint->trouble = CONSTRAINT_FOLLOWS; /* the token that left the text is gone */
        }
        return;
    }
    if (tokens < constraint->start) {
        constraint_lose(session);
        return;
    }
    size_t position = constraint->start_position;
    for (uint32_t i = constraint->start; i < tokens; i++) {
        uint8_t bytes[MAX_TOKEN_BYTES];
        const size_t count = model_token_bytes(session->model, session->tokens[i], bytes);
        position += count ? count : 1;
    }
    matcher_rewind(&constraint->matcher, position);
    constraint->read = tokens - constraint->start;
    constraint->ended = false;
    constraint->n_run = tokens < constraint->run_start ? 0 : constraint->n_run;
    if (constraint->trouble == CONSTRAINT_LEFT) {
        constraint->trouble = CONSTRAINT_FOLLOWS;
    }
}

void constraint_lose(struct qn_session *session) {
    if (session->constraint) {
        session->constraint->trouble = CONSTRAINT_LOST;
    }
}

/* ---- life ---- */

static struct constraint *take(const struct qn_session *session) {
    const size_t words = (vocabulary_size(session->model->vocabulary) + 31) / 32;
    struct constraint *constraint = block_take(sizeof(*constraint) + words * sizeof(uint32_t));
    if (constraint == NULL) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory to constrain a session");
        return NULL;
    }
    memset(constraint, 0, sizeof(*constraint));
    constraint->mask = (uint32_t *)(constraint + 1);
    return constraint;
}

static void give(struct constraint *constraint) {
    if (constraint) {
        matcher_free(&constraint->matcher);
        grammar_release(constraint->grammar);
        block_give(constraint);
    }
}

void constraint_free(struct qn_session *session) {
    give(session->constraint);
    session->constraint = NULL;
}

int constraint_copy(struct qn_session *session, const struct qn_session *from) {
    const struct constraint *other = from->constraint;
    constraint_free(session);
    if (other == NULL) {
        return QN_OK;
    }
    struct constraint *copy = take(session);
    if (copy == NULL) {
        return last_error.code;
    }
    uint32_t *mask = copy->mask;
    *copy = *other;
    copy->mask = mask;
    copy->grammar->users++;
    if (matcher_copy(&copy->matcher, &other->matcher, &last_error) != QN_OK) {
        give(copy);
        return last_error.code;
    }
    copy->matcher.box.error = &copy->error;
    session->constraint = copy;
    return QN_OK;
}

/* Reads the tokens of the text so far. */
static int read_start(const struct qn_session *session, struct constraint *constraint, const int32_t *ids,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || (size_t)ids[i] >= vocabulary_size(session->model->vocabulary)) {
            return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "token %d is not in the vocabulary", ids[i]);
        }
        if (!read_token(session, constraint, ids[i])) {
            return matcher_failed(&constraint->matcher)
                       ? failed(constraint)
                       : error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                                   "token %zu of the text, %d, does not follow the grammar", i, ids[i]);
        }
    }
    constraint->start_position = matcher_position(&constraint->matcher);
    return QN_OK;
}

int32_t qn_session_constrain(qn_session *session, qn_grammar *grammar, const int32_t *ids, size_t count) {
    if (grammar == NULL) {
        constraint_free(session);
        return QN_OK;
    }
    if (grammar->model != session->model) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "the grammar was made for another model, or none");
    }
    if (!grammar->grammar->accepts_any) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "the grammar accepts no text");
    }
    struct constraint *constraint = take(session);
    if (constraint == NULL) {
        return last_error.code;
    }
    constraint->grammar = grammar;
    grammar->users++;
    constraint->start = session->fed;
    int status = matcher_start(&constraint->matcher, &grammar->grammar->rules, MATCHER_MEMORY, &last_error);
    if (status == QN_OK) {
        constraint->matcher.box.error = &constraint->error;
        status = matcher_failed(&constraint->matcher) ? failed(constraint) : QN_OK;
    }
    status = status == QN_OK ? read_start(session, constraint, ids, count) : status;
    if (status != QN_OK) {
        give(constraint);
        return status;
    }
    give(session->constraint);
    session->constraint = constraint;
    return QN_OK;
}

int32_t qn_session_constraint(qn_session *session) {
    const struct constraint *constraint = session->constraint;
    if (constraint == NULL) {
        return 0;
    }
    const int status = constraint_follow(session);
    if (status != QN_OK) {
        return status;
    }
    const struct matcher *matcher = &constraint->matcher;
    const bool complete = matcher_complete(matcher);
    const bool last = constraint->ended || (complete && matcher->n_items == matcher_items(matcher));
    return QN_CONSTRAINED | (complete ? QN_COMPLETE : 0) | (last ? QN_FINISHED : 0);
}

int64_t qn_session_forced(qn_session *session, int32_t *ids, size_t capacity) {
    const int32_t *run = NULL;
    uint32_t count = 0;
    const int status = session->constraint ? constraint_forced(session, &run, &count) : QN_OK;
    if (status != QN_OK) {
        return status;
    }
    if (count) {
        memcpy(ids, run, (count < capacity ? count : capacity) * sizeof(*ids));
    }
    return count;
}

int64_t qn_session_mask(qn_session *session, uint32_t *words, size_t capacity) {
    if (session->constraint == NULL) {
        return 0;
    }
    const uint32_t *mask = constraint_mask(session);
    const size_t count = session->constraint->grammar->maker.words;
    if (mask == NULL) {
        return last_error.code;
    }
    memcpy(words, mask, (count < capacity ? count : capacity) * sizeof(*words));
    return (int64_t)count;
}
