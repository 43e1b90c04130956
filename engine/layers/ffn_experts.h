/* The mixture of experts (MoE). */
#ifndef ENGINE_LAYERS_FFN_EXPERTS_H
#define ENGINE_LAYERS_FFN_EXPERTS_H

#include "engine/state/session_state.h"

/* in: (n_batch, n_embd), unchanged. The result goes to scratch.out. Uses scratch.gate, scratch.up and scratch.experts.
 */
void ffn_experts_forward(struct qn_session *session, const struct expert_tensors *experts, const float *in);

#endif
