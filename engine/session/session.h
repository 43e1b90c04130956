/* engine/session: what the host does with a session. It queues tokens or an input to embed, steps, reads logits and
 * embeddings, samples, rewinds, saves and restores; the exports are documented in quern.h.
 * Takes token ids and a model whose memory has been granted; returns after bounded work with a status.
 * It must not know how a layer computes: it calls layers/forward.h, and it never sees text. */
#ifndef ENGINE_SESSION_SESSION_H
#define ENGINE_SESSION_SESSION_H

#include "engine/state/session_state.h"

/* As qn_session_new, with the given format of the KV cache (enum qn_cache) instead of the model's. */
qn_session *session_new(qn_model *model, uint32_t context, uint32_t batch, uint32_t cache);

#endif
