/* The sparse FFN of Gemma 3n. */
#ifndef ENGINE_LAYERS_FFN_SPARSE_H
#define ENGINE_LAYERS_FFN_SPARSE_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out. Uses scratch.gate and scratch.up. */
void ffn_sparse_forward(struct qn_session *session, uint32_t layer, const float *in);

#endif
