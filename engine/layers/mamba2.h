/* The Mamba 2 mixer: a state space model with heads. */
#ifndef ENGINE_LAYERS_MAMBA2_H
#define ENGINE_LAYERS_MAMBA2_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out; the layer's recurrent state advances. */
void mamba2_forward(struct qn_session *session, uint32_t layer, const float *in);

#endif
