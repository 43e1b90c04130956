/* Tensors bound to their places in the model: by name, type and shape, before a byte of them is loaded. */
#ifndef ENGINE_TENSORS_H
#define ENGINE_TENSORS_H

#include "engine/config/hparams.h"
#include "kernels/kernels.h"

/* A matrix of `rows` rows of `cols` weights, row_bytes apart, as it lies in the file. */
struct weight {
    const uint8_t *data;
    const struct weight_kernels *kernels; /* null: the model has no such matrix */
    const float *scale;                   /* (1): multiplies the product; or null */
    size_t rows;
    size_t cols;
    size_t row_bytes;
    uint32_t type; /* enum tensor_type */
};

/* Matrices of one shape, one for each expert. */
struct weights {
    struct weight first;
    size_t bytes;        /* from one to the next */
    const float *scales; /* (count), as struct weight's; or null */
    const float *biases; /* (count, rows), or null */
};

/* Of x (n): normed(x) * weight + bias. No weight: there is no norm. No bias: none is added. */
struct norm {
    const float *weight; /* (n) */
    const float *bias;   /* (n) */
};

/* A feed-forward network. Biases: as long as the rows of their matrix. */
struct ffn_tensors {
    struct weight gate; /* (n_ff, n_embd) */
    struct weight up;   /* (n_ff, n_embd) */
    struct weight down; /* (n_embd, n_ff) */
    const float *gate_bias;
    const float *up_bias;
    const float *down_bias;
    struct norm inner_norm; /* (n_ff): of what goes into down */
};

struct expert_tensors {
    struct weight router; /* (n_expert, n_embd) */
    const float *router_bias;
    const float *choice_bias;  /* (n_expert): added to the scores for the choice alone */
    struct weights gate;       /* of (n_ff, n_embd) */
    struct weights up;         /* of (n_ff, n_embd) */
    struct weights down;       /* of (n_embd, n_ff) */
    struct ffn_tensors shared; /* a network that all tokens take as well ... */
    struct weight shared_gate; /* (1, n_embd): ... times the sigmoid of this product */
};

struct shortconv_tensors {
    struct weight in;  /* (3 * n_embd, n_embd) */
    const float *conv; /* (n_embd, taps) */
    struct weight out; /* (n_embd, n_embd) */
};

/* Latent attention. Heads' rows: see struct latent_hparams. */
struct latent_tensors {
    struct weight query_down; /* (n_query, n_embd), or none */
    struct norm query_norm;   /* (n_query) */
    struct weight query;      /* (n_head * head_dim_k, n_query or n_embd) */
    struct weight down;       /* (n_latent + n_rot, n_embd): the vector, and the part of the key that is rotated */
    struct norm norm;         /* (n_latent) */
    struct weights keys;      /* absorbed: for each head (n_latent, n_plain), transposed: from queries ... */
    struct weights values;    /* ... and (head_dim_v, n_latent): to results */
    struct weight both; /* otherwise (n_head * (n_plain + head_dim_v), n_latent): to keys and values, head by head */
};

/* Of both kinds: where two shapes stand, the second is Mamba 2's. Channels: inner; inner and 2 * groups * state. */
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

/* A token's embedding for the layer joins x behind it. */
struct per_layer_tensors {
    struct weight gate; /* (n_per_layer, n_embd) */
    struct weight up;   /* (n_embd, n_per_layer) */
    struct norm norm;   /* (n_embd) */
};

/* Of a layer in a model with several residual streams. */
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

/* Gated delta net. Channels: inner + 2 * groups * state. */
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

/* What a model lacks is zero. */
struct layer_tensors {
    struct norm attention_norm;      /* (n_embd) */
    struct norm attention_post_norm; /* (n_embd) */
    const float *query_norm;         /* (head_dim_k), or one after another for each head */
    const float *key_norm;
    struct weight query;     /* (n_head * head_dim_k, n_embd); gated: each head's gate follows its query */
    struct weight key;       /* (n_head_kv * head_dim_k, n_embd); none, and no value, in a layer that reads another's */
    struct weight value;     /* (n_head_kv * head_dim_v, n_embd); none where keys are the values */
    struct weight output;    /* (n_embd, n_head * head_dim_v) */
    const float *query_bias; /* biases: as long as the rows of their matrix */
    const float *key_bias;
    const float *value_bias;
    const float *output_bias;
    const float *sinks;     /* (n_head): scores of a position that weighs but has no value */
    struct norm mixed_norm; /* (n_head * head_dim_v): of what goes into the output matrix */
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
    const float *scale; /* (1): of x, behind the layer */
};

struct tensors {
    const struct layer_tensors *layers; /* (n_layer) */
    struct weight embedding;            /* (n_vocab, n_embd) */
    struct weight types;                /* (n_types, n_embd), of the kinds of tokens */
    struct weight positions;            /* (n_ctx_train, n_embd): learned ones */
    struct weight output;               /* (n_vocab, n_embd); the embedding when the file has none */
    const float *output_bias;           /* (n_vocab) */
    struct norm embedding_norm;         /* (n_embd) */
    struct norm output_norm;            /* (n_embd) */
    struct weight per_layer_embedding;  /* (n_vocab, n_layer * n_per_layer) */
    struct weight per_layer_projection; /* (n_layer * n_per_layer, n_embd) */
    struct norm per_layer_norm;         /* (n_per_layer) */
    struct weights altup_in;            /* (n_altup - 1) of (n_embd, n_embd): from x to the other streams, ... */
    struct weights altup_out;           /* ... and back */
    struct weight dense_in;             /* (n_dense, n_embd), and ... */
    struct weight dense_out;            /* ... (n_embd, n_dense): what an embedding passes at last */
    const float *rope_factors;          /* (rot / 2), divisors of the angles: for any context, ... */
    const float *rope_factors_long;     /* ... for one longer than the model was first trained for, ... */
    const float *rope_factors_short;    /* ... and for one that is not */
    uint64_t quantized_bytes;           /* of the activations of a token that a matrix wants */
    uint64_t panel_bytes;               /* of the largest panel */
};

/* Binds every tensor of the file, whose data section starts at the address `base`, into *tensors; `layers` is
 * (n_layer). A tensor that is missing, has another shape or a type without kernels, or that nothing binds, is an error
 * that names it. Sets hparams->n_vocab. The memory need not be there yet: base 0 only checks. phases: (n_tensors), gets
 * 1 + the phase of load_order.h in which a pass first needs each. */
int tensors_bind(struct tensors *tensors, struct layer_tensors *layers, struct hparams *hparams,
                 const struct gguf *gguf, uintptr_t base, uint16_t *phases, struct qn_error *error);

#endif
