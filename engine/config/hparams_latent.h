/* Hyperparameters of multi-head latent attention. */
#ifndef ENGINE_CONFIG_HPARAMS_LATENT_H
#define ENGINE_CONFIG_HPARAMS_LATENT_H

#include "engine/config/hparams.h"
#include "engine/config/metadata.h"

/* Sets hparams->latent, the layers' kind and hparams->attention_scale. Heads and RoPE must have been read. */
void hparams_read_latent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);

#endif
