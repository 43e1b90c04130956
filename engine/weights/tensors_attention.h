/* Binds the tensors of attention and latent attention. */
#ifndef ENGINE_WEIGHTS_TENSORS_ATTENTION_H
#define ENGINE_WEIGHTS_TENSORS_ATTENTION_H

#include "engine/weights/binder.h"

/* own_keys: the layer does not read another layer's keys and values. */
void bind_attention(struct binder *binder, struct layer_tensors *layer, bool own_keys);
void bind_latent_attention(struct binder *binder, struct layer_tensors *layer);

#endif
