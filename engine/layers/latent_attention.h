/* The multi-head latent attention mixer (MLA). */
#ifndef ENGINE_LAYERS_LATENT_ATTENTION_H
#define ENGINE_LAYERS_LATENT_ATTENTION_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out. Uses scratch.gate, scratch.up and scratch.experts.
 */
void latent_attention_forward(struct qn_session *session, uint32_t layer, const float *in);

#endif
