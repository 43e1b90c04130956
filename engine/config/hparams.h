/* Hyperparameters: read from the metadata, checked once, trusted from then on. */
#ifndef ENGINE_HPARAMS_H
#define ENGINE_HPARAMS_H

#include "engine/config/architecture.h"
#include "gguf/gguf.h"
#include "platform/memory.h"

/* Bounds that keep every product of sizes far from wrapping in 64 bits, and every size of a real model inside. */
#define MAX_LAYERS  512u
#define MAX_WIDTH   (1u << 20) /* n_embd, n_ff, n_head * head_dim */
#define MAX_VOCAB   (1u << 24)
#define MAX_CONTEXT (1u << 24)
#define MAX_EXPERTS 512u
#define MAX_ALTUP   8u

enum ffn_kind { FFN_DENSE, FFN_EXPERTS, FFN_SPARSE, FFN_NONE };     /* the feed-forward half */
enum layer_rope { LAYER_ROPE, LAYER_ROPE_WINDOW, LAYER_ROPE_NONE }; /* the first two: sets of angles */
#define ROPE_SETS 2

/* The widths of a head: keys and queries, and values, multiples of 8; and how much of a key is rotated, even. */
struct head_shape {
    uint32_t k;
    uint32_t v;
    uint32_t rot;
};

struct layer_hparams {
    enum layer_kind kind;
    enum ffn_kind ffn;
    enum layer_rope rope;
    uint32_t n_head;    /* 0, as the next: no attention */
    uint32_t n_head_kv; /* divides n_head */
    struct head_shape head;
    uint32_t n_ff;
    uint32_t window;  /* positions seen, the token's own included; 0: all */
    uint32_t kv;      /* the layer whose keys and values it reads: its own number, or an earlier one's */
    float deviations; /* of FFN_SPARSE: how far above the mean a gate begins to count */
    size_t state;     /* floats before the layer's own in the recurrent state */
};

/* How one set of angles comes from positions. */
struct rope_set {
    float base;
    float scale;     /* multiplies positions */
    float magnitude; /* multiplies cosines and sines */
    bool yarn;       /* fast pairs keep their positions unscaled, slow ones do not, the ones between are mixed */
    bool factors;    /* divided by the model's factor for each pair */
};

struct rope_hparams {
    struct rope_set sets[ROPE_SETS]; /* of layers without a window and with one */
    uint32_t original_context;       /* positions that the model was first trained for */
    float beta_fast;                 /* of YaRN: turns over the original context at which mixing begins ... */
    float beta_slow;                 /* ... and ends */
    float stretch;                   /* of YaRN: queries and keys of latent attention are multiplied by 1 + this */
    uint32_t sections[4];            /* pairs for time, height, width and another; the last stands still for text */
};

/* Multi-head latent attention: a token's keys and values are made of one vector, and a part of the key with the
 * position that all heads share. The cache holds either these, when keys and values are never made (queries and results
 * are taken to the vector's space instead), or the keys and values of each head. */
struct latent_hparams {
    uint32_t n_latent;   /* dimensions of the vector; 0: no such attention */
    uint32_t n_query;    /* of the one that queries are made of; 0: they are made of x */
    uint32_t head_dim_k; /* of a head's query and key, the rotated part at their end ... */
    uint32_t n_plain;    /* ... after this part */
    uint32_t head_dim_v;
    bool absorbed; /* the cache holds vectors: hparams.head_dim_k is n_latent + n_rot, head_dim_v n_latent */
};

/* A mixture of experts: for each token a router chooses some of the networks. */
struct expert_hparams {
    uint32_t n_expert;    /* 0: the model has none */
    uint32_t n_used;      /* 1 to n_expert */
    uint32_t n_ff;        /* of one */
    uint32_t n_ff_shared; /* of the network that all tokens take; 0: there is none */
    uint32_t n_dense;     /* the first layers have a dense network instead */
    enum gating gating;
    bool normed; /* weights are divided by their sum */
    float scale; /* and multiplied by this */
};

/* Of recurrent layers; all zero where there are none. */
struct recurrent_hparams {
    uint32_t taps;         /* inputs that the convolution sees */
    uint32_t inner;        /* channels */
    uint32_t state;        /* floats of a channel's state, a multiple of 4 */
    uint32_t rank;         /* Mamba: of the product that gives the pace; others: heads, a multiple of groups */
    uint32_t groups;       /* of heads that share B and C; delta net: query and key */
    bool normed;           /* Mamba: pace, B and C pass through norms */
    uint32_t projected;    /* floats of a token that the input matrices give */
    uint32_t mixed;        /* floats of a token that the output matrix takes */
    uint64_t layer_floats; /* of a layer's state */
    uint64_t state_floats; /* of all */
};

struct hparams {
    const struct architecture *architecture;
    const struct layer_hparams *layers; /* (n_layer) */
    uint32_t n_layer;
    uint32_t n_draft; /* layers behind them whose tensors are read over */
    uint32_t n_embd;
    uint32_t n_vocab;
    uint32_t n_ctx_train;
    struct head_shape heads[ROPE_SETS]; /* of layers without a window and with one */
    uint32_t head_dim_k;                /* the larger of the two, as are the next */
    uint32_t head_dim_v;
    uint32_t n_rot;
    struct rope_hparams rope;
    struct expert_hparams experts;
    struct recurrent_hparams recurrent;
    struct latent_hparams latent;
    uint32_t n_per_layer; /* floats of a token's embedding for each layer; 0: there are none */
    uint32_t n_altup;     /* residual streams; 0: the one */
    uint32_t laurel_rank; /* with altup: of the two matrices beside attention */
    float norm_epsilon;
    enum act_kind act;  /* of the feed-forward network */
    bool bidirectional; /* tokens see those after them: a whole input is computed at once */
    int32_t pooling;    /* as GGUF numbers them: enum qn_pooling, or another; QN_POOLING_MODEL: not said */
    uint32_t n_types;   /* rows of token_types; 0: there are none */
    uint32_t n_dense;   /* width between the two matrices that an embedding passes at last; 0: there are none */
    float attention_scale;
    float attention_softcap;     /* 0: none */
    float attention_temperature; /* queries * (1 + this * log(1 + floor(position / original_context))); 0: none */
    float embedding_scale;
    float residual_scale; /* of what each half adds */
    float logit_scale;
    float logit_softcap; /* 0: none */
    /* the largest over all layers */
    uint32_t max_head;
    uint32_t max_head_kv;
    uint32_t max_ff; /* floats of a token's gate, or of its experts' outputs */
};

/* Fills *hparams from a model's metadata; n_vocab comes from the token embedding's shape. The layers go to the arena.
 */
int hparams_read(struct hparams *hparams, const struct gguf *gguf, struct arena *arena, struct qn_error *error);

struct reader;
/* The part that concerns latent attention; heads and rope have been read. Sets the layers' kind and attention_scale. */
int hparams_read_latent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);
/* The part that concerns mixtures of experts; layers' n_ff and `feed` among it. */
int hparams_read_feed(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);
/* The part that concerns rope, and the windows of layers; the layers' numbers have been read. */
int hparams_read_rope(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);
/* The part that concerns layers that share keys, embeddings for each layer, altup and sparse gates; windows have been
 * read. Sets the layers' `head`, `kv`, `deviations`, and which feed is
 * sparse. */
int hparams_read_layers(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);
/* The part that concerns recurrent layers, and which they are; the heads' numbers have been read. */
int hparams_read_recurrent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers);

#endif
