/* The facts that distinguish one architecture from another. Most decoder models share the same code and differ only in
 * facts: the type and placement of norms, the RoPE variant, which biases exist. An architecture is therefore a row of
 * the table in architecture.c, and the code in other folders asks the row. docs/adding-an-architecture.md describes
 * how to add one.
 *
 * A field that is left out of a row is zero: the fact does not hold. "Default" below means: used when the file's
 * metadata does not give the value. */
#ifndef ENGINE_CONFIG_ARCHITECTURE_H
#define ENGINE_CONFIG_ARCHITECTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "gguf/gguf.h"

/* The enums of this header take one byte: the table has a row of them for each architecture. */
#define PACKED __attribute__((packed))

enum PACKED norm_kind { NORM_RMS, NORM_LAYER };

/* Where a layer has its norms; f is a sublayer (mixer or FFN). */
enum PACKED norm_placement {
    NORM_PRE,          /* x += f(norm(x)) */
    NORM_PRE_AND_POST, /* x += norm(f(norm(x))) */
    NORM_POST,         /* x += norm(f(x)) */
    NORM_SUM           /* x = norm(x + f(x)); the last layer's norm replaces the output norm */
};

/* The FFN's norm in layers that have one before the FFN. */
enum PACKED ffn_norm {
    FFN_NORM_DEFAULT,        /* ffn_norm.weight */
    FFN_NORM_OPTIONAL,       /* may be absent; then attention and FFN take the same normed input */
    FFN_NORM_POST_ATTENTION, /* is called post_attention_norm.weight */
    FFN_NORM_BARE            /* is called ffn_norm */
};

/* Norms of queries and keys. */
enum PACKED qk_norm {
    QK_NORM_NONE,
    QK_NORM_SHARED,   /* each head, with one weight (head_dim) for all heads */
    QK_NORM_PER_HEAD, /* each head, with a weight (head_dim) of its own; the file may omit the tensors */
    QK_NORM_WHOLE     /* all heads at once, as one row (n_head * head_dim) */
};

/* Which dimensions are rotated together: none; (2i, 2i + 1); (i, i + n / 2). */
enum PACKED rope_kind { ROPE_NONE, ROPE_NORM, ROPE_NEOX };
/* How multi-axis RoPE distributes rope.dimension_sections over the rotated pairs. */
enum PACKED rope_sections {
    SECTIONS_NONE,
    SECTIONS_CONSECUTIVE, /* one section after the other */
    SECTIONS_INTERLEAVED  /* pairs belong to the sections 0, 1, 2, 0, 1, 2 and so on */
};

/* The mixer of a layer. All kinds but the first two keep recurrent state instead of keys and values. */
enum PACKED layer_kind {
    LAYER_ATTENTION,
    LAYER_LATENT, /* multi-head latent attention */
    LAYER_SHORTCONV,
    LAYER_MAMBA,
    LAYER_MAMBA2,
    LAYER_ATTENTION_MAMBA2, /* both, from the same input; their outputs are added */
    LAYER_DELTA             /* gated delta net */
};

/* The FFN's activation function. ACT_OAI: g * sigmoid(1.702 g) * (u + 1), with g at most 7 and u in [-7, 7]. */
enum PACKED act_kind { ACT_SILU, ACT_GELU, ACT_OAI };
enum PACKED ffn_gate {
    FFN_GATE_SEPARATE, /* down(act(gate(x)) * up(x)), with a tensor ffn_gate */
    FFN_GATE_FUSED,    /* the same; ffn_up holds the rows of the gate, then those of up */
    FFN_GATE_NONE      /* down(act(up(x))) */
};

enum PACKED expert_use { EXPERTS_NEVER, EXPERTS_OPTIONAL, EXPERTS_REQUIRED };
/* The expert that every token uses in addition to the chosen ones. */
enum PACKED shared_expert {
    SHARED_EXPERT_NONE,
    SHARED_EXPERT_WIDTH, /* as wide as expert_shared_feed_forward_length; none without that key */
    SHARED_EXPERT_GATED, /* the same, but n_ff wide without the key; its output is multiplied by a sigmoid */
    SHARED_EXPERT_COUNT  /* as wide as expert_shared_count experts */
};
/* How router scores become weights: softmax over all experts; sigmoid; softmax over the chosen experts. The numbers are
 * those of the key expert_gating_func; GATING_NONE in a row means softmax. */
enum PACKED gating { GATING_NONE, GATING_SOFTMAX, GATING_SIGMOID, GATING_CHOSEN };

/* Multipliers that the model reads from its metadata. */
enum PACKED multipliers {
    MULTIPLIERS_NONE,
    MULTIPLIERS_LOGITS,  /* logits * logit_scale */
    MULTIPLIERS_GRANITE, /* embedding_scale, residual_scale, attention.scale; logits / logit_scale */
    MULTIPLIERS_MINICPM  /* the same, with defaults computed from n_layer and n_embd */
};

/* Values of window.every other than a number of layers. */
#define WINDOW_ALL       UINT16_MAX       /* every layer has a window; the file's pattern is ignored */
#define WINDOW_FROM_FILE (UINT16_MAX - 1) /* the file must give the window and the layers that have it */

struct architecture {
    const char *name; /* general.architecture, and the prefix of the model's metadata keys */
    bool encoder;     /* every token sees every other token; gives embeddings, no logits */
    bool parallel;    /* attention and FFN take the same normed x; there is no norm before the FFN */
    bool altup;       /* several residual streams: layers update one and correct the others (AltUp, with LAuReL) */
    bool layer_scale; /* layers that have layer_output_scale multiply x by it at their end */
    enum multipliers multipliers;

    struct {
        bool times_sqrt_width;    /* token embeddings are multiplied by sqrt(n_embd) */
        bool learned_positions;   /* a learned vector per position is added */
        bool token_types;         /* if the file has token_types, its first row is added to every token */
        bool norm;                /* a norm before the first layer */
        bool per_layer;           /* each token has a further embedding for each layer ... */
        uint16_t per_layer_width; /* ... of this default width; 0: the file must give it */
    } embedding;

    struct {
        enum norm_kind kind;
        enum norm_placement placement;
        enum ffn_norm ffn;
        bool bias;
        bool inner;          /* a norm before the last matrix of each sublayer */
        bool first_optional; /* attn_norm of the first layer may be absent */
        bool second;         /* if there is attn_norm_2, attention takes it, and the FFN takes attn_norm */
    } norm;

    struct {
        enum qk_norm qk_norm;
        bool qk_norm_after_rope;     /* instead of before */
        bool gated;                  /* attn_q gives each head a query and a gate; sigmoid(gate) scales its result */
        bool sinks;                  /* each head has a learned score that takes weight but has no value */
        bool ignore_output_bias;     /* attn_output.bias may be present and is not used, as in llama.cpp */
        bool latent;                 /* multi-head latent attention */
        bool softcap;                /* scores are soft-capped, at 50 by default */
        bool unscaled;               /* scores are not multiplied by 1 / sqrt(head_dim) */
        uint16_t embd_scale_n_layer; /* models of this many layers scale by 1 / sqrt(n_embd / n_head) */
        bool value_norm;             /* values are normed, without a weight */
        bool value_is_key;           /* without attn_v, values are the keys before norm and RoPE */
        bool shared_kv;              /* the last attention.shared_kv_layers layers read keys of earlier layers */
        uint16_t own_kv_layers;      /* default number of layers with their own keys and values; 0: all */
    } attention;

    struct {
        enum rope_kind kind;
        enum rope_sections sections;
        bool whole_head;        /* a rope.dimension_count other than head_dim is an error */
        bool can_be_off;        /* rope.scaling.finetuned = false: the model has no RoPE */
        uint16_t none_every;    /* every n-th layer has no RoPE; 0: all have it */
        bool ignore_freqs;      /* rope_freqs may be present and is not used, as in llama.cpp */
        bool freqs_required;    /* layers without a window need rope_freqs */
        bool windowed_only;     /* in a model with windows, layers without one have no RoPE */
        bool windowed_unscaled; /* layers with a window ignore the model's context scaling */
        float windowed_base;    /* default base of layers with a window; 0: the model's base */
    } rope;

    struct {
        uint16_t every;        /* default pattern: every n-th layer has no window; 0: the model has no windows */
        bool first;            /* the first of each n layers has no window, instead of the last */
        uint32_t size;         /* default window in positions; 0: no windows unless the file gives one */
        uint16_t only_n_layer; /* only models of this many layers have windows; 0: all */
        bool symmetric;        /* the window is centered on the token */
        bool own_heads;        /* layers with a window may have their own head_dim and rotated dimensions */
    } window;

    struct {
        bool none; /* layers end after the mixer */
        enum ffn_gate gate;
        enum act_kind act;
        bool act_from_file;     /* hidden_activation may name another function than `act` */
        bool scales;            /* ffn_*.scale multiply; otherwise they are ignored, as in llama.cpp */
        uint16_t sparse_layers; /* default number of first layers with sparse gates; 0: the model has none */
    } ffn;

    struct {
        enum expert_use use;
        enum shared_expert shared;
        enum gating gating;
        bool gating_from_file;  /* expert_gating_func is read */
        bool weights_from_file; /* expert_weights_norm and expert_weights_scale are read */
        bool normalized;        /* the weights of the chosen experts are divided by their sum */
        bool bias;              /* router and experts have biases */
        bool share_width;       /* without expert_feed_forward_length, the chosen experts together are n_ff wide */
    } experts;

    struct {
        enum layer_kind kind;     /* LAYER_ATTENTION: the model has no recurrent layers */
        bool all;                 /* all layers are recurrent; otherwise those without KV heads are, or ... */
        uint16_t attention_every; /* ... all but every n-th by default; the file may give n or the list */
    } recurrent;

    struct {
        bool norm_from_embedding_name; /* the output norm is called token_embd_norm */
        bool ignore_bias;              /* output.bias may be present and is not used, as in llama.cpp */
        bool softcap;                  /* logits may be soft-capped ... */
        float softcap_default;         /* ... at this value by default; 0: not */
    } output;
};

/* The row for general.architecture = `name`. On failure returns NULL and sets *error to QN_ERR_UNSUPPORTED at `offset`
 * with the list of known names. */
const struct architecture *architecture_find(struct gguf_text name, uint64_t offset, struct qn_error *error);

#endif
