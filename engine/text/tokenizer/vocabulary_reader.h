/* Reads tokenizer.ggml keys. Errors are sticky: after the first one, nothing is read any more and every output keeps
 * its value, so that callers check the status once. */
#ifndef ENGINE_TEXT_TOKENIZER_VOCABULARY_READER_H
#define ENGINE_TEXT_TOKENIZER_VOCABULARY_READER_H

#include "engine/text/tokenizer/vocabulary.h"
#include "quern.h"

#define TOKENIZER_KEY "tokenizer.ggml."

struct vocabulary_reader {
    const struct gguf *gguf;
    struct arena *arena;
    struct qn_error *error;
    struct vocabulary *vocabulary; /* being built */
    uint8_t *types;                /* (n_tokens) vocabulary->types, writable */
    int status;                    /* QN_OK or that of the first error */
};

/* A token id. *id is its default; it becomes -1 if it is outside the vocabulary. */
void read_id(struct vocabulary_reader *reader, const char *key, int32_t *id);
/* A switch. *value is its default. */
void read_bool(struct vocabulary_reader *reader, const char *key, bool *value);
/* An array; null if the key is absent, or after an error. */
const struct gguf_value *read_array(struct vocabulary_reader *reader, const char *key, enum gguf_type element);
/* A text. *text is its default. */
void read_text(struct vocabulary_reader *reader, const char *key, struct gguf_text *text);
/* Fails with QN_ERR_MEMORY. */
void read_no_memory(struct vocabulary_reader *reader);

#endif
