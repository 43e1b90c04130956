/* Which tokens are special, beyond what the file's token types say. */
#ifndef ENGINE_TEXT_TOKENIZER_SPECIAL_TOKENS_H
#define ENGINE_TEXT_TOKENIZER_SPECIAL_TOKENS_H

#include "engine/text/tokenizer/vocabulary_reader.h"

/* Sets the types that texts override, the ids that end generation, and the groups in which special tokens are searched.
 * The vocabulary is otherwise complete. */
void special_tokens(struct vocabulary_reader *reader);

#endif
