/* Strings of a GGUF array by number, and numbers by string, without a copy of any text. */
#ifndef ENGINE_TEXT_TEXT_INDEX_H
#define ENGINE_TEXT_TEXT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"
#include "platform/memory.h"
#include "quern.h"

#define NOT_FOUND UINT32_MAX

struct strings {
    const uint8_t *data;     /* the array's first element: 8 bytes of length, then the text */
    const uint32_t *offsets; /* (count) of each element in data */
    uint32_t count;
    uint32_t longest; /* bytes */
};

/* `key` is for errors. QN_ERR_UNSUPPORTED past 4 GiB of text. */
int strings_new(struct strings *strings, const struct gguf_value *array, struct arena *arena, struct qn_error *error);
struct gguf_text strings_at(const struct strings *strings, uint32_t number);

/* Open addressing; a slot holds a number + 1 in its low bits and bits of the hash above, so that other texts are
 * rarely looked at. An entry lies at most INDEX_REACH slots past its place: honest texts stay far below (about 200
 * at this load), and texts chosen to collide make an error instead of a load that takes hours. */
#define INDEX_REACH 1024u

struct text_index {
    uint32_t *slots; /* (size) */
    uint32_t size;
    uint32_t bits; /* of a slot, for the number */
};

/* Says whether entry `number` is the one looked for. */
typedef bool (*same_text)(const void *context, uint32_t number);

/* Room for `count` entries, fewer than 2^31. False when the arena has no memory. */
bool index_new(struct text_index *index, uint32_t count, struct arena *arena);
/* NOT_FOUND when there is none. */
uint32_t index_find(const struct text_index *index, uint32_t hash, same_text same, const void *context);
/* Puts `number` in. An entry that is the same stays, and *other is its number (else NOT_FOUND).
 * False: too many texts collide. */
bool index_put(struct text_index *index, uint32_t hash, uint32_t number, same_text same, const void *context,
               uint32_t *other);

uint32_t text_hash(const uint8_t *text, size_t bytes);
/* Of two texts, from their hashes. */
uint32_t pair_hash(uint32_t left, uint32_t right);

#endif
