/* Per-layer embeddings of Gemma 3n and Gemma 4: each token has an embedding for every layer. */
#ifndef ENGINE_LAYERS_PER_LAYER_EMBEDDING_H
#define ENGINE_LAYERS_PER_LAYER_EMBEDDING_H

#include "engine/state/session_state.h"

/* After the token embedding: computes the micro-batch's embeddings for all layers into scratch.per_layer. */
void per_layer_begin(struct qn_session *session);
/* At the end of a layer. in: (n_batch, n_embd), unchanged. What the layer's embedding contributes to x goes to
 * scratch.out. */
void per_layer_forward(struct qn_session *session, uint32_t layer, const float *in);

#endif
