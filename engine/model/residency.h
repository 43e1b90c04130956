/* Which bytes of a model's tensors are resident, and the order in which a forward pass needs them: a pass can start
 * while later tensors are still on their way. */
#ifndef ENGINE_MODEL_RESIDENCY_H
#define ENGINE_MODEL_RESIDENCY_H

#include "engine/config/hparams.h"

/* The resident bytes may consist of this many ranges with gaps between them. */
#define MAX_RANGES 1024u

/* Bytes [begin, end) of the tensors in memory. */
struct byte_range {
    uint64_t begin;
    uint64_t end;
};

struct residency {
    const struct gguf_tensor *tensors; /* (n_tensors), by load phase, then as in the file; offsets from the first one */
    uint32_t n_tensors;
    uint32_t n_resident;       /* the first n_resident tensors are resident in full */
    const uint32_t *phase_end; /* (n_phases): tensors before this index belong to the phase or an earlier one */
    struct byte_range *ranges; /* (MAX_RANGES): the resident bytes, ascending, with gaps between */
    uint32_t n_ranges;
};

/* Sorts the tensors. phases: (n_tensors), 1 + the load phase of each tensor of the file. Arrays come from the arena. */
int residency_init(struct residency *residency, const struct gguf *gguf, const uint16_t *phases, uint32_t n_phases,
                   struct arena *arena, struct qn_error *error);
/* Bytes [begin, end) have arrived; some may have arrived before. */
int residency_add(struct residency *residency, uint64_t begin, uint64_t end, struct qn_error *error);
/* The first gap at or after *begin: moves *begin to its start and returns its end, UINT64_MAX for the last gap. */
uint64_t residency_gap(const struct residency *residency, uint64_t *begin);

#endif
