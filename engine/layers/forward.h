/* engine/layers: what a layer computes. One file per kind of mixer or FFN; forward.c reads from the token embedding to
 * the logits.
 * Takes a session whose micro-batch is set and whose KV pages are taken; each function reads and writes scratch, the KV
 * cache and the recurrent state, for tokens [0, n_batch). Nothing fails and nothing allocates.
 * It must not know about steps, queues, sampling or saved sessions, and nothing here asks for an architecture's name.
 */
#ifndef ENGINE_LAYERS_FORWARD_H
#define ENGINE_LAYERS_FORWARD_H

#include "engine/state/session_state.h"

/* Token embeddings into scratch.x, and the RoPE angles of the tokens. */
void forward_embed(struct qn_session *session);
/* One layer: scratch.x to scratch.x. */
void forward_layer(struct qn_session *session, uint32_t layer);
/* Logits of `count` tokens of the micro-batch into rows of scratch.logits. tokens: (count), indices below n_batch. */
void forward_output(struct qn_session *session, const uint32_t *tokens, uint32_t count);

#endif
