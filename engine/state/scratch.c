/* Finds numbers that have overflowed, see scratch.h. */
#include "engine/state/scratch.h"

#include "platform/memory.h"

/* Four values at a time by hand, because a size-optimized build does not vectorize loops. They are loaded through a
 * pointer, because it calls a function for a memcpy. */
typedef uint32_t uint4 __attribute__((vector_size(16)));
typedef uint4 stored_uint4 __attribute__((aligned(4), may_alias));

#define SIGN      0x80000000u
#define MAGNITUDE 0x7fffffffu

void scratch_check(const struct scratch *scratch, const float *x, size_t n, uint32_t limit) {
    const uint32_t distance = SIGN - limit; /* brings magnitudes from the limit on to the sign bit */
    uint4 found = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const stored_uint4 *bits = (const stored_uint4 *)(x + i);
        found |= (bits[0] & MAGNITUDE) + distance;
        found |= (bits[1] & MAGNITUDE) + distance;
    }
    uint32_t any = found[0] | found[1] | found[2] | found[3];
    for (; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof(bits));
        any |= (bits & MAGNITUDE) + distance;
    }
    if (any & SIGN) {
        __atomic_store_n(scratch->out_of_range, 1u, __ATOMIC_RELAXED);
    }
}
