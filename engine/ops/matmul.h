/* engine/ops: operations on all tokens of a micro-batch, spread over the pool. Matrix products are here, everything row
 * by row is in elementwise.h.
 * Takes rows of floats, bound weights and scratch memory; writes rows of floats. The result of a row does not depend on
 * the other rows or on the number of threads.
 * It must not know what the rows mean: layers, positions, caches and sessions are above it. */
#ifndef ENGINE_OPS_MATMUL_H
#define ENGINE_OPS_MATMUL_H

#include <stdbool.h>

#include "engine/state/scratch.h"
#include "engine/weights/weight.h"

/* out[t] = w x[t], times the weight's scale, plus the bias. */
struct product {
    float *out; /* (tokens, w->rows) */
    const struct weight *w;
    const float *bias; /* (w->rows), or null */
    bool scale_bias;   /* the scale multiplies the bias too, as in llama.cpp's build_ffn */
};
/* Several products of the same x (tokens, w->cols). x is quantized once for consecutive products that take the same
 * kind of activation. */
void op_matmul(const struct product *products, size_t count, const struct scratch *scratch, const float *x,
               size_t tokens);

/* Slots, grouped by the matrix that they are multiplied by: group g is the slots start[g] to start[g + 1] - 1. */
struct groups {
    uint32_t count;
    const uint32_t *matrix; /* (count): index of the group's matrix */
    const uint32_t *start;  /* (count + 1), from 0 */
    const uint32_t *row;    /* (start[count]): the row of x in each slot; null: slot s has row s */
};
/* out[s] = matrix of s times x[row of s]. out: (start[count], rows of a matrix). x: rows of w->first.cols floats,
 * `stride` floats apart. The slots' quantized rows must fit in scratch.quantized: w was bound with as many per token.
 */
void op_matmul_grouped(float *out, const struct weights *w, const struct groups *groups, const struct scratch *scratch,
                       const float *x, size_t stride);

#endif
