/* The attention mixer: queries, keys and values, their norms and RoPE, the KV cache, and the output matrix. */
#ifndef ENGINE_LAYERS_ATTENTION_H
#define ENGINE_LAYERS_ATTENTION_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out. */
void attention_forward(struct qn_session *session, uint32_t layer, const float *in);
/* Stores scratch.key and scratch.value, then attends from scratch.query to scratch.mixed. Norms and RoPE have been
 * applied. */
void attention_mix(struct qn_session *session, uint32_t layer);

#endif
