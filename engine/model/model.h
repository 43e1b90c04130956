/* A model: a file's directory, its hyperparameters, vocabulary and tensors. Immutable once it is loaded; any number of
 * sessions may share it, from when the tensors' memory has been taken: they wait for what has not come. */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "engine/model/residency.h"
#include "engine/text/tokenizer/vocabulary.h"
#include "engine/weights/tensors.h"

enum model_stage {
    STAGE_DIRECTORY, /* reading header, metadata and tensor directory */
    STAGE_PLANNED,   /* all is known and checked; the tensors' memory has not been taken */
    STAGE_TENSORS,   /* reading tensor data */
    STAGE_READY,
    STAGE_FAILED
};

/* A file of a model; most models are one. */
struct model_part {
    struct gguf_scan scan;
    struct gguf gguf;    /* its own directory */
    uint8_t *head;       /* the file's first bytes: strings and arrays are used as they lie here */
    uint64_t head_bytes; /* room */
    uint64_t have;       /* bytes of the head that have been written */
    uint64_t start;      /* of its tensors in model.data */
};

struct qn_model {
    enum model_stage stage;
    struct gguf gguf; /* the first part's metadata; the tensors of all, as if their data followed one another */
    struct hparams hparams;
    struct tensors tensors;
    struct layer_tensors *layers;        /* (n_layer), in the arena */
    const struct vocabulary *vocabulary; /* null when the file has no tokenizer */
    struct arena arena;                  /* directory tables, hyperparameters, vocabulary */
    struct model_part first;             /* until their number is known */
    struct model_part *parts;            /* (n_parts) */
    uint32_t n_parts;
    uint16_t *phases;       /* (n_tensors), for arrival */
    struct arrival arrival; /* of the tensors: what has come, and what is needed first */
    uint32_t part;          /* that is being read */
    uint8_t *data;          /* the tensors, once placed */
    uint32_t cache;         /* enum qn_cache, of the sessions to come */
};

/* parts.c: after the directory of model->part. QN_MORE: another part's comes next. */
int parts_next(struct qn_model *model);
/* Makes model->gguf of the directories of all parts. */
int parts_join(struct qn_model *model);

/* Whether all that a pass needs in that phase (load_phase.h), and before it, has come. */
bool model_has(const struct qn_model *model, uint32_t phase);

#endif
