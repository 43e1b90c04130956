/* engine/config: what kind of model a file holds. Takes a GGUF directory; returns the architecture's row and the
 * hyperparameters, which are read from the metadata, checked once here, and trusted everywhere else. This folder knows
 * nothing about tensors, kernels, sessions or how a layer is computed.
 *
 *   architecture.h   facts that hold for every model of an architecture
 *   metadata.h       the reader of metadata keys, with checked types and ranges
 *   hparams.h        the hyperparameters; hparams_*.h read parts of them */
#ifndef ENGINE_CONFIG_HPARAMS_H
#define ENGINE_CONFIG_HPARAMS_H

#include "engine/config/architecture.h"
#include "gguf/gguf.h"
#include "platform/memory.h"

/* Limits that admit every real model and keep products of sizes from overflowing 64 bits. */
#define MAX_LAYERS  512u
#define MAX_WIDTH   (1u << 20) /* n_embd, n_ff, n_head * head_dim */
#define MAX_VOCAB   (1u << 24)
#define MAX_CONTEXT (1u << 24)
#define MAX_EXPERTS 512u
#define MAX_ALTUP   8u

enum ffn_kind { FFN_DENSE, FFN_EXPERTS, FFN_SPARSE, FFN_NONE };
/* Which set of angles a layer rotates by. */
enum layer_rope { LAYER_ROPE, LAYER_ROPE_WINDOW, LAYER_ROPE_NONE };
#define ROPE_SETS 2

/* Dimensions of a head. */
struct head_shape {
    uint32_t k;   /* of a query and a key; a multiple of 8 */
    uint32_t v;   /* of a value; a multiple of 8 */
    uint32_t rot; /* the first dimensions of a key, rotated by RoPE; even */
};

struct layer_hparams {
    enum layer_kind kind;
    enum ffn_kind ffn;
    enum layer_rope rope;
    uint32_t n_head;    /* 0: no attention; then n_head_kv is 0 too */
    uint32_t n_head_kv; /* divides n_head */
    struct head_shape head;
    uint32_t n_ff;
    uint32_t window;     /* positions that a token sees, its own included; 0: all */
    uint32_t kv_layer;   /* the layer whose keys and values it reads: itself or an earlier one */
    float sparse_cutoff; /* FFN_SPARSE: standard deviations above the mean below which a gate is zero */
    size_t state_offset; /* floats; where the layer's part of the recurrent state begins */
};

/* How positions become angles. Pair i of n_rot / 2 turns by position * scale * base^(-2i / n_rot). */
struct rope_set {
    float base;
    float scale;     /* multiplies positions */
    float magnitude; /* multiplies cosines and sines */
    bool yarn;       /* high frequencies are not scaled, low ones are, those in between are mixed */
    bool factors;    /* angles are divided by the model's factor for each pair */
};

struct rope_hparams {
    struct rope_set sets[ROPE_SETS]; /* by enum layer_rope */
    uint32_t original_context;       /* positions that the model was first trained for */
    float beta_fast;                 /* YaRN: rotations over the original context above which nothing is scaled ... */
    float beta_slow;                 /* ... and below which everything is */
    float stretch;                   /* YaRN with latent attention: queries and keys are multiplied by 1 + stretch */
    uint32_t sections[4];            /* pairs for time, height, width and a fourth axis that is 0 for text */
};

/* Multi-head latent attention: a token's keys and values are computed from one short vector; a rotated part of the key
 * is shared by all heads. The KV cache holds either the vector and the rotated part (absorbed: queries and results are
 * mapped to the vector's space instead), or the keys and values of each head. */
struct latent_hparams {
    uint32_t n_latent;   /* dimensions of the vector; 0: the model has no latent attention */
    uint32_t n_query;    /* dimensions of the vector that queries are computed from; 0: from x */
    uint32_t head_dim_k; /* of a head's query and key: first n_plain, then n_rot rotated dimensions */
    uint32_t n_plain;
    uint32_t head_dim_v;
    bool absorbed; /* then hparams.head_dim_k is n_latent + n_rot and hparams.head_dim_v is n_latent */
};

/* A mixture of experts: a router chooses n_used of n_expert FFNs for each token. */
struct expert_hparams {
    uint32_t n_expert;    /* 0: the model has none */
    uint32_t n_used;      /* 1 to n_expert */
    uint32_t n_ff;        /* of one expert */
    uint32_t n_ff_shared; /* of the expert that all tokens use; 0: there is none */
    uint32_t n_dense;     /* this many first layers have a dense FFN */
    enum gating gating;   /* not GATING_NONE */
    bool normalized;      /* the weights of the chosen experts are divided by their sum */
    float scale;          /* and multiplied by this */
};

/* Recurrent layers; all zero when the model has none. */
struct recurrent_hparams {
    uint32_t taps;         /* inputs of the causal convolution, the current one included */
    uint32_t inner;        /* channels */
    uint32_t state;        /* floats of state per channel; a multiple of 4 */
    uint32_t rank;         /* Mamba: rank of the dt projection; others: heads, a multiple of groups */
    uint32_t groups;       /* heads of a group share B and C (delta net: query and key) */
    bool normed;           /* Mamba: dt, B and C are normed */
    uint32_t projected;    /* floats per token that the input matrices produce */
    uint32_t mixed;        /* floats per token that the output matrix takes */
    uint64_t layer_floats; /* state of one layer */
    uint64_t state_floats; /* state of all layers */
};

struct hparams {
    const struct architecture *architecture;
    const struct layer_hparams *layers; /* (n_layer) */
    uint32_t n_layer;
    uint32_t n_draft; /* draft layers that follow the n_layer layers; their tensors are ignored */
    uint32_t n_embd;
    uint32_t n_vocab;
    uint32_t n_ctx_train; /* positions */
    struct rope_hparams rope;
    struct expert_hparams experts;
    struct recurrent_hparams recurrent;
    struct latent_hparams latent;
    float norm_epsilon;
    enum act_kind act; /* of the FFN */

    /* attention */
    struct head_shape heads[ROPE_SETS]; /* of layers without a window and with one */
    float attention_scale;              /* multiplies scores */
    float attention_softcap;            /* 0: none */
    float attention_temperature;        /* queries *= 1 + this * log(1 + floor(position / original_context)); 0: none */

    /* embeddings and multipliers */
    float embedding_scale; /* multiplies token embeddings */
    float residual_scale;  /* multiplies what each sublayer adds to x */
    float logit_scale;
    float logit_softcap;  /* 0: none */
    uint32_t n_types;     /* rows of token_types; 0: there are none */
    uint32_t n_per_layer; /* floats of a token's embedding for each layer; 0: there are none */

    /* residual streams */
    uint32_t n_altup;     /* 0: the usual single stream */
    uint32_t laurel_rank; /* of the low-rank branch parallel to attention; with n_altup */

    /* encoders */
    bool bidirectional; /* tokens see later ones: an input is computed in one micro-batch */
    int32_t pooling;    /* the file's number (enum qn_pooling or another); QN_POOLING_MODEL: it gives none */
    uint32_t n_dense;   /* width between the two matrices that a pooled embedding passes; 0: there are none */

    /* the largest of all layers, for scratch */
    uint32_t head_dim_k;
    uint32_t head_dim_v;
    uint32_t n_rot;
    uint32_t max_head;
    uint32_t max_head_kv;
    uint32_t max_ff; /* floats per token of FFN scratch, which some mixers use too */
};

static inline uint32_t max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Fills *hparams, except n_vocab, which is the number of rows of the token embedding (tensors_bind). The layers are
 * allocated from the arena. Returns QN_OK or an error that names the key. */
int hparams_read(struct hparams *hparams, const struct gguf *gguf, struct arena *arena, struct qn_error *error);

#endif
