/* The tokens of text that a grammar leaves no choice about. */
#ifndef ENGINE_SESSION_FORCED_H
#define ENGINE_SESSION_FORCED_H

#include "engine/session/constraint.h"

/* Finds the run that starts at the session's position. The matcher has read all tokens and is left as it was. n_run
 * stays 0 if the model chooses the next token. Errors: of memory. */
int forced_find(struct qn_session *session, struct constraint *constraint);

#endif
