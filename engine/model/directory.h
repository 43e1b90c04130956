/* Reading a model's directory from the first bytes of its files. */
#ifndef ENGINE_MODEL_DIRECTORY_H
#define ENGINE_MODEL_DIRECTORY_H

#include "engine/model/model.h"

/* Resizes the block for the head of the current split, and keeps what has arrived. */
int directory_resize_head(struct qn_model *model, uint64_t bytes);
/* Reads on in the head of the current split. QN_MORE: more bytes are needed, of this split or the next one, and there
 * is room for them. QN_OK: the directory is complete, and hyperparameters, tensors and vocabulary are checked. */
int directory_scan(struct qn_model *model);
/* Binds the tensors to a data section at the address `base`. */
int directory_bind(struct qn_model *model, uintptr_t base);

#endif
