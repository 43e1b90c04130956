/* The tokens of a session: queuing more, and going back. */
#ifndef ENGINE_SESSION_QUEUE_H
#define ENGINE_SESSION_QUEUE_H

#include "engine/state/session_state.h"

/* Checks that `count` tokens are in the vocabulary and fit the context, of which `taken` tokens are taken. */
int session_check_ids(const struct qn_session *session, uint32_t taken, const int32_t *ids, size_t count);
/* Queues `count` tokens, or none of them if there is an error. logits: enum qn_logits. */
int session_queue(struct qn_session *session, const int32_t *ids, size_t count, uint32_t logits);
/* Makes room for `rows` rows of logits. Rows of an earlier step are lost if the room has to grow. */
int session_reserve_logits(struct qn_session *session, uint32_t rows);
/* Continues after the first `tokens` tokens. Those from `position` on are computed again, without logits. The results
 * of the last step, logits and embeddings, are gone. */
void session_resume(struct qn_session *session, uint32_t position, uint32_t tokens);
/* Ends a restore, finished or not. An unfinished one leaves the session empty. */
void session_cancel_restore(struct qn_session *session);

#endif
