/* A session whose tokens follow a grammar. The grammar reads tokens when the host asks something about what comes next.
 *
 * Forced runs. Where the grammar leaves only one way to go on, the tokens are those that the tokenizer makes of the
 * text with what comes before it. A run is found once and remembered until its tokens have been fed, so that they are
 * the same whether the host feeds them together or one at a time. It ends before the first byte at which a token could
 * begin that goes on past the forced text: there the model chooses. */
#ifndef ENGINE_SESSION_CONSTRAINT_H
#define ENGINE_SESSION_CONSTRAINT_H

#include "engine/model/model_grammar.h"
#include "engine/state/session_state.h"

#define RUN_TOKENS 256u /* of a forced run, at most */

enum constraint_trouble {
    CONSTRAINT_FOLLOWS,
    CONSTRAINT_LEFT, /* a token was fed that the grammar does not allow */
    CONSTRAINT_LOST  /* the session went back to before the text */
};

struct constraint {
    qn_grammar *grammar;
    struct matcher matcher;
    struct qn_error error; /* of the matcher */
    enum constraint_trouble trouble;
    bool ended;              /* a token that ends generation has been read */
    uint32_t start;          /* the session's first token that belongs to the text */
    uint32_t read;           /* tokens of the session that have been read, from there on */
    size_t start_position;   /* of the matcher, before these */
    uint32_t run_start;      /* the session's token that run[0] is to be */
    uint32_t n_run;          /* 0: no run is known */
    int32_t run[RUN_TOKENS]; /* (n_run) */
    uint32_t *mask;          /* (words of the vocabulary), in the same block */
};

/* Reads the tokens that were fed since. Errors: QN_ERR_STATE if they left the text; those of the grammar. */
int constraint_follow(struct qn_session *session);
/* The mask of the tokens that may come next, those that end generation included: (words), valid until the next call.
 * Null after an error. */
const uint32_t *constraint_mask(struct qn_session *session);
/* The tokens that must come next, at the session's position: *ids has as many as are returned, 0 if the model chooses.
 * Errors as above. */
int constraint_forced(struct qn_session *session, const int32_t **ids, uint32_t *count);
/* The session will have only its first `tokens` tokens. */
void constraint_rewind(struct qn_session *session, uint32_t tokens);
/* The session has other tokens from now on: nothing can be sampled until the host constrains it again. */
void constraint_lose(struct qn_session *session);
int constraint_copy(struct qn_session *session, const struct qn_session *from);
void constraint_free(struct qn_session *session);

#endif
