/* Finds numbers that have overflowed, see scratch.h. */
#include "engine/state/scratch.h"

#include "platform/memory.h"

void scratch_check(const struct scratch *scratch, const float *x, size_t n, uint32_t limit) {
    uint32_t found = 0;
    for (size_t i = 0; i < n; i++) { /* without a branch, so that compilers vectorize it */
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof(bits));
        found |= (bits & 0x7fffffffu) >= limit;
    }
    if (found) {
        __atomic_store_n(scratch->out_of_range, 1u, __ATOMIC_RELAXED);
    }
}
