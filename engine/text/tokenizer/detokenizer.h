/* Tokens to text. flags: qn_detokenize_flag bits. */
#ifndef ENGINE_TEXT_TOKENIZER_DETOKENIZER_H
#define ENGINE_TEXT_TOKENIZER_DETOKENIZER_H

#include "engine/text/tokenizer/vocabulary.h"
#include "quern.h"

/* The raw bytes of a token: without BPE's printable form, with spaces for SPM's U+2581, the byte of a byte token, and
 * nothing for a control token without QN_SHOW_SPECIAL. They are not always whole characters. Fills bytes[capacity] and
 * returns the number of all bytes.
 *
 * Equal to llama.cpp's llama_token_to_piece with two exceptions: a character unknown to byte-level BPE stays as it is
 * (there [UNK_BYTE_0x...]), and an empty text stays empty (there [EMPTY_n]). */
size_t vocabulary_bytes(const struct vocabulary *vocabulary, int32_t id, uint32_t flags, uint8_t *bytes,
                        size_t capacity);

/* See qn_piece. A piece that does not fit leaves the decoder unchanged, so that it can be requested again. */
int64_t vocabulary_piece(const struct vocabulary *vocabulary, struct qn_decoder *decoder, int32_t id, uint32_t flags,
                         char *text, size_t capacity);

/* See qn_detokenize. Equal to llama_detokenize, which removes the spaces before punctuation for some pre-tokenizers;
 * streaming does not. */
int64_t vocabulary_detokenize(const struct vocabulary *vocabulary, const int32_t *ids, size_t count, uint32_t flags,
                              char *text, size_t capacity);

#endif
