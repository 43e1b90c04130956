/* engine/text/tokenizer: vocabularies of model files, text to tokens (this header) and tokens to text
 * (detokenizer.h).
 *
 * vocabulary_read.c builds a vocabulary from a GGUF file's metadata; it is immutable afterwards. A text is cut at its
 * special tokens (special_token_split.c), and what lies between is encoded by the vocabulary's algorithm: byte-pair
 * encoding (bpe.c, after a pre-tokenizer), SentencePiece's BPE (spm.c), WordPiece (wordpiece.c) or unigram (unigram.c).
 * The ids are those of llama.cpp's llama_tokenize.
 *
 * Files and texts may be hostile. This folder knows nothing about templates, layers or sessions. */
#ifndef ENGINE_TEXT_TOKENIZER_TOKENIZER_H
#define ENGINE_TEXT_TOKENIZER_TOKENIZER_H

#include "engine/text/tokenizer/vocabulary.h"

/* Encodes text[0..bytes). flags: qn_tokenize_flag.
 *
 * untrusted may be null; otherwise untrusted[i] != 0 means that byte i came from a message. The text of a special token
 * is then parsed only where all of its bytes are trusted, and no merging makes a special token. User-defined tokens are
 * parsed everywhere, as llama.cpp does (they are HTML tags, runs of newlines and the like), unless they look like
 * control tokens: <|this|>, <|this> or <this|>.
 *
 * Fills ids[capacity]. Returns the number of all ids, which may exceed the capacity, or a negative qn_status. Working
 * memory, about 40 and at most 80 bytes for each byte of text (104 with QN_NFC), comes from `scratch`; the caller frees
 * it. */
int64_t vocabulary_tokenize(const struct vocabulary *vocabulary, const char *text, size_t bytes,
                            const uint8_t *untrusted, uint32_t flags, int32_t *ids, size_t capacity,
                            struct arena *scratch, struct qn_error *error);

#endif
