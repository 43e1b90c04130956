/* A model: a file's directory, its hyperparameters, vocabulary and tensors. Immutable once it is loaded; any number of
 * sessions may share it. */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "engine/tensors.h"
#include "engine/text/vocabulary.h"

enum model_stage {
    STAGE_DIRECTORY, /* reading header, metadata and tensor directory */
    STAGE_PLANNED,   /* all is known and checked; the tensors' memory has not been taken */
    STAGE_TENSORS,   /* reading tensor data in file order */
    STAGE_READY,
    STAGE_FAILED
};

struct qn_model {
    enum model_stage stage;
    struct gguf_scan scan;
    struct gguf gguf;
    struct hparams hparams;
    struct tensors tensors;
    struct layer_tensors *layers;        /* (n_layer), in the arena */
    const struct vocabulary *vocabulary; /* null when the file has no tokenizer */
    struct arena arena;                  /* directory tables, hyperparameters, vocabulary */
    uint8_t *head;                       /* the file's first bytes: strings and arrays are used as they lie here */
    uint64_t head_bytes;                 /* room */
    uint8_t *data;                       /* the tensors, once placed */
    uint64_t have;                       /* bytes of the file that have been written */
    uint64_t sessions;
};

/* The record behind qn_last_error. */
extern struct qn_error last_error;

#endif
