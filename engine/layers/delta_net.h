/* The gated delta net mixer. */
#ifndef ENGINE_LAYERS_DELTA_NET_H
#define ENGINE_LAYERS_DELTA_NET_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out; the layer's recurrent state advances. */
void delta_net_forward(struct qn_session *session, uint32_t layer, const float *in);

#endif
