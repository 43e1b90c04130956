/* WordPiece, as BERT uses it. */
#ifndef ENGINE_TEXT_TOKENIZER_WORDPIECE_H
#define ENGINE_TEXT_TOKENIZER_WORDPIECE_H

#include "engine/text/tokenizer/encoder.h"
#include "engine/text/tokenizer/vocabulary_reader.h"

/* Reads the settings of a WordPiece vocabulary whose tokens and types have been read. */
void wordpiece_read(struct vocabulary_reader *reader);
/* Encodes text without special tokens. False without memory. */
bool encode_wordpiece(struct encoder *encoder, const uint8_t *text, size_t bytes);

#endif
