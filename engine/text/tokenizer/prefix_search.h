/* Sorted texts, in which the texts that start at a position are found byte by byte, as in a trie. */
#ifndef ENGINE_TEXT_TOKENIZER_PREFIX_SEARCH_H
#define ENGINE_TEXT_TOKENIZER_PREFIX_SEARCH_H

#include "engine/text/tokenizer/string_table.h"

struct sorted_texts {
    const struct strings *strings;
    const uint32_t *order; /* (count) numbers of strings */
    uint32_t count;
};

/* The texts that begin with the bytes seen so far: order[low] to order[high - 1]. */
struct prefix {
    uint32_t low, high;
    uint32_t bytes;
};

/* Sorts the non-empty texts whose type has its bit in `types_wanted`: 1 << enum token_type. False without memory. */
bool sorted_texts_new(struct sorted_texts *sorted, const struct strings *strings, const uint8_t *types,
                      unsigned types_wanted, struct arena *arena);

/* The empty prefix, with which all texts begin. */
static inline struct prefix prefix_start(const struct sorted_texts *sorted) {
    return (struct prefix){0, sorted->count, 0};
}
/* Extends the prefix by a byte. False if no text begins with it. */
bool prefix_extend(const struct sorted_texts *sorted, struct prefix *prefix, uint8_t byte);
/* The number of the text that equals the prefix; -1 if there is none. */
int32_t prefix_match(const struct sorted_texts *sorted, const struct prefix *prefix);

#endif
