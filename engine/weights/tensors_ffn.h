/* Binds the tensors of feed-forward networks and experts. */
#ifndef ENGINE_WEIGHTS_TENSORS_FFN_H
#define ENGINE_WEIGHTS_TENSORS_FFN_H

#include "engine/weights/binder.h"

void bind_ffn(struct binder *binder, struct layer_tensors *layer, enum ffn_kind kind);

#endif
