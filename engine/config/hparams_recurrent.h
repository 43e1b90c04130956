/* Hyperparameters of recurrent layers. */
#ifndef ENGINE_CONFIG_HPARAMS_RECURRENT_H
#define ENGINE_CONFIG_HPARAMS_RECURRENT_H

#include "engine/config/hparams.h"
#include "engine/config/metadata.h"

/* Sets hparams->recurrent and each recurrent layer's kind and state_offset; clears the head counts of layers without
 * attention. The head counts must have been read. */
void hparams_read_recurrent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);

#endif
