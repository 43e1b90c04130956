/* The order in which a forward pass first needs the tensors: the embedding, each layer, the output. The loader asks the
 * host for bytes in this order, so that a pass can start while the rest of the file is still arriving. */
#ifndef ENGINE_WEIGHTS_LOAD_ORDER_H
#define ENGINE_WEIGHTS_LOAD_ORDER_H

/* Phases of a pass, numbered in the order they run. */
#define PHASE_EMBEDDING       0u
#define PHASE_LAYER(layer)    (1u + (layer))
#define PHASE_OUTPUT(hparams) (1u + (hparams)->n_layer)
#define PHASES(hparams)       (2u + (hparams)->n_layer)

#endif
