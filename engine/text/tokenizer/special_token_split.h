/* Cuts a text at its special tokens. */
#ifndef ENGINE_TEXT_TOKENIZER_SPECIAL_TOKEN_SPLIT_H
#define ENGINE_TEXT_TOKENIZER_SPECIAL_TOKEN_SPLIT_H

#include "engine/text/tokenizer/vocabulary.h"

struct fragment {
    struct fragment *next;
    size_t start; /* in the text */
    size_t bytes;
    int32_t id; /* of a special token; -1: text to encode */
};

/* untrusted, parse_special: see vocabulary_tokenize. Null if the text is empty or the arena has no memory; *ok tells
 * which. */
struct fragment *special_token_split(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes,
                                     const uint8_t *untrusted, bool parse_special, struct arena *scratch, bool *ok);

#endif
