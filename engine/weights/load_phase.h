/* Load phases: the steps of a forward pass in the order they run. The loader asks the host for tensors in this order,
 * so that a pass can start while the rest of the file is still arriving. */
#ifndef ENGINE_WEIGHTS_LOAD_PHASE_H
#define ENGINE_WEIGHTS_LOAD_PHASE_H

#define PHASE_EMBEDDING       0u
#define PHASE_LAYER(layer)    (1u + (layer))
#define PHASE_OUTPUT(hparams) (1u + (hparams)->n_layer)
#define PHASES(hparams)       (2u + (hparams)->n_layer)

#endif
