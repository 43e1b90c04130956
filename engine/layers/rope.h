/* Rotary positional embeddings ("RoFormer: Enhanced Transformer with Rotary Position Embedding"). The cosines and sines
 * of a token are computed once for all layers that share a set of frequencies. */
#ifndef ENGINE_LAYERS_ROPE_H
#define ENGINE_LAYERS_ROPE_H

#include "engine/state/session_state.h"

/* Computes scratch.rope_freqs unless it is there, or the tensors of the embedding phase, which include the model's
 * frequency factors, are not resident. */
void rope_prepare(struct qn_session *session);
/* The angles of a position: (ROPE_SETS, n_rot). Each set holds the cosines of its pairs, then their sines. */
void rope_angles(const struct hparams *hparams, const double *freqs, float *angles, uint32_t position);
/* A layer's set of such angles; null if the layer has no RoPE. */
static inline const float *rope_of_layer(const struct hparams *hparams, const struct layer_hparams *layer,
                                         const float *angles) {
    return layer->rope == LAYER_ROPE_NONE ? NULL : angles + (size_t)layer->rope * hparams->n_rot;
}

#endif
