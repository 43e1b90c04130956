/* engine/weights: where each tensor of a model lies in memory. Takes the GGUF directory, the hyperparameters and the
 * address at which the file's data begins; returns structs with a pointer for each tensor, checked by name, type and
 * shape before a byte of data is loaded. This folder knows nothing about how layers compute, about sessions, or about
 * how bytes arrive.
 *
 *   tensors.h      the tensors of a model, and tensors_bind, which fills them in; tensors_*.c bind parts of a layer
 *   weight.h       one weight matrix
 *   binder.h       finds tensors by name and checks them
 *   load_phase.h   the order in which a pass needs the tensors */
#ifndef ENGINE_WEIGHTS_TENSORS_H
#define ENGINE_WEIGHTS_TENSORS_H

#include "engine/config/hparams.h"
#include "engine/weights/weight.h"

/* norm(x) * weight + bias. Without a weight, the model has no such norm; without a bias, none is added. */
struct norm {
    const float *weight; /* (n) */
    const float *bias;   /* (n) */
};

/* A dense FFN. A bias has one float for each row of its matrix. */
struct ffn_tensors {
    struct weight gate; /* (n_ff, n_embd) */
    struct weight up;   /* (n_ff, n_embd) */
    struct weight down; /* (n_embd, n_ff) */
    const float *gate_bias;
    const float *up_bias;
    const float *down_bias;
    struct norm inner_norm; /* (n_ff): of the input of down */
};

struct expert_tensors {
    struct weight router; /* (n_expert, n_embd) */
    const float *router_bias;
    const float *choice_bias;  /* (n_expert): added to the scores for choosing, not for weighting */
    struct weights gate;       /* of (n_ff, n_embd) */
    struct weights up;         /* of (n_ff, n_embd) */
    struct weights down;       /* of (n_embd, n_ff) */
    struct ffn_tensors shared; /* the shared expert, which all tokens use ... */
    struct weight shared_gate; /* (1, n_embd): ... multiplied by the sigmoid of this product */
};

struct shortconv_tensors {
    struct weight in;  /* (3 * n_embd, n_embd) */
    const float *conv; /* (n_embd, taps) */
    struct weight out; /* (n_embd, n_embd) */
};

/* Multi-head latent attention; sizes are those of struct latent_hparams. */
struct latent_tensors {
    struct weight query_down; /* (n_query, n_embd), or none */
    struct norm query_norm;   /* (n_query) */
    struct weight query;      /* (n_head * head_dim_k, n_query or n_embd) */
    struct weight down;       /* (n_latent + n_rot, n_embd): the latent vector and the rotated part of the key */
    struct norm norm;         /* (n_latent) */
    struct weights keys;      /* absorbed: n_head of (n_latent, n_plain): queries to the latent space ... */
    struct weights values;    /* ... and n_head of (head_dim_v, n_latent): results back */
    struct weight both; /* otherwise (n_head * (n_plain + head_dim_v), n_latent): each head's key, then its value */
};

/* Mamba and Mamba 2; of two shapes, the second is Mamba 2's. The convolution has inner channels in Mamba, and
 * inner + 2 * groups * state in Mamba 2. */
struct mamba_tensors {
    struct weight in;       /* (2 * inner, n_embd); (projected, n_embd) */
    const float *conv;      /* (channels, taps) */
    const float *conv_bias; /* (channels) */
    struct weight x;        /* (rank + 2 * state, inner); none */
    struct weight dt;       /* (inner, rank); none */
    const float *dt_bias;   /* (inner); (heads) */
    const float *a;         /* (inner, state); (heads) */
    const float *d;         /* (inner); (heads) */
    const float *norm;      /* none; (groups, inner / groups) */
    struct weight out;      /* (n_embd, inner) */
};

/* Adds a token's per-layer embedding to x at the end of the layer. */
struct per_layer_tensors {
    struct weight gate; /* (n_per_layer, n_embd) */
    struct weight up;   /* (n_embd, n_per_layer) */
    struct norm norm;   /* (n_embd) */
};

/* AltUp (https://arxiv.org/abs/2301.13310) and LAuReL (https://arxiv.org/abs/2411.07501): several residual streams. */
struct altup_tensors {
    struct weight router;       /* (n_altup, n_embd) */
    struct norm router_norm;    /* (n_embd) */
    struct weight predict;      /* (n_altup * n_altup, n_altup) */
    struct weight correct;      /* (n_altup, n_altup) */
    const float *correct_scale; /* (n_embd) */
    struct weight laurel_left;  /* (laurel_rank, n_embd) */
    struct weight laurel_right; /* (n_embd, laurel_rank) */
    struct norm laurel_norm;    /* (n_embd) */
};

/* Gated delta net (https://arxiv.org/abs/2412.06464). The convolution has inner + 2 * groups * state channels. */
struct delta_tensors {
    struct weight qkv;    /* (channels, n_embd) */
    struct weight gate;   /* (inner, n_embd) */
    struct weight beta;   /* (rank, n_embd) */
    struct weight alpha;  /* (rank, n_embd) */
    const float *conv;    /* (channels, taps) */
    const float *dt_bias; /* (rank) */
    const float *a;       /* (rank) */
    const float *norm;    /* (state) */
    struct weight out;    /* (n_embd, inner) */
};

/* Tensors that the model does not have are zero. */
struct layer_tensors {
    struct norm attention_norm;      /* (n_embd) */
    struct norm attention_post_norm; /* (n_embd) */
    const float *query_norm;         /* (head_dim_k), or (n_head, head_dim_k) */
    const float *key_norm;
    struct weight
        query;         /* (n_head * head_dim_k, n_embd); gated: twice as many rows, each head's gate after its query */
    struct weight key; /* (n_head_kv * head_dim_k, n_embd); none if the layer reads another layer's keys and values */
    struct weight value;     /* (n_head_kv * head_dim_v, n_embd); none if the keys are the values */
    struct weight output;    /* (n_embd, n_head * head_dim_v) */
    const float *query_bias; /* a bias has one float for each row of its matrix */
    const float *key_bias;
    const float *value_bias;
    const float *output_bias;
    const float *sinks;     /* (n_head): score of a position without a value */
    struct norm mixed_norm; /* (n_head * head_dim_v): of the input of the output matrix */
    struct shortconv_tensors shortconv;
    struct mamba_tensors mamba;
    struct delta_tensors delta;
    struct norm ffn_norm;      /* (n_embd) */
    struct norm ffn_post_norm; /* (n_embd) */
    struct ffn_tensors ffn;
    struct expert_tensors experts;
    struct latent_tensors latent;
    struct per_layer_tensors per_layer;
    struct altup_tensors altup;
    const float *scale; /* (1): multiplies x at the end of the layer */
};

struct tensors {
    const struct layer_tensors *layers; /* (n_layer) */
    struct weight embedding;            /* (n_vocab, n_embd) */
    struct weight types;                /* (n_types, n_embd): embeddings of token types */
    struct weight positions;            /* (n_ctx_train, n_embd): learned position embeddings */
    struct weight output;               /* (n_vocab, n_embd); the embedding if the file has none */
    const float *output_bias;           /* (n_vocab) */
    struct norm embedding_norm;         /* (n_embd) */
    struct norm output_norm;            /* (n_embd) */
    struct weight per_layer_embedding;  /* (n_vocab, n_layer * n_per_layer) */
    struct weight per_layer_projection; /* (n_layer * n_per_layer, n_embd) */
    struct norm per_layer_norm;         /* (n_per_layer) */
    struct weights altup_in;            /* n_altup - 1 of (n_embd, n_embd): from x to the other streams ... */
    struct weights altup_out;           /* ... and back */
    struct weight dense_in;             /* (n_dense, n_embd) and ... */
    struct weight dense_out;            /* ... (n_embd, n_dense): applied to a pooled embedding */
    const float *rope_factors;          /* (rot / 2): angles are divided by these: for any context, ... */
    const float *rope_factors_long;     /* ... for a context longer than the original one, ... */
    const float *rope_factors_short;    /* ... and for the others */
    uint64_t quantized_bytes;           /* of the widest quantized activations of a token */
    uint64_t panel_bytes;               /* of the largest panel */
};

/* Binds every tensor of the file, whose data begins at the address `base`, and sets hparams->n_vocab. `layers` is
 * (n_layer). phases (n_tensors) gets for each tensor 1 + the load phase in which a pass first needs it. The data need
 * not be in memory yet; with base 0, the call only checks. Errors name the tensor: it is missing, has another shape or
 * an unsupported type, or the architecture does not use it. */
int tensors_bind(struct tensors *tensors, struct layer_tensors *layers, struct hparams *hparams,
                 const struct gguf *gguf, uintptr_t base, uint16_t *phases, struct qn_error *error);

#endif
