/* Builds a vocabulary from a file's metadata. */
#ifndef ENGINE_TEXT_TOKENIZER_VOCABULARY_READ_H
#define ENGINE_TEXT_TOKENIZER_VOCABULARY_READ_H

#include "engine/text/tokenizer/vocabulary.h"
#include "quern.h"

/* Checks the metadata and builds the indexes in the arena. Null with *error filled in: an unknown tokenizer model or
 * pre-tokenizer, arrays of another type or length, special ids outside the vocabulary, no memory. */
const struct vocabulary *vocabulary_new(const struct gguf *gguf, struct arena *arena, struct qn_error *error);

#endif
