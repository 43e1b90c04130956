/* AltUp: several residual streams, of which a layer computes one. Only Gemma 3n has them, together with LAuReL. */
#ifndef ENGINE_LAYERS_ALTUP_H
#define ENGINE_LAYERS_ALTUP_H

#include "engine/state/session_state.h"

/* After the token embedding: fills scratch.streams from x. */
void altup_begin(struct qn_session *session);
/* Before a layer: predicts all streams at the layer's output. x becomes the prediction for the first. */
void altup_predict(struct qn_session *session, uint32_t layer);
/* LAuReL of a mixer's input, (n_batch, n_embd), into scratch.laurel. */
void altup_laurel(struct qn_session *session, uint32_t layer, const float *in);
/* x = (x + scratch.laurel) / sqrt(2) */
void altup_add_laurel(struct qn_session *session);
/* After a layer: corrects the streams by the difference between x, the layer's output, and the prediction. Adds the
 * per-layer embedding to the streams other than the first. After the last layer x becomes the input of the output
 * norm. */
void altup_correct(struct qn_session *session, uint32_t layer);

#endif
