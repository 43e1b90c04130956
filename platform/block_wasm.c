/* Blocks of the Wasm modules: an allocator over linear memory from __heap_base on. It takes the first block that fits,
 * joins free neighbors, and grows memory when no block fits. Blocks are few and large, so a list in address order is
 * fast enough. */
#include "platform/memory.h"

#define WASM_PAGE 65536u
#define LINE      64u

/* Precedes each block; the next header follows the block. */
struct header {
    size_t bytes; /* of the block, a multiple of 64 */
    size_t free;
    struct header *next;     /* in address order; null for the last */
    struct header *previous; /* null for the first */
    uint8_t pad[LINE - 4 * sizeof(size_t)];
};
_Static_assert(sizeof(struct header) == LINE, "blocks must stay aligned to 64 bytes");

extern uint8_t __heap_base[];
static struct header *first;
static struct header *last;

static uint8_t *end_of(struct header *block) { return (uint8_t *)(block + 1) + block->bytes; }

/* Adds a free block of at least `bytes` at the end of memory. */
static struct header *grow(size_t bytes) {
    const size_t memory = (size_t)__builtin_wasm_memory_size(0) * WASM_PAGE; /* 4 GiB wraps to 0 in 32 bits */
    const uintptr_t old_end =
        first ? (uintptr_t)end_of(last) : ((uintptr_t)__heap_base + LINE - 1) & ~(uintptr_t)(LINE - 1);
    const size_t start = last && last->free ? (size_t)(uintptr_t)last : (size_t)old_end;
    if (bytes > SIZE_MAX - LINE - WASM_PAGE || start > SIZE_MAX - LINE - WASM_PAGE - bytes) {
        return NULL;
    }
    const size_t wanted = start + LINE + bytes;
    if (memory != 0 && wanted > memory) {
        const size_t pages = (wanted - memory + WASM_PAGE - 1) / WASM_PAGE;
        if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) {
            return NULL;
        }
    }
    const size_t now = (size_t)__builtin_wasm_memory_size(0) * WASM_PAGE;
    const size_t top = (now == 0 ? SIZE_MAX : now) & ~(size_t)(LINE - 1);
    if (last && last->free) {
        last->bytes = top - (size_t)(uintptr_t)(last + 1);
        return last;
    }
    if (top - (size_t)old_end < LINE) {
        return NULL;
    }
    struct header *block = (struct header *)old_end;
    *block = (struct header){.bytes = top - (size_t)old_end - LINE, .free = 1, .previous = last};
    if (last) {
        last->next = block;
    } else {
        first = block;
    }
    last = block;
    return block;
}

/* Shrinks the block to `bytes` and makes a free block of the remainder. */
static void split(struct header *block, size_t bytes) {
    if (block->bytes - bytes < 2 * LINE) {
        return;
    }
    struct header *remainder = (struct header *)((uint8_t *)(block + 1) + bytes);
    *remainder =
        (struct header){.bytes = block->bytes - bytes - LINE, .free = 1, .next = block->next, .previous = block};
    if (remainder->next) {
        remainder->next->previous = remainder;
    } else {
        last = remainder;
    }
    block->next = remainder;
    block->bytes = bytes;
}

void *block_take(size_t bytes) {
    if (bytes > SIZE_MAX - LINE) {
        return NULL;
    }
    bytes = bytes ? (bytes + LINE - 1) & ~(size_t)(LINE - 1) : LINE;
    struct header *block = first;
    while (block && !(block->free && block->bytes >= bytes)) {
        block = block->next;
    }
    if (!block) {
        block = grow(bytes);
    }
    if (!block || block->bytes < bytes) {
        return NULL;
    }
    split(block, bytes);
    block->free = 0;
    return block + 1;
}

/* Joins a free block with the next one if that is free too. */
static void join(struct header *block) {
    struct header *next = block->next;
    if (!block->free || !next || !next->free) {
        return;
    }
    block->bytes += LINE + next->bytes;
    block->next = next->next;
    if (block->next) {
        block->next->previous = block;
    } else {
        last = block;
    }
}

void block_give(void *block) {
    if (!block) {
        return;
    }
    struct header *header = (struct header *)block - 1;
    header->free = 1;
    join(header);
    if (header->previous) {
        join(header->previous);
    }
}
