/* Strings of a GGUF array by number, and numbers by string. Both refer to the file's bytes; no text is copied. */
#ifndef ENGINE_TEXT_TOKENIZER_STRING_TABLE_H
#define ENGINE_TEXT_TOKENIZER_STRING_TABLE_H

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

/* Returns QN_OK, QN_ERR_MEMORY, or QN_ERR_UNSUPPORTED past 4 GiB of text. */
int strings_new(struct strings *strings, const struct gguf_value *array, struct arena *arena, struct qn_error *error);
struct gguf_text strings_at(const struct strings *strings, uint32_t number);

/* A hash table with open addressing. A slot holds a number + 1 in its low bits and bits of the hash above them, so that
 * texts with other hashes are rarely compared.
 *
 * An entry is at most INDEX_REACH slots from where its hash points. Ordinary texts stay far below that (about 200 at
 * this load). Texts chosen to collide cause an error instead of a load that takes hours. */
#define INDEX_REACH 1024u

struct string_index {
    uint32_t *slots; /* (size) */
    uint32_t size;
    uint32_t bits; /* of a slot, for the number */
};

/* Whether entry `number` is the one that is searched for. */
typedef bool (*same_text)(const void *context, uint32_t number);

/* Makes an index with capacity for `count` entries, fewer than 2^31. False if the arena has no memory. */
bool index_new(struct string_index *index, uint32_t count, struct arena *arena);
/* NOT_FOUND if there is none. */
uint32_t index_find(const struct string_index *index, uint32_t hash, same_text same, const void *context);
/* Adds `number`. If there is an equal entry, it stays and *other is its number; otherwise *other is NOT_FOUND.
 * False if too many texts collide. */
bool index_put(struct string_index *index, uint32_t hash, uint32_t number, same_text same, const void *context,
               uint32_t *other);

uint32_t text_hash(const uint8_t *text, size_t bytes);
/* The hash of a pair of texts, from their hashes. */
uint32_t pair_hash(uint32_t left, uint32_t right);

#endif
