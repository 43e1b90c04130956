/* Byte-pair encoding. */
#ifndef ENGINE_TEXT_TOKENIZER_BPE_H
#define ENGINE_TEXT_TOKENIZER_BPE_H

#include "engine/text/tokenizer/merge.h"

/* Encodes text without special tokens, word by word. False without memory. */
bool encode_bpe(struct merger *merger, const uint8_t *text, size_t bytes);

#endif
