/* A session's working memory. A forward pass keeps nothing here from one micro-batch to the next. */
#ifndef ENGINE_STATE_SCRATCH_H
#define ENGINE_STATE_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* A mixture of experts routes each token to n_used experts. A slot is one of these (token, rank) pairs; slots are
 * sorted by expert. Latent attention uses group_matrix, group_start and slot_row to group rows by head. */
struct expert_scratch {
    float *scores;          /* (batch, n_expert): the router's scores */
    float *weights;         /* (batch, n_used): weights of the chosen experts */
    float *shared_gate;     /* (batch): scores of the shared expert */
    uint32_t *chosen;       /* (batch, n_used): experts, best first */
    uint32_t *slots;        /* (batch, n_used): the slot of each (token, rank) */
    uint32_t *next_slot;    /* (n_expert): counters while slots are handed out */
    uint32_t *slot_row;     /* (batch * n_used) or (n_head * batch): the input row of each slot */
    uint32_t *group_matrix; /* (n_expert) or (n_head): the matrix of each group of slots */
    uint32_t *group_start;  /* (n_expert + 1) or (n_head + 1): the first slot of each group */
};

/* Arrays are 64-byte aligned. `batch` is the session's largest micro-batch, `workers` the size of the pool. */
struct scratch {
    float *x;              /* (batch, n_embd): the residual stream */
    float *h;              /* (batch, n_embd): x after a norm, the input of a sublayer */
    float *out;            /* (batch, n_embd): the output of a sublayer */
    float *query;          /* (batch, n_head * head.k), by the layer's own shape, as are key, value and mixed */
    float *key;            /* (batch, n_head_kv * head.k) */
    float *value;          /* (batch, n_head_kv * head.v) */
    float *mixed;          /* (batch, n_head * head.v): a mixer's result before its output matrix */
    float *projected;      /* (batch, recurrent.projected): outputs of a recurrent mixer's input matrices;
                              (batch, n_head, 2, head.k): queries and gates of gated attention */
    float *gate;           /* (batch, n_ff) */
    float *up;             /* (batch, n_ff) */
    float *angles;         /* (batch, ROPE_SETS, n_rot): cosines, then sines */
    double *rope_freqs;    /* (ROPE_SETS, n_rot / 2): radians per position */
    float *per_layer;      /* (batch, n_layer, n_per_layer): the tokens' embeddings for each layer */
    float *per_layer_rows; /* (workers, n_layer, n_per_layer): decoded rows of the per-layer embedding table */
    float *streams;        /* (n_altup, batch, n_embd): AltUp's residual streams */
    float *laurel;         /* (batch, n_embd): LAuReL's output, with AltUp only */
    float *logits;         /* (logit_capacity, n_vocab), in a block of its own */
    uint8_t *quantized;    /* (batch, tensors.quantized_bytes): quantized activations */
    uint8_t *panels;       /* (workers, panel_bytes): unpacked weights */
    float *attention;      /* (workers, attention_floats) */
    float *pooled;         /* (n_embd), the pooled embedding so far, then (n_dense) for its dense layers */
    struct expert_scratch experts;
    size_t panel_bytes;
    size_t attention_floats;
    enum gemv_order gemv_order; /* of the current micro-batch */
    uint32_t *out_of_range;     /* the session's, see scratch_check */
};

/* The exponent bits from which on scratch_check reports a magnitude. */
#define NOT_FINITE    0x7f800000u /* infinity and NaN */
#define OVERFLOWS_F16 0x477ff000u /* from 65520 on, the nearest f16 is infinity */

/* Sets *scratch->out_of_range if the bits of a magnitude in x (n) are at least `limit`. Quantizing and rounding to f16
 * would turn such numbers into plausible ones, so whoever computes or stores activations checks them first. May be
 * called by several threads at once. */
void scratch_check(const struct scratch *scratch, const float *x, size_t n, uint32_t limit);

#endif
