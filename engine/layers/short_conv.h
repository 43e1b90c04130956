/* The gated short convolution mixer of LFM2. */
#ifndef ENGINE_LAYERS_SHORT_CONV_H
#define ENGINE_LAYERS_SHORT_CONV_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out; the layer's recurrent state advances. */
void short_conv_forward(struct qn_session *session, uint32_t layer, const float *in);

#endif
