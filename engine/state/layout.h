/* How much memory a session takes, stated before any is taken. */
#ifndef ENGINE_LAYOUT_H
#define ENGINE_LAYOUT_H

#include "engine/state/session.h"

/* Places of a session's block, as offsets from its start; 64-bit, so that a plan can be too large to be granted. */
struct layout {
    uint64_t x, h, out, query, key, value, mixed, gate, up, angles, inverse, quantized, panels, attention, pooled;
    uint64_t scores, weights, shared, chosen, slots, rows, which, starts, next; /* struct expert_scratch */
    uint64_t tokens, wants, recent, candidates, pages, layer_start;
    uint64_t projected, state;                               /* of recurrent layers */
    uint64_t per_layer, per_layer_rows, streams, laurel;     /* of models that have these */
    uint64_t quantized_bytes, panel_bytes, attention_floats; /* of one row, of one worker */
    uint64_t bytes;                                          /* of the block */
};

/* For micro-batches of `batch` tokens in a context of `context`. Logits have a block of their own. */
struct layout layout_of(const struct qn_model *model, uint32_t context, uint32_t batch);

#endif
