/* Embeddings: the last layer's output, normalized and pooled over the tokens of an input. */
#ifndef ENGINE_SESSION_EMBEDDING_H
#define ENGINE_SESSION_EMBEDDING_H

#include "engine/state/session_state.h"

/* Adds the micro-batch, whose layers have run, to the embedding of the input. Returns the rows that can be read now:
 * one per token without pooling, otherwise one after the input's last token. */
uint32_t embedding_output(struct qn_session *session);

#endif
