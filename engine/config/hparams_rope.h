/* Hyperparameters of positions: RoPE and sliding windows. */
#ifndef ENGINE_CONFIG_HPARAMS_ROPE_H
#define ENGINE_CONFIG_HPARAMS_ROPE_H

#include "engine/config/hparams.h"
#include "engine/config/metadata.h"

/* Sets hparams->rope, n_rot and the rot of hparams->heads, and each layer's rope and window. The head dimensions must
 * have been read. */
void hparams_read_rope(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);

#endif
