/* Rotary positions: cosines and sines of every pair, once for all layers that share a set of angles. */
#ifndef ENGINE_ROPE_H
#define ENGINE_ROPE_H

#include "engine/model/model.h"

/* inverse: (ROPE_SETS, n_rot / 2), the angle a position in radians, for a session of `context` tokens. */
void rope_inverses(const struct qn_model *model, uint32_t context, double *inverse);
/* angles: (ROPE_SETS, n_rot), of each set at `position` the cosines and then the sines, as many as its heads have
 * pairs.
 */
void rope_angles(const struct hparams *hparams, const double *inverse, float *angles, uint32_t position);
/* Those of a layer; null when it does not rotate. */
static inline const float *rope_of_layer(const struct hparams *hparams, const struct layer_hparams *layer,
                                         const float *angles) {
    return layer->rope == LAYER_ROPE_NONE ? NULL : angles + (size_t)layer->rope * hparams->n_rot;
}

#endif
