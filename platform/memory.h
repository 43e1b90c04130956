/* Memory: copying and filling bytes, blocks from the host, and arenas. The functions of the C library come from
 * memory_wasm.c in the Wasm modules and from the C library natively. */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);

/* A block of the host's memory, aligned to 64 bytes and not cleared. Null if the host refuses. */
void *block_take(size_t bytes);
void block_give(void *block); /* null is allowed */

/* Allocations that are freed together. Set `limit` and leave the other fields zero to start an empty arena. */
struct arena {
    struct arena_chunk *chunks;
    size_t used;  /* bytes taken from the host */
    size_t limit; /* the most bytes it may take from the host */
};
/* Cleared memory, owned by the arena. align: a power of two up to 64. Null if the host refuses or the limit is reached.
 */
void *arena_take(struct arena *arena, size_t bytes, size_t align);
/* The same for count elements of `size` bytes each; null if the product wraps. */
void *arena_take_array(struct arena *arena, size_t count, size_t size, size_t align);
void arena_free(struct arena *arena); /* the arena is empty afterwards */

#define ARENA_NEW(arena, type)          ((type *)arena_take((arena), sizeof(type), _Alignof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_take_array((arena), (count), sizeof(type), _Alignof(type)))

#endif
