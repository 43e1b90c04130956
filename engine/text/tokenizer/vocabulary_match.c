/* Comparison of a searched text with an entry of a vocabulary's indexes. */
#include "engine/text/tokenizer/vocabulary_match.h"

bool same_token(const void *context, uint32_t number) {
    const struct needle *needle = context;
    const struct gguf_text text = strings_at(needle->strings, number);
    return text.bytes == needle->bytes && memcmp(text.at, needle->text, needle->bytes) == 0;
}

bool same_merge(const void *context, uint32_t number) {
    const struct needle *needle = context;
    const struct gguf_text text = strings_at(needle->strings, number);
    const size_t left = needle->bytes;
    return text.bytes == left + 1 + needle->right_bytes && text.at[left] == ' ' &&
           memcmp(text.at, needle->text, left) == 0 &&
           memcmp(text.at + left + 1, needle->right, needle->right_bytes) == 0;
}
