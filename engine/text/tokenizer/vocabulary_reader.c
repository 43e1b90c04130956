/* Typed reading of tokenizer.ggml keys with a sticky status. */
#include "engine/text/tokenizer/vocabulary_reader.h"

#include "platform/error.h"

void read_id(struct vocabulary_reader *reader, const char *key, int32_t *id) {
    const uint32_t n_tokens = reader->vocabulary->tokens.count;
    uint32_t number;
    if (reader->status != QN_OK) {
        return;
    }
    const int status = gguf_u32(reader->gguf, key, &number, reader->error);
    if (*id >= 0 && (uint32_t)*id >= n_tokens) {
        *id = -1;
    }
    if (status == QN_MORE) {
        return;
    }
    if (status == QN_OK && number < n_tokens) {
        *id = (int32_t)number;
        return;
    }
    reader->status = status;
    if (status == QN_OK) {
        reader->status = error_set(reader->error, QN_ERR_FORMAT, gguf_find(reader->gguf, key)->offset,
                                   "%s is %u, the vocabulary has %u tokens", key, number, n_tokens);
    }
}

void read_bool(struct vocabulary_reader *reader, const char *key, bool *value) {
    if (reader->status == QN_OK) {
        const int status = gguf_bool(reader->gguf, key, value, reader->error);
        reader->status = status == QN_MORE ? QN_OK : status;
    }
}

const struct gguf_value *read_array(struct vocabulary_reader *reader, const char *key, enum gguf_type element) {
    const struct gguf_value *array = NULL;
    if (reader->status == QN_OK) {
        const int status = gguf_array(reader->gguf, key, element, &array, reader->error);
        reader->status = status == QN_MORE ? QN_OK : status;
    }
    return reader->status == QN_OK ? array : NULL;
}

void read_text(struct vocabulary_reader *reader, const char *key, struct gguf_text *text) {
    if (reader->status == QN_OK) {
        const int status = gguf_text(reader->gguf, key, text, reader->error);
        reader->status = status == QN_MORE ? QN_OK : status;
    }
}

void read_no_memory(struct vocabulary_reader *reader) {
    if (reader->status == QN_OK) {
        reader->status = error_set(reader->error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the vocabulary");
    }
}
