/* Models in several files ("splits", in llama.cpp's word). Each has a directory and tensors of its own; only the first
 * has the other metadata. The keys split.no, split.count and split.tensors.count say what belongs together. */
#ifndef ENGINE_MODEL_SPLIT_H
#define ENGINE_MODEL_SPLIT_H

#include "engine/model/model.h"

/* The directory of model->split has been read. QN_MORE: model->split is now the next one, which must be read too. */
int split_next(struct qn_model *model);
/* Joins the directories of all splits in model->gguf. */
int split_join(struct qn_model *model);

#endif
