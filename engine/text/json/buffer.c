/* Text under construction: grows the text and its mask of untrusted bytes. */
#include "engine/text/json/buffer.h"

#include "engine/text/json/value_string.h"
#include "engine/text/unicode/utf8.h"

/* Extends the buffer by `bytes` bytes that are all untrusted or all trusted. Writes the mask; the caller writes the
 * text. False after an error. */
static bool extend(struct buffer *buffer, size_t bytes, bool untrusted) {
    struct sandbox *box = buffer->box;
    if (bytes > STRING_LIMIT - buffer->bytes) { /* buffer->bytes never exceeds the limit */
        sandbox_fail_limit(box, "a string exceeds 64 MiB");
    }
    if (bytes == 0 || !sandbox_step(box, bytes / 64)) {
        return false;
    }
    const size_t needed = buffer->bytes + bytes;
    const bool mixed = buffer->mask == NULL && buffer->bytes && buffer->untrusted != untrusted;
    const bool grows = needed > buffer->capacity;
    size_t capacity = buffer->capacity;
    if (grows) {
        capacity = capacity * 2 < needed ? needed : capacity * 2;
        capacity = capacity < 64 ? 64 : capacity;
        char *text = sandbox_take(box, capacity, 1);
        if (text == NULL) {
            return false;
        }
        memcpy(text, buffer->bytes ? buffer->text : text, buffer->bytes);
        buffer->text = text;
        buffer->capacity = capacity;
    }
    if (mixed || (grows && buffer->mask)) {
        uint8_t *mask = sandbox_take(box, capacity, 1);
        if (mask == NULL) {
            return false;
        }
        if (mixed) {
            memset(mask, buffer->untrusted, buffer->bytes);
        } else {
            memcpy(mask, buffer->mask, buffer->bytes);
        }
        buffer->mask = mask;
    }
    if (buffer->mask) {
        memset(buffer->mask + buffer->bytes, untrusted, bytes);
    }
    buffer->untrusted = untrusted;
    buffer->bytes = needed;
    return true;
}

void buffer_start(struct buffer *buffer, struct sandbox *box) { *buffer = (struct buffer){.box = box}; }

void buffer_add(struct buffer *buffer, const char *text, size_t bytes, bool untrusted) {
    if (extend(buffer, bytes, untrusted)) {
        memcpy(buffer->text + buffer->bytes - bytes, text, bytes);
    }
}

void buffer_fill(struct buffer *buffer, char byte, size_t count, bool untrusted) {
    if (extend(buffer, count, untrusted)) {
        memset(buffer->text + buffer->bytes - count, byte, count);
    }
}

void buffer_put(struct buffer *buffer, char byte, bool untrusted) { buffer_fill(buffer, byte, 1, untrusted); }

void buffer_text(struct buffer *buffer, const char *literal, bool untrusted) {
    buffer_add(buffer, literal, strlen(literal), untrusted);
}

void buffer_code(struct buffer *buffer, uint32_t code, bool untrusted) {
    uint8_t text[4];
    buffer_add(buffer, (const char *)text, utf8_write(text, code > 0x10ffff ? REPLACEMENT : code), untrusted);
}

void buffer_slice(struct buffer *buffer, const struct value *string, size_t from, size_t to) {
    while (from < to) { /* one run of equally trusted bytes at a time */
        const bool untrusted = untrusted_at(string, from);
        size_t end = string->string.mask ? from + 1 : to;
        while (end < to && string->string.mask[end] == untrusted) {
            end++;
        }
        buffer_add(buffer, string->string.text + from, end - from, untrusted);
        from = end;
    }
}

void buffer_string(struct buffer *buffer, const struct value *string) {
    buffer_slice(buffer, string, 0, string->string.bytes);
}

struct value *buffer_value(struct buffer *buffer) {
    struct value *value = value_text(buffer->box, buffer->text ? buffer->text : "", buffer->bytes);
    if (!buffer->box->failed) {
        value->untrusted = buffer->untrusted;
        value->string.mask = buffer->mask;
    }
    return value;
}
