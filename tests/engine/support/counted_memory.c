/* A counted allocator for tests. */
#define _POSIX_C_SOURCE 200112L /* posix_memalign: aligned_alloc needs a size that is a multiple of the alignment */
#include "tests/engine/support/counted_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "platform/memory.h"

#define MAX_BLOCKS 4096
#define MAX_BYTES  (SIZE_MAX / 2 < UINT32_MAX ? SIZE_MAX / 2 : (size_t)UINT32_MAX)

struct blocks blocks;

static struct {
    void *at;
    size_t bytes;
} entries[MAX_BLOCKS];

static size_t entry_of(const void *at) {
    size_t i = 0;
    while (i < MAX_BLOCKS && entries[i].at != at) {
        i++;
    }
    if (i == MAX_BLOCKS) {
        abort(); /* given back twice, never taken, or more blocks than the table holds */
    }
    return i;
}

void blocks_restart(void) {
    blocks = (struct blocks){.live = blocks.live, .live_bytes = blocks.live_bytes, .peak_bytes = blocks.live_bytes};
}

void refuse_blocks_after(size_t granted) { blocks.refuse_all = blocks.takes + granted + 1; }

static int refused(size_t bytes) {
    return bytes > MAX_BYTES || blocks.takes == blocks.refuse ||
           (blocks.refuse_all && blocks.takes >= blocks.refuse_all) ||
           (blocks.limit && (bytes > blocks.limit || blocks.live_bytes > blocks.limit - bytes));
}

void *block_take(size_t bytes) {
    void *at = NULL;
    blocks.takes++;
    if (refused(bytes) || posix_memalign(&at, 64, bytes ? bytes : 1) != 0) {
        return NULL;
    }
    memset(at, 0xa5 + blocks.fill, bytes); /* block_take promises no zeros */
    const size_t i = entry_of(NULL);
    entries[i].at = at;
    entries[i].bytes = bytes;
    blocks.live++;
    blocks.live_bytes += bytes;
    blocks.peak_bytes = blocks.live_bytes > blocks.peak_bytes ? blocks.live_bytes : blocks.peak_bytes;
    return at;
}

void block_give(void *block) {
    if (block) {
        const size_t i = entry_of(block);
        blocks.live--;
        blocks.live_bytes -= entries[i].bytes;
        entries[i].at = NULL;
        free(block);
    }
}
