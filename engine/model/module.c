/* Exports about the module itself: its version, its build and its memory. The kernel sets define QUERN_KERNELS_*, so
 * this file is compiled once per set (cmake/Sources.cmake). */
#include "platform/error.h"
#include "platform/memory.h"

/* Weights, saved sessions and the structs of quern.h are used as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the engine needs a little-endian processor");

uint32_t qn_abi_version(void) { return QN_ABI_VERSION; }

uint32_t qn_features(void) {
    uint32_t features = sizeof(void *) == 8 ? QN_FEATURE_64BIT : 0;
#ifdef QUERN_KERNELS_SIMD128
    features |= QN_FEATURE_SIMD128;
#endif
#ifdef QUERN_KERNELS_RELAXED
    features |= QN_FEATURE_RELAXED;
#endif
#ifdef QUERN_THREADS
    features |= QN_FEATURE_THREADS;
#endif
    return features;
}

void *qn_alloc(size_t bytes) {
    void *memory = block_take(bytes);
    if (memory == NULL) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "the host refused %zu bytes", bytes);
    }
    return memory;
}

void qn_free(void *memory) { block_give(memory); }
