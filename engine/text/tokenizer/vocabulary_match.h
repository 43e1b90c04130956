/* Comparison of a searched text with an entry of a vocabulary's indexes. */
#ifndef ENGINE_TEXT_TOKENIZER_VOCABULARY_MATCH_H
#define ENGINE_TEXT_TOKENIZER_VOCABULARY_MATCH_H

#include "engine/text/tokenizer/string_table.h"

/* What is searched for: a token's text, or the two texts of a merge. */
struct needle {
    const struct strings *strings;
    const uint8_t *text, *right;
    size_t bytes, right_bytes;
};

/* Both are of type same_text; the context is a struct needle. */
bool same_token(const void *context, uint32_t number);
bool same_merge(const void *context, uint32_t number);

#endif
