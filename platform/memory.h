/* Memory: the C library's byte movers, blocks from the host, and arenas.
 * In the Wasm module memcpy and its kin are our own (memory_wasm.c); natively they are the C library's. */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);

/* A block of the host's memory, 64-byte aligned, not cleared. Null when the host refuses. */
void *block_take(size_t bytes);
void block_give(void *block); /* null is allowed */

/* Allocations that live and die together. All zero is an empty arena without a limit set: set `limit` first. */
struct arena {
    struct arena_chunk *chunks;
    size_t used;  /* bytes taken from the host */
    size_t limit; /* refuses to take more than this many */
};
/* Cleared memory; align is a power of two up to 64. Null when the host refuses or the limit is reached. */
void *arena_take(struct arena *arena, size_t bytes, size_t align);
/* The same for count elements of `size` bytes; a product that wraps is refused. */
void *arena_take_array(struct arena *arena, size_t count, size_t size, size_t align);
void arena_free(struct arena *arena); /* and it is empty again */

#define ARENA_NEW(arena, type)          ((type *)arena_take((arena), sizeof(type), _Alignof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_take_array((arena), (count), sizeof(type), _Alignof(type)))

#endif
