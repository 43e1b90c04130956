/* Fetches weights ahead of their use in a gemv. WebAssembly has no prefetch instruction, and where the hardware
 * prefetcher does not follow, a processor waits for each cache line. A handful of loads that nothing depends on are all
 * in flight at once. */
#ifndef KERNELS_SIMD128_PREFETCH_H
#define KERNELS_SIMD128_PREFETCH_H

#include "kernels/kernels.h"
#include "kernels/simd128/hints.h"
#include "quant/blocks.h"

struct prefetch {
    const uint8_t *last; /* the last address at which a run of bytes still lies within the rows */
    uint32_t seen;       /* keeps the loads alive */
};

/* run_bytes: how many bytes are fetched at a time. */
ALWAYS_INLINE struct prefetch prefetch_begin(const struct gemv_args *args, size_t run_bytes) {
    const size_t bytes = args->rows * args->row_bytes;
    return (struct prefetch){.last = args->w + (bytes > run_bytes ? bytes - run_bytes : 0), .seen = 0};
}

/* Loads one word from each cache line of the run. Does nothing at the end of the rows. */
ALWAYS_INLINE void prefetch_run(struct prefetch *prefetch, const uint8_t *run, size_t run_bytes) {
    const uint8_t *next = opaque(run);
    if (next <= prefetch->last) {
        UNROLL
        for (size_t line = 0; line < run_bytes; line += 64) {
            prefetch->seen |= u32_at(next + line);
        }
    }
}

ALWAYS_INLINE void prefetch_end(const struct prefetch *prefetch) {
    volatile uint32_t kept = prefetch->seen;
    (void)kept;
}

#endif
