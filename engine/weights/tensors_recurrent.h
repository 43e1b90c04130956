/* Binds the tensors of recurrent mixers: Mamba, Mamba 2, delta net and short convolution. */
#ifndef ENGINE_WEIGHTS_TENSORS_RECURRENT_H
#define ENGINE_WEIGHTS_TENSORS_RECURRENT_H

#include "engine/weights/binder.h"

/* Binds the mixer of a recurrent layer; does nothing for other kinds. */
void bind_recurrent(struct binder *binder, struct layer_tensors *layer, enum layer_kind kind);

#endif
