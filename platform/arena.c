/* Arenas: bump allocation from chunks that are freed together. */
#include "platform/memory.h"

/* A chunk has at least half of the bytes so far, within these bounds: whenever memory grows, V8 collects garbage. */
#define CHUNK_BYTES 65536u
#define CHUNK_MOST  ((size_t)4 << 20)

struct arena_chunk {
    struct arena_chunk *next;
    size_t bytes; /* of the block, including this header */
    size_t used;  /* likewise */
};

_Static_assert(sizeof(struct arena_chunk) <= 64, "the header must fit the first 64 bytes");

static struct arena_chunk *chunk_new(struct arena *arena, size_t bytes) {
    if (bytes > SIZE_MAX - 2 * CHUNK_BYTES) {
        return NULL;
    }
    size_t usual = arena->used / 2 > CHUNK_BYTES ? arena->used / 2 : CHUNK_BYTES;
    usual = usual < CHUNK_MOST ? usual : CHUNK_MOST;
    size_t whole = bytes + 64 < usual ? usual : bytes + 64;
    const size_t left = arena->limit - arena->used; /* used never exceeds limit */
    if (whole > left) {
        whole = bytes + 64;
    }
    if (whole > left) {
        return NULL;
    }
    struct arena_chunk *chunk = block_take(whole);
    if (chunk == NULL) {
        return NULL;
    }
    *chunk = (struct arena_chunk){arena->chunks, whole, 64};
    arena->chunks = chunk;
    arena->used += whole;
    return chunk;
}

void *arena_take(struct arena *arena, size_t bytes, size_t align) {
    struct arena_chunk *chunk = arena->chunks;
    size_t start = 0;
    if (chunk != NULL) {
        start = (chunk->used + align - 1) & ~(align - 1);
    }
    if (chunk == NULL || start > chunk->bytes || bytes > chunk->bytes - start) {
        chunk = chunk_new(arena, bytes);
        if (chunk == NULL) {
            return NULL;
        }
        start = chunk->used;
    }
    chunk->used = start + bytes;
    return memset((uint8_t *)chunk + start, 0, bytes);
}

void *arena_take_array(struct arena *arena, size_t count, size_t size, size_t align) {
    if (size && count > arena->limit / size) { /* then the product does not wrap either */
        return NULL;
    }
    return arena_take(arena, count * size, align);
}

void arena_free(struct arena *arena) {
    struct arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        block_give(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->used = 0;
}
