/* Finds numbers that have overflowed, see scratch.h. */
#include "engine/state/scratch.h"

#include "platform/memory.h"

/* Four values at a time by hand, because a size-optimized build does not vectorize loops. */
typedef int32_t int4 __attribute__((vector_size(16)));

void scratch_check(const struct scratch *scratch, const float *x, size_t n, uint32_t limit) {
    const int32_t most = (int32_t)(limit - 1);
    const int4 magnitude = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
    const int4 allowed = {most, most, most, most};
    int4 found[2] = {{0}, {0}};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        int4 bits[2];
        memcpy(bits, x + i, sizeof(bits));
        found[0] |= (bits[0] & magnitude) > allowed;
        found[1] |= (bits[1] & magnitude) > allowed;
    }
    found[0] |= found[1];
    int32_t any = found[0][0] | found[0][1] | found[0][2] | found[0][3];
    for (; i < n; i++) {
        int32_t bits;
        memcpy(&bits, x + i, sizeof(bits));
        any |= (bits & INT32_MAX) > most;
    }
    if (any) {
        __atomic_store_n(scratch->out_of_range, 1u, __ATOMIC_RELAXED);
    }
}
