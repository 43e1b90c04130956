/* Binds the tensors that act on the residual stream outside the sublayers: per-layer embeddings, AltUp streams and
 * layer scales. */
#ifndef ENGINE_WEIGHTS_TENSORS_STREAMS_H
#define ENGINE_WEIGHTS_TENSORS_STREAMS_H

#include "engine/weights/binder.h"

/* Those of a layer. */
void bind_layer_streams(struct binder *binder, struct layer_tensors *layer);
/* Those of the model. */
void bind_model_streams(struct binder *binder, struct tensors *tensors);

#endif
