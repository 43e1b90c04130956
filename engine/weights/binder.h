/* Finds tensors by name and checks type and shape. The tables of tensors*.c list a model's tensors: a line has the
 * tensor's name, the field to fill, and the shape in terms of the hyperparameters. The binder keeps the first failure;
 * nothing is bound after it. */
#ifndef ENGINE_WEIGHTS_BINDER_H
#define ENGINE_WEIGHTS_BINDER_H

#include "engine/weights/load_phase.h"
#include "engine/weights/tensors.h"

/* Lengths in shapes, from the hyperparameters. */
enum extent {
    ONE,
    EMBD,
    EMBD_THRICE,
    VOCAB,
    CONTEXT, /* n_ctx_train */
    TYPES,   /* n_types */
    DENSE,   /* n_dense */
    PER_LAYER,
    PER_LAYERS, /* n_layer * n_per_layer */
    ALTUP,
    ALTUP_SQUARE,
    LAUREL,
    ROPE_PAIRS, /* rot / 2 of layers without a window */
    /* of recurrent layers */
    TAPS,
    INNER,
    INNER_TWICE,
    INNER_GROUPS, /* inner + 2 * groups * state */
    PROJECTED,
    STATE,
    RANK,
    RANK_STATES, /* rank + 2 * state */
    /* of one layer: only after binder_enter */
    HEADS,
    HEADS_KV,
    HEAD_DIM,   /* head.k */
    QUERY_ROWS, /* n_head * head.k, twice with gates */
    KEY_ROWS,   /* n_head_kv * head.k */
    VALUE_ROWS, /* n_head_kv * head.v */
    QKV_ROWS,   /* the sum of these three */
    MIXED,      /* n_head * head.v */
    FF,
    FF_TWICE,
    EXPERT_COUNT,
    EXPERT_FF,
    SHARED_FF,
    EXTENTS
};

enum tensor_kind { VECTOR, MATRIX }; /* fills a const float * (the file must have f32); fills a struct weight */
enum presence { OPTIONAL, REQUIRED };

/* Whether models of this architecture have the tensor. */
typedef bool tensor_condition(const struct architecture *row);
#define ALWAYS NULL

struct tensor_line {
    const char *name;       /* in a layer: after "blk.<layer>." */
    uint8_t kind;           /* enum tensor_kind */
    uint8_t presence;       /* enum presence */
    uint8_t cols, rows;     /* enum extent */
    tensor_condition *when; /* the line is skipped unless this holds */
    size_t field;           /* offset of the field in the struct that is filled */
};

struct binder {
    const struct gguf *gguf;
    const struct hparams *hparams;
    uintptr_t base;   /* address of the file's data */
    uint16_t *phases; /* (n_tensors): 0: not bound yet; otherwise 1 + the load phase that needs the tensor */
    struct qn_error *error;
    int status;     /* QN_OK, or the code of the first failure */
    uint32_t layer; /* tensors are called blk.<layer>.<name>; NO_LAYER: <name> */
    uint32_t phase; /* load phase of the tensors that are bound now */
    uint64_t extents[EXTENTS];
    uint64_t quantized_bytes; /* the largest row of quantized activations, and the largest panel, of all matrices */
    uint64_t panel_bytes;
    char name[GGUF_MAX_NAME];
};

#define NO_LAYER     UINT32_MAX
#define LAYER_PREFIX 8 /* bytes of the longest */

/* Writes "blk.<layer>." without a zero byte, and returns its length. The layer has at most three digits. */
size_t binder_prefix(char prefix[LAYER_PREFIX], uint32_t layer);

/* Sets the layer with its extents, and the load phase. */
void binder_enter(struct binder *binder, uint32_t layer);

/* Binds all lines of a table to fields of *into. Fields of absent tensors keep their value. */
void binder_lines(struct binder *binder, const struct tensor_line *lines, size_t count, void *into);
#define BIND_LINES(binder, table, into) binder_lines(binder, table, sizeof(table) / sizeof((table)[0]), into)

/* The functions below bind one tensor and return NULL, or a zero weight, after a failure and if the tensor is optional
 * and absent. */

/* Floats. */
const float *binder_vector(struct binder *binder, const char *name, enum presence presence, uint64_t count);
/* `rows` vectors of `cols` floats. */
const float *binder_vectors(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                            uint64_t cols);
struct weight binder_matrix(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                            uint64_t cols);
/* `count` matrices in one tensor, of which a token uses `per_token`. */
struct weights binder_matrices(struct binder *binder, const char *name, enum presence presence, uint64_t rows,
                               uint64_t cols, uint64_t count, uint64_t per_token);
/* A tensor that may be present and is not used. */
void binder_ignore(struct binder *binder, const char *name);

#endif
