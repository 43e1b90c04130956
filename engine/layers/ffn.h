/* The dense FFN (feed-forward network). */
#ifndef ENGINE_LAYERS_FFN_H
#define ENGINE_LAYERS_FFN_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out. Uses scratch.gate and scratch.up. */
void ffn_forward(struct qn_session *session, const struct ffn_tensors *ffn, const float *in);

#endif
