/* The table of architectures: a decoder model is a row of facts. A new model of a known kind is a row here and a
 * vector in tests/vectors. */
#ifndef ENGINE_ARCHITECTURE_H
#define ENGINE_ARCHITECTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "gguf/gguf.h"

enum rope_kind { ROPE_NORM, ROPE_NEOX }; /* pairs (2i, 2i+1); pairs (i, i + n/2) */
enum gate_kind { GATE_SILU, GATE_GELU }; /* of the feed-forward network: SwiGLU, GEGLU */

struct architecture {
    const char *name; /* general.architecture, and the prefix of its keys */
    enum rope_kind rope;
    enum gate_kind gate;
    bool qk_norm;            /* RMSNorm over each head of Q and K before rope */
    bool post_norms;         /* RMSNorm after attention and after the feed-forward network, before they are added */
    bool embedding_sqrt;     /* embeddings are multiplied by sqrt(n_embd) */
    bool rope_is_head_dim;   /* a rope.dimension_count that is not head_dim is refused */
    uint32_t window_pattern; /* with a sliding window: every n-th layer has none; 0: windows are not used */
    float window_rope_base;  /* default rope base of layers with a window */
};

/* Null when `name` is no row; then *error lists the rows there are. */
const struct architecture *architecture_find(struct gguf_text name, uint64_t offset, struct qn_error *error);

#endif
