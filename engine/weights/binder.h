/* Binds tensors by tables: a line has the tensor's name, where it goes, and its shape as the hyperparameters have it.
 */
#ifndef ENGINE_BINDER_H
#define ENGINE_BINDER_H

#include "engine/weights/load_order.h"
#include "engine/weights/tensors.h"

/* Lengths that shapes are made of. */
enum extent {
    ONE,
    EMBD,
    VOCAB,
    CONTEXT,    /* n_ctx_train */
    TYPES,      /* n_types */
    DENSE,      /* n_dense */
    PER_LAYER,  /* n_per_layer */
    PER_LAYERS, /* n_layer * n_per_layer */
    ALTUP,      /* n_altup */
    ALTUP_SQUARE,
    LAUREL,     /* laurel_rank */
    ROPE_PAIRS, /* rot / 2, of layers without a window */
    EMBD_THRICE,
    TAPS, /* from here on of recurrent layers */
    INNER,
    INNER_TWICE,
    INNER_GROUPS, /* inner + 2 * groups * state */
    PROJECTED,
    STATE,
    RANK,
    RANK_STATES, /* rank + 2 * state */
    HEADS,       /* the rest are of one layer */
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

enum tensor_kind { VECTOR, MATRIX }; /* bound to a const float * (f32 in the file); to a struct weight */
enum presence { OPTIONAL, REQUIRED };

/* Whether a model of this architecture has the tensor. */
typedef bool tensor_condition(const struct architecture *row);
#define ALWAYS NULL

struct tensor_line {
    const char *name;       /* after "blk.<layer>." */
    uint8_t kind;           /* enum tensor_kind */
    uint8_t presence;       /* enum presence */
    uint8_t cols, rows;     /* enum extent */
    tensor_condition *when; /* the line is skipped unless this holds */
    size_t field;           /* offset of the pointer or weight in the struct that is filled */
};

struct binder {
    const struct gguf *gguf;
    const struct hparams *hparams;
    uintptr_t base;
    uint16_t *phases; /* (n_tensors): 0 while it has not been given out, else 1 + the phase that needs it */
    struct qn_error *error;
    int status;     /* the first failure; nothing is bound after it */
    uint32_t layer; /* names are blk.<layer>.<name> */
    uint32_t phase; /* when a pass needs what is bound now: TURN_ of load_order.h */
    uint64_t extents[EXTENTS];
    uint64_t quantized_bytes; /* of the widest row of activations, and the largest panel, that the matrices want */
    uint64_t panel_bytes;
    char name[GGUF_MAX_NAME];
};

#define NO_LAYER UINT32_MAX

/* Sets the layer, the extents that are its own, and the phase. */
void binder_enter(struct binder *binder, uint32_t layer);
/* Every line of the table into the struct at `into`; what is absent is left as it is. */
void binder_lines(struct binder *binder, const struct tensor_line *lines, size_t count, void *into);
/* One tensor. Null, and a zero weight, after a failure, or when it is absent and may be. */
const float *binder_vector(struct binder *binder, const char *name, bool required, uint64_t cols, uint64_t rows);
struct weight binder_matrix(struct binder *binder, const char *name, bool required, uint64_t rows, uint64_t cols);
/* `count` matrices of that shape, of which a token meets `per_token`; a tensor of scales (count) may be with them. */
struct weights binder_matrices(struct binder *binder, const char *name, bool required, uint64_t rows, uint64_t cols,
                               uint64_t count, uint64_t per_token);
/* One of them. */
struct weight weights_at(const struct weights *all, size_t index);
/* A tensor that this build has no use for may be there. */
void binder_ignore(struct binder *binder, const char *name);
/* The tensors of a recurrent mixer. */
void binder_recurrent(struct binder *binder, struct layer_tensors *layer, enum layer_kind kind);
/* What joins x beside the halves of a layer: a token's embedding for it, other residual streams, a scale; and, in the
 * second, the tensors of the model that these take. */
void binder_per_layer(struct binder *binder, struct layer_tensors *layer);
void binder_streams(struct binder *binder, struct tensors *tensors);
/* Rows [first, first + count) of a matrix. */
struct weight weight_rows(const struct weight *w, size_t first, size_t count);

#endif
