/* engine/model: a model's life, from a file's first bytes to resident tensors, and text in and out of it.
 * Takes the bytes of GGUF files, in pieces and in any order, and memory from the host; gives sessions hyperparameters,
 * vocabulary and bound tensors. A model does not change once it is placed, except that more of its tensors become
 * resident, and that a trie of its tokens is built when a grammar first needs it; any number of sessions may share it.
 * It must not know about sessions, kernels' results or threads: what happens to the weights is decided above. */
#ifndef ENGINE_MODEL_MODEL_H
#define ENGINE_MODEL_MODEL_H

#include "engine/grammar/token_trie.h"
#include "engine/model/residency.h"
#include "engine/text/tokenizer/vocabulary.h"
#include "engine/weights/tensors.h"

enum model_stage {
    STAGE_DIRECTORY, /* reading header, metadata and tensor table */
    STAGE_PLANNED,   /* everything is known and checked; memory for the tensors has not been taken */
    STAGE_TENSORS,   /* reading tensor data */
    STAGE_READY,     /* all tensors are resident */
    STAGE_FAILED
};

/* One file of a model; most models have one. */
struct model_split {
    struct gguf_scan scan;
    struct gguf gguf;    /* this file's own directory */
    uint8_t *head;       /* (head_bytes): the start of the file; strings and arrays of the directory lie in it */
    uint64_t head_bytes; /* size of the block */
    uint64_t have;       /* bytes of the head that have arrived */
    uint64_t start;      /* offset of the file's tensors in model.data */
};

struct qn_model {
    enum model_stage stage;
    struct gguf gguf; /* metadata of the first split; tensors of all splits, as if their data were one section */
    struct hparams hparams;
    struct tensors tensors;
    struct layer_tensors *layers;        /* (n_layer), in the arena */
    const struct vocabulary *vocabulary; /* null when the file has no tokenizer */
    struct token_trie trie;              /* of the vocabulary; nodes == NULL: not built yet, see model_grammar.h */
    struct arena arena;                  /* directory tables, hyperparameters, vocabulary */
    struct model_split first;            /* `splits` points here until their number is known */
    struct model_split *splits;          /* (n_splits) */
    uint32_t n_splits;
    uint32_t split;             /* the split that is being read */
    uint16_t *phases;           /* (n_tensors): 1 + load phase of each tensor */
    struct residency residency; /* of the tensors */
    uint8_t *data;              /* the tensors' memory, from STAGE_TENSORS on */
    bool nfc;                   /* normalize text to NFC before it becomes tokens */
    uint32_t order;             /* enum qn_order */
    uint32_t cache;             /* enum qn_cache: format of new sessions' KV caches */
};

/* Whether the directory has been read: from STAGE_PLANNED on, until loading fails. */
bool model_has_directory(const struct qn_model *model);
/* Whether all tensors of the load phase (load_phase.h), and of those before it, are resident. */
bool model_has_phase(const struct qn_model *model, uint32_t phase);

#endif
