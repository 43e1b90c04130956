/* The vocabulary of a model file, and tokens from text.
 * Token texts stay where they lie in the file's bytes; only indexes are built. */
#ifndef ENGINE_TEXT_VOCABULARY_H
#define ENGINE_TEXT_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"
#include "platform/memory.h"
#include "quern.h"

/* tokenizer.ggml.token_type */
enum token_type {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,
    TOKEN_CONTROL = 3,
    TOKEN_USER_DEFINED = 4,
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6
};

struct vocabulary; /* immutable once built */

/* Checks the tokenizer's metadata and builds the indexes in the arena. Null with *error filled in: an unknown
 * tokenizer model or pre-tokenizer, arrays of another type or length, special ids that are not in the vocabulary. */
const struct vocabulary *vocabulary_new(const struct gguf *gguf, struct arena *arena, struct qn_error *error);

size_t vocabulary_size(const struct vocabulary *vocabulary);
/* As the file has it (byte-level BPE texts are still in their printable form). id < size. */
struct gguf_text vocabulary_text(const struct vocabulary *vocabulary, int32_t id);
enum token_type vocabulary_type(const struct vocabulary *vocabulary, int32_t id);
/* tokenizer.ggml.{bos,eos,...}_token_id; -1 when there is none. */
int32_t vocabulary_bos(const struct vocabulary *vocabulary);
int32_t vocabulary_eos(const struct vocabulary *vocabulary);
bool vocabulary_adds_bos(const struct vocabulary *vocabulary);
bool vocabulary_adds_eos(const struct vocabulary *vocabulary);
/* eos, eot, eom and what else ends generation. Any id, also one outside the vocabulary. */
bool vocabulary_is_end(const struct vocabulary *vocabulary, int32_t id);

/* Tokens of text[0..bytes), equal to llama.cpp's llama_tokenize. flags: qn_tokenize_flag. untrusted may be null;
 * else untrusted[i] != 0 says that byte i came from a message: a special token's text is then parsed only where all
 * of its bytes are trusted, and no merging makes one. User-defined tokens are parsed everywhere, as llama.cpp does
 * (they are such as HTML tags and runs of newlines), unless they look like control tokens: <|this|>, <|this>, <this|>.
 * Fills ids[capacity]; returns the number of all, or a negative qn_status.
 * Working memory, some 40 bytes for each of the text and at most twice that, comes from `scratch` and stays there for
 * the caller to free. */
int64_t vocabulary_tokenize(const struct vocabulary *vocabulary, const char *text, size_t bytes,
                            const uint8_t *untrusted, uint32_t flags, int32_t *ids, size_t capacity,
                            struct arena *scratch, struct qn_error *error);

/* Raw bytes that token `id` stands for (BPE's printable form undone, SPM's U+2581 made spaces, byte tokens as their
 * byte; control tokens nothing unless flags has QN_SHOW_SPECIAL), not always whole characters. Returns how many there
 * are; fills out[capacity]. Equal to llama.cpp's llama_token_to_piece, except that a character which byte-level BPE
 * does not know stays itself (there [UNK_BYTE_0x...]), and an empty text stays empty (there [EMPTY_n]). */
size_t vocabulary_bytes(const struct vocabulary *vocabulary, int32_t id, uint32_t flags, uint8_t *out, size_t capacity);

/* Streaming and whole detokenising on top of it: as qn_piece and qn_detokenize. A piece that did not fit leaves the
 * decoder as it was, and can be asked for again. Whole texts equal llama_detokenize's, which for some pre-tokenizers
 * takes off the spaces before punctuation; streaming does not. */
int64_t vocabulary_piece(const struct vocabulary *vocabulary, struct qn_decoder *decoder, int32_t id, uint32_t flags,
                         char *text, size_t capacity);
int64_t vocabulary_detokenize(const struct vocabulary *vocabulary, const int32_t *ids, size_t count, uint32_t flags,
                              char *text, size_t capacity);

#endif
