/* Recurrent state: what layers without keys and values keep of the tokens before. It changes with every token and
 * cannot be taken back, so a session has copies of it from two places: where the last prompt began, and where the last
 * of its micro-batches began or it ended. Rewinding goes back to a copy, and the tokens from there on are computed
 * again with those that are fed next.
 *
 * The block, saved and forked as it is: struct state_marks, the live state, the copies; each state has the floats of
 * one layer after another. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/state/session.h"

/* Bytes of a session's block; 0: the model has no recurrent layers. */
uint64_t state_block_bytes(const struct hparams *hparams);
/* The live state of a layer. */
float *state_of(const struct qn_session *session, uint32_t layer);
/* As before the first token. */
void state_clear(struct qn_session *session);
/* Copies the state, where it is worth one, before a micro-batch of n tokens. */
void state_keep(struct qn_session *session, uint32_t n);
/* After a micro-batch: the live state is that of session->position. */
void state_advance(struct qn_session *session);
/* Back to the latest state that is known of at most `position` tokens; returns of how many it is. */
uint32_t state_rewind(struct qn_session *session, uint32_t position);
/* Of how many of `tokens` tokens the live state is, in a block that was restored; more than that: it makes no sense. */
uint32_t state_restored(const struct qn_session *session, uint32_t tokens);

#endif
