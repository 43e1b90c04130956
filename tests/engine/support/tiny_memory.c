#include "tests/engine/support/tiny_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include "platform/memory.h"

#define MAX_BLOCKS 4096

size_t blocks_held;
size_t blocks_held_bytes;
size_t blocks_before_refusal = SIZE_MAX;

static struct {
    void *at;
    size_t bytes;
} held[MAX_BLOCKS];

void *block_take(size_t bytes) {
    if (blocks_before_refusal == 0 || bytes > (size_t)1 << 32) {
        return NULL;
    }
    blocks_before_refusal -= blocks_before_refusal != SIZE_MAX;
    void *block = aligned_alloc(64, bytes ? (bytes + 63) / 64 * 64 : 64);
    size_t i = 0;
    while (held[i].at != NULL) {
        i++;
    }
    held[i].at = block;
    held[i].bytes = bytes;
    blocks_held++;
    blocks_held_bytes += bytes;
    return block;
}

void block_give(void *block) {
    for (size_t i = 0; block && i < MAX_BLOCKS; i++) {
        if (held[i].at == block) {
            held[i].at = NULL;
            blocks_held--;
            blocks_held_bytes -= held[i].bytes;
            break;
        }
    }
    free(block);
}
