/* The table of architectures: a decoder model is a row of facts. A new model of a known kind is a row here and a
 * vector in tests/vectors; docs/models.md says how. */
#ifndef ENGINE_ARCHITECTURE_H
#define ENGINE_ARCHITECTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "gguf/gguf.h"

enum norm_kind { NORM_RMS, NORM_LAYER };
enum rope_kind { ROPE_NONE, ROPE_NORM, ROPE_NEOX }; /* pairs (2i, 2i+1); pairs (i, i + n/2) */
/* What mixes the tokens of a layer. All but the first two keep a state instead of keys and values. */
enum layer_kind {
    LAYER_ATTENTION,
    LAYER_LATENT,
    LAYER_SHORTCONV,
    LAYER_MAMBA,
    LAYER_MAMBA2,
    LAYER_ATTENTION_MAMBA2, /* both, of the same input, added up */
    LAYER_DELTA             /* gated delta net */
};
/* Of the feed-forward network. OAI: g s(1.702 g) (u + 1), s the sigmoid, g at most 7 and u in [-7, 7]. */
enum act_kind { ACT_SILU, ACT_GELU, ACT_OAI };
/* Which pairs the sections of rope.dimension_sections hold: one run after another, or in turn by threes. */
enum section_kind { SECTIONS_NONE, SECTIONS_RUNS, SECTIONS_INTERLEAVED };

/* What a model has beyond attention and a gated feed-forward network, each with a norm before it. A tensor of the
 * tables in tensors.c is looked for when the row has all the features that its line names. */
enum feature {
    NO_PRE_NORMS = 1 << 0,        /* attention and feed-forward take x as it is */
    POST_NORMS = 1 << 1,          /* norms of what each half gives, before it is added */
    PARALLEL = 1 << 2,            /* both halves take the same x; so do layers of LOOSE_FF_NORM without ffn_norm */
    LOOSE_FF_NORM = 1 << 3,       /* ffn_norm may be absent */
    NORM_BIAS = 1 << 4,           /* norms have a bias */
    QK_NORM = 1 << 5,             /* Q and K are normed head by head, with one weight for all heads ... */
    QK_NORM_WIDE = 1 << 6,        /* ... or over all heads at once ... */
    QK_NORM_EACH = 1 << 7,        /* ... or head by head with a weight for each, where the file has it */
    QK_NORM_LATE = 1 << 8,        /* with one of these: after rope instead of before */
    UNGATED = 1 << 9,             /* down(act(up(x))) */
    FUSED_GATE = 1 << 10,         /* ffn_up holds the rows of the gate and then those of up */
    LEARNED_POSITIONS = 1 << 11,  /* a vector for each position is added to the embedding */
    SECOND_NORM = 1 << 12,        /* where there is attn_norm_2, attention takes it, and attn_norm is ffn_norm */
    FF_SCALES = 1 << 13,          /* ffn_*.scale multiply; llama.cpp reads and ignores them in the others, as do we */
    OUTPUT_BIAS_UNUSED = 1 << 14, /* attn_output.bias is read over, as llama.cpp reads over it */
    ENCODER = 1 << 15,            /* every token sees every other one; embeddings, no logits */
    EMBEDDING_NORM = 1 << 16,     /* a norm before the first layer */
    TOKEN_TYPES = 1 << 17,        /* where there is token_types, its first row is added to every token's embedding */
    ADDED_NORMS = 1 << 18,      /* norms of x once each half has been added, the last layer's in output_norm's place */
    LOOSE_FIRST_NORM = 1 << 19, /* attn_norm of the first layer may be absent */
    SINKS = 1 << 20,            /* each head has a score for a position without a value */
    LATE_FF_NORM = 1 << 21,     /* ffn_norm is called post_attention_norm */
    INNER_NORMS = 1 << 22,      /* norms before the last matrix of each half */
    OUTPUT_NORM_ELSEWHERE = 1 << 23, /* the output's norm is called token_embd_norm */
    NO_FEED = 1 << 24,               /* layers end with what mixes tokens */
    BARE_FF_NORM = 1 << 25,          /* ffn_norm without .weight */
    GATED_ATTENTION = 1 << 26 /* attn_q gives each head a query and a gate, whose sigmoid multiplies what it mixes */
};

/* How a mixture of experts is made; the keys expert_* say the rest. */
enum expert_features {
    EXPERTS = 1 << 0,              /* where the file has an expert_count */
    EXPERTS_NEEDED = 1 << 1,       /* and it must have one */
    EXPERTS_NORMED = 1 << 2,       /* the weights of those chosen are divided by their sum */
    EXPERTS_BIASED = 1 << 3,       /* router and experts have biases */
    EXPERTS_DIVIDE = 1 << 4,       /* without expert_feed_forward_length, n_ff is that of all chosen ones together */
    EXPERTS_SHARE = 1 << 5,        /* one more network for all tokens, where the file has its width ... */
    EXPERTS_SHARE_ALWAYS = 1 << 6, /* ... or n_ff wide without one, times a sigmoid */
    EXPERTS_SHARE_COUNT = 1 << 7,  /* ... or as wide as expert_shared_count of the experts */
    EXPERTS_GATING = 1 << 8,       /* expert_gating_func counts ... */
    EXPERTS_WEIGHTS = 1 << 9       /* ... and expert_weights_norm and expert_weights_scale */
};

/* Scores of a router: softmax over all; sigmoid; softmax over the chosen. As expert_gating_func counts them. */
enum gating { GATING_NONE, GATING_SOFTMAX, GATING_SIGMOID, GATING_CHOSEN };

/* Numbers that multiply something, from keys of that name. */
enum scale_keys {
    SCALES_NONE,
    SCALES_LOGITS,  /* logits * logit_scale */
    SCALES_GRANITE, /* embedding_scale, residual_scale, attention.scale; logits / logit_scale */
    SCALES_MINICPM  /* the same, with defaults made of n_layer and n_embd */
};

/* As a window_pattern: every layer has one, whatever the file says; the file must have a window and say which do. */
#define WINDOW_ALL   UINT32_MAX
#define WINDOW_NAMED (UINT32_MAX - 1)

struct architecture {
    const char *name;  /* general.architecture, and the prefix of its keys */
    uint32_t features; /* enum feature */
    enum norm_kind norm;
    enum rope_kind rope;
    enum act_kind act;
    enum scale_keys scales;
    enum layer_kind recurrent; /* of layers without KV heads, or ... */
    bool all_recurrent;        /* ... of all, or ... */
    uint32_t attention_every;  /* ... of all but every n-th, where the file says neither n nor which they are */
    bool rope_freqs_unused;    /* rope_freqs is read over, as llama.cpp reads over it */
    bool output_bias_unused;   /* and so is output.bias */
    enum section_kind sections;
    uint32_t experts;        /* enum expert_features */
    enum gating gating;      /* none: softmax */
    bool latent;             /* keys and values of all heads come from one short vector (multi-head latent attention) */
    bool embedding_sqrt;     /* embeddings are multiplied by sqrt(n_embd) */
    bool rope_is_head_dim;   /* a rope.dimension_count that is not head_dim is refused */
    bool rope_switch;        /* rope.scaling.finetuned = false: no rope at all */
    bool attention_softcap;  /* scores pass through a soft cap, 50 unless the file says another */
    uint32_t no_rope_every;  /* every n-th layer has no rope */
    uint32_t window_pattern; /* with a sliding window: every n-th layer has none; 0: windows are not used */
    uint32_t window_default; /* positions, where the file does not say */
    uint32_t window_layers;  /* only models of so many layers have windows; 0: all */
    bool window_rope_only;   /* in a model with windows, layers without have no rope */
    bool window_first;       /* the first of every n layers has none, instead of the last */
    bool window_symmetric;   /* half of the window lies on either side of a token */
    bool window_unscaled;    /* layers with a window rotate without the model's scaling of positions */
    float window_rope_base;  /* rope base of layers with a window, where the file does not say; 0: the model's */
    uint32_t wide_attention; /* models of so many layers scale attention by 1 / sqrt(n_embd / n_head) */
    bool final_softcaps;     /* logits pass through a soft cap where the file says so, or with ... */
    float final_softcap;     /* ... this one, where it does not; 0: none */
    bool act_named;          /* hidden_activation may name another act */
    bool window_heads;       /* heads of layers with a window may have widths and rope dimensions of their own */
    bool rope_freqs_needed;  /* layers without a window do not rotate without rope_freqs */
    bool attention_unscaled; /* scores are not scaled */
    bool value_norm;         /* values are normed as well, without a weight ... */
    bool value_is_key;       /* ... and are the keys, as they are before norm and rope, where there is no attn_v */
    bool shared_kv;     /* the last layers read keys and values of earlier ones, as attention.shared_kv_layers ... */
    uint32_t kv_layers; /* ... says; so many of the first have their own, where the file does not say; 0: all */
    bool layer_scales;  /* x is multiplied by layer_output_scale behind each layer that has one */
    bool per_layer;     /* tokens have an embedding for each layer, embedding_length_per_layer_input wide */
    uint32_t per_layer_width; /* where the file does not say; 0: it must */
    bool altup;               /* the residual stream is several, of which layers take one and correct the others */
    uint32_t sparse_layers;   /* activation_sparsity_scale counts; where the file has none, so many of the first layers
                                 have sparse gates */
};

/* Null when `name` is no row; then *error lists the rows there are. */
const struct architecture *architecture_find(struct gguf_text name, uint64_t offset, struct qn_error *error);

#endif
