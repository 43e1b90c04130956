/* SentencePiece's BPE: the whole text is merged by the tokens' scores. */
#ifndef ENGINE_TEXT_TOKENIZER_SPM_H
#define ENGINE_TEXT_TOKENIZER_SPM_H

#include "engine/text/tokenizer/merge.h"

/* Encodes text without special tokens. False without memory. */
bool encode_spm(struct merger *merger, const uint8_t *text, size_t bytes, bool space_prefix);

#endif
