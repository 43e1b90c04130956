/* Unigram, as SentencePiece uses it for T5. */
#ifndef ENGINE_TEXT_TOKENIZER_UNIGRAM_H
#define ENGINE_TEXT_TOKENIZER_UNIGRAM_H

#include "engine/text/tokenizer/encoder.h"
#include "engine/text/tokenizer/vocabulary_reader.h"

/* Reads the settings of a unigram vocabulary whose tokens and types have been read. */
void unigram_read(struct vocabulary_reader *reader);
/* Encodes text without special tokens. False without memory. */
bool encode_unigram(struct encoder *encoder, const uint8_t *text, size_t bytes);

#endif
