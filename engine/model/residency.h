/* Which bytes of a model's tensors have come, and in which order a pass over the layers needs them: it can begin while
 * the rest is still on its way. */
#ifndef ENGINE_ARRIVAL_H
#define ENGINE_ARRIVAL_H

#include "engine/config/hparams.h"

/* So many pieces apart from one another the tensors may come in, at any one time. */
#define MAX_STRETCHES 1024u

/* Bytes [begin, end) of the tensors as they lie in memory. */
struct stretch {
    uint64_t begin;
    uint64_t end;
};

struct arrival {
    const struct gguf_tensor *tensors; /* (n_tensors), in the order of need, then as in the file */
    uint32_t n_tensors;
    uint32_t whole;            /* of these, from the first on, so many have come whole */
    const uint32_t *ends;      /* (n_phases): the tensors before this one are of this phase or an earlier one */
    struct stretch *stretches; /* (MAX_STRETCHES): what has come, ascending, with gaps in between */
    uint32_t n_stretches;
};

/* phases: (n_tensors), 1 + the phase of each of the file's tensors. */
int arrival_plan(struct arrival *arrival, const struct gguf *gguf, const uint16_t *phases, uint32_t n_phases,
                 struct arena *arena, struct qn_error *error);
/* Bytes [begin, end) have come, some of them maybe once more. */
int arrival_add(struct arrival *arrival, uint64_t begin, uint64_t end, struct qn_error *error);
/* The bytes from *begin on that have not come: moves *begin to the first of them and returns their end. */
uint64_t arrival_gap(const struct arrival *arrival, uint64_t *begin);

#endif
