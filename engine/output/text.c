/* A text that grows. */
#include "engine/output/text.h"

#include "platform/memory.h"

void text_add(struct text *text, const char *bytes, size_t count) {
    if (count == 0) { /* there may be no memory yet */
        return;
    }
    if (count > text->capacity - text->bytes) {
        size_t capacity = text->capacity ? text->capacity : 256;
        while (capacity < text->bytes + count && capacity < (size_t)1 << 30) {
            capacity *= 2;
        }
        char *larger = capacity < text->bytes + count ? NULL : block_take(capacity);
        if (larger == NULL) {
            text->failed = true;
            return;
        }
        memcpy(larger, text->at, text->bytes);
        block_give(text->at);
        text->at = larger;
        text->capacity = capacity;
    }
    memcpy(text->at + text->bytes, bytes, count);
    text->bytes += count;
}

void text_put(struct text *text, char byte) { text_add(text, &byte, 1); }

void text_drop(struct text *text, size_t count) {
    if (count == 0) {
        return;
    }
    text->bytes -= count;
    memmove(text->at, text->at + count, text->bytes);
}

void text_free(struct text *text) {
    block_give(text->at);
    *text = (struct text){0};
}

void text_put_json(struct text *text, char byte) {
    static const char digits[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *pair = named; *pair; pair += 2) {
        if (byte == *pair) {
            text_put(text, '\\');
            text_put(text, pair[1]);
            return;
        }
    }
    if ((unsigned char)byte >= ' ') {
        text_put(text, byte);
        return;
    }
    text_add(text, "\\u00", 4);
    text_put(text, digits[(unsigned char)byte >> 4]);
    text_put(text, digits[byte & 15]);
}
