/* Attention over the KV cache: softmax(q k^T * scale) v for the queries of a micro-batch. */
#ifndef ENGINE_LAYERS_ATTEND_H
#define ENGINE_LAYERS_ATTEND_H

#include "engine/state/session_state.h"

/* Floats of scratch.attention that one worker needs in a context of that many tokens. format: enum qn_cache. */
uint64_t attention_scratch_floats(const struct hparams *hparams, uint32_t format, uint32_t context);

/* From scratch.query, whose keys and values are in the cache, to scratch.mixed. */
void attend(struct qn_session *session, uint32_t layer);

#endif
