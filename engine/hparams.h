/* Hyperparameters: read from the metadata, checked once, trusted from then on. */
#ifndef ENGINE_HPARAMS_H
#define ENGINE_HPARAMS_H

#include "engine/architecture.h"
#include "gguf/gguf.h"
#include "platform/memory.h"

/* Bounds that keep every product of sizes far from wrapping in 64 bits, and every size of a real model inside. */
#define MAX_LAYERS  512u
#define MAX_WIDTH   (1u << 20) /* n_embd, n_ff, n_head * head_dim */
#define MAX_VOCAB   (1u << 24)
#define MAX_CONTEXT (1u << 24)

struct layer_hparams {
    uint32_t n_head;
    uint32_t n_head_kv; /* divides n_head */
    uint32_t n_ff;
    uint32_t window;  /* positions seen, the token's own included; 0: all */
    bool window_rope; /* rotates by window_rope_base */
};

struct hparams {
    const struct architecture *architecture;
    const struct layer_hparams *layers; /* (n_layer) */
    uint32_t n_layer;
    uint32_t n_embd;
    uint32_t n_vocab;
    uint32_t n_ctx_train;
    uint32_t head_dim_k; /* multiples of 8 */
    uint32_t head_dim_v;
    uint32_t n_rot; /* dimensions of a head that are rotated, even */
    float norm_epsilon;
    float rope_base;
    float window_rope_base;
    float rope_scale; /* multiplies positions, of layers without a window */
    float attention_scale;
    float embedding_scale;
    float logit_softcap; /* 0: none */
    /* the largest over all layers */
    uint32_t max_head;
    uint32_t max_head_kv;
    uint32_t max_ff;
};

/* Fills *hparams from a model's metadata; n_vocab comes from the token embedding's shape. The layers go to the arena.
 */
int hparams_read(struct hparams *hparams, const struct gguf *gguf, struct arena *arena, struct qn_error *error);

#endif
