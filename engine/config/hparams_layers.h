/* Hyperparameters of layers that differ from one another or share something with one another. */
#ifndef ENGINE_CONFIG_HPARAMS_LAYERS_H
#define ENGINE_CONFIG_HPARAMS_LAYERS_H

#include "engine/config/hparams.h"
#include "engine/config/metadata.h"

/* Sets each layer's head and kv_layer, and for sparse FFNs its ffn and sparse_cutoff; sets hparams->n_per_layer,
 * n_altup and laurel_rank. Windows must have been read. */
void hparams_read_layers(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);

#endif
