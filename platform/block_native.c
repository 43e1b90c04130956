/* Blocks of native builds: they come from the C library, so that sanitizers see each one. */
#include <stdlib.h>

#include "platform/memory.h"

void *block_take(size_t bytes) {
    if (bytes > SIZE_MAX - 63) {
        return NULL;
    }
    const size_t whole = (bytes + 63) & ~(size_t)63;
    return aligned_alloc(64, whole ? whole : 64);
}

void block_give(void *block) { free(block); }
