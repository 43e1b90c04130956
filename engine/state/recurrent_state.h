/* Recurrent state: what mixers without keys and values remember of earlier tokens. Every token overwrites it, so a
 * session keeps two snapshots: one from the start of the last prompt, one from the start of the prompt's latest
 * micro-batch, or from its end if that micro-batch was long. A rewind returns to a snapshot and computes the tokens
 * after it again. A host that expects to return to a position of a prompt makes a short micro-batch begin there.
 *
 * The block is saved and forked as it is: struct token_counts, the live state, the snapshots. A state holds
 * recurrent.state_floats floats, layer after layer. */
#ifndef ENGINE_STATE_RECURRENT_STATE_H
#define ENGINE_STATE_RECURRENT_STATE_H

#include "engine/state/session_state.h"

/* Size of a session's block; 0: the model has no recurrent layers. */
uint64_t recurrent_state_bytes(const struct hparams *hparams);
/* A layer's part of the live state: (recurrent.layer_floats). */
float *recurrent_state_of_layer(const struct qn_session *session, uint32_t layer);
/* Forgets all tokens, in the live state and in the snapshots. */
void recurrent_state_clear(struct qn_session *session);
/* Before a micro-batch of n tokens: takes a snapshot if a later rewind may need one. */
void recurrent_state_snapshot(struct qn_session *session, uint32_t n);
/* After a micro-batch: records that the live state has seen session->position tokens. */
void recurrent_state_advance(struct qn_session *session);
/* Returns to the latest known state of at most `position` tokens. The result is how many tokens it has seen. */
uint32_t recurrent_state_rewind(struct qn_session *session, uint32_t position);
/* After a block was restored for a session of `tokens` tokens: how many of them the live state has seen. A result above
 * `tokens` means that the block is invalid. */
uint32_t recurrent_state_restored(const struct qn_session *session, uint32_t tokens);

#endif
