/* How much memory a session takes, and where everything lies in it. */
#ifndef ENGINE_SESSION_PLAN_H
#define ENGINE_SESSION_PLAN_H

#include "engine/state/session_state.h"

#define DEFAULT_BATCH 128u
#define MAX_BATCH     4096u
#define LOGIT_ROWS    8u /* most rows of logits from one step */

/* Replaces zeros by the defaults and checks the limits; the batch becomes at most the context. */
int plan_sizes(const struct qn_model *model, uint32_t *context, uint32_t *batch);
/* Points the arrays of a session whose model, context, batch and kv.format are set into `block` (64-byte aligned), and
 * returns the block's size. With a null block it only counts. The size may be more than a host can grant. */
uint64_t plan_layout(struct qn_session *session, uint8_t *block);

#endif
