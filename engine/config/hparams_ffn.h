/* Hyperparameters of the feed-forward networks. */
#ifndef ENGINE_CONFIG_HPARAMS_FFN_H
#define ENGINE_CONFIG_HPARAMS_FFN_H

#include "engine/config/hparams.h"
#include "engine/config/metadata.h"

/* Sets hparams->experts, hparams->max_ff and each layer's n_ff and ffn. */
void hparams_read_ffn(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);

#endif
