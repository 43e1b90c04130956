/* The order in which a gemv reads the weights: four rows at a time, which are the lanes of its sums. */
#ifndef KERNELS_SIMD128_GEMV_LANES_H
#define KERNELS_SIMD128_GEMV_LANES_H

#include "kernels/kernels.h"
#include "kernels/simd128/four_rows.h"
#include "kernels/simd128/hints.h"
#include "quant/blocks.h"

/* The rows of a gemv in turns of four: turn t takes rows t, t + apart, t + 2 apart and t + 3 apart, a lane each. Four
 * streams far from each other are what hardware prefetchers follow best; neighboring rows are not. */
struct gemv_turns {
    const uint8_t *w;
    float *out;
    size_t row_bytes;
    size_t rows;
    size_t n;
    size_t out_stride;
    size_t apart;        /* also the number of turns */
    size_t ahead;        /* bytes from a block to what is loaded ahead; 0: nothing is */
    const uint8_t *last; /* the last address at which MAX_AHEAD bytes still lie within the rows */
    uint32_t seen;       /* keeps the loads alive */
};

#define AHEAD     576u /* bytes */
#define MAX_AHEAD 256u /* bytes that are loaded ahead at a time, at most */

ALWAYS_INLINE struct gemv_turns gemv_turns(const struct gemv_args *args) {
    const size_t bytes = args->rows * args->row_bytes;
    const size_t ahead = args->order == GEMV_DISTANT_PREFETCH && bytes >= MAX_AHEAD ? AHEAD : 0;
    return (struct gemv_turns){.w = args->w,
                               .out = args->out,
                               .row_bytes = args->row_bytes,
                               .rows = args->rows,
                               .n = args->n,
                               .out_stride = args->out_stride,
                               .apart = (args->rows + 3) / 4,
                               .ahead = ahead,
                               .last = args->w + bytes - (ahead ? MAX_AHEAD : bytes)};
}

/* Loads a word from each cache line of the next `bytes` of four rows, if the order asks for it. WebAssembly has no
 * prefetch instruction, but loads that nothing depends on are all in flight at once. */
ALWAYS_INLINE void load_ahead(struct gemv_turns *turns, const uint8_t *const at[4], size_t bytes) {
    if (!turns->ahead) {
        return;
    }
    UNROLL
    for (size_t k = 0; k < 4; k++) {
        const uint8_t *next = opaque(at[k] + turns->ahead);
        if (next <= turns->last) {
            UNROLL
            for (size_t line = 0; line < bytes; line += 64) {
                turns->seen |= u32_at(next + line);
            }
        }
    }
}

ALWAYS_INLINE void gemv_end(const struct gemv_turns *turns) {
    volatile uint32_t kept = turns->seen;
    (void)kept;
}

/* Where the rows of a turn start. Past the last row the last one repeats; its result is not stored. */
ALWAYS_INLINE void rows_of_turn(const uint8_t *at[4], const struct gemv_turns *turns, size_t turn) {
    for (size_t k = 0, row = turn; k < 4; k++, row += turns->apart) {
        at[k] = turns->w + (row < turns->rows ? row : turns->rows - 1) * turns->row_bytes;
    }
}

/* Moves on to the next blocks of four rows. */
ALWAYS_INLINE void advance_rows(const uint8_t *at[4], size_t bytes) {
    UNROLL
    for (size_t k = 0; k < 4; k++) {
        at[k] += bytes;
    }
}

/* Stores the results of a turn for one token. */
ALWAYS_INLINE void store_turn(const struct gemv_turns *turns, size_t turn, size_t token, v128_t sums) {
    float *out = turns->out + token * turns->out_stride;
    float each[4];
    wasm_v128_store(each, sums);
    for (size_t k = 0, row = turn; k < 4 && row < turns->rows; k++, row += turns->apart) {
        out[row] = each[k];
    }
}

#endif
