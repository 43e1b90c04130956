/* Characters, white space and searches in string values. */
#include "engine/text/json/value_string.h"

#include "engine/text/unicode/unicode.h"
#include "engine/text/unicode/utf8.h"

uint32_t string_char(const struct value *string, size_t at) {
    uint32_t code;
    const size_t bytes = utf8_read((const uint8_t *)string->string.text + at, string->string.bytes - at, &code);
    return code | (uint32_t)bytes << 24;
}

size_t string_offset(const struct value *string, size_t index) {
    size_t at = 0;
    while (index-- && at < string->string.bytes) {
        at += CHAR_BYTES(string_char(string, at));
    }
    return at;
}

size_t string_length(const struct value *string) {
    size_t count = 0;
    for (size_t at = 0; at < string->string.bytes; count++) {
        at += CHAR_BYTES(string_char(string, at));
    }
    return count;
}

bool untrusted_at(const struct value *string, size_t at) {
    return string->string.mask && at < string->string.bytes ? string->string.mask[at] : string->untrusted;
}

bool space_char(uint32_t code) { return unicode_class(code) == CLASS_SPACE || (code >= 0x1c && code <= 0x1f); }

size_t space_before(const char *text, size_t bytes) {
    size_t at = 0;
    uint32_t code;
    while (at < bytes) {
        const size_t width = utf8_read((const uint8_t *)text + at, bytes - at, &code);
        if (!space_char(code)) {
            break;
        }
        at += width;
    }
    return at;
}

size_t space_after(const char *text, size_t bytes) {
    size_t end = bytes;
    while (end) {
        size_t start = end - 1;
        while (start && end - start < 4 && ((uint8_t)text[start] & 0xc0) == 0x80) {
            start--;
        }
        uint32_t code;
        if (utf8_read((const uint8_t *)text + start, end - start, &code) != end - start || !space_char(code)) {
            break;
        }
        end = start;
    }
    return bytes - end;
}

size_t text_find(struct sandbox *box, const struct value *string, size_t from, size_t to, const struct value *needle,
                 bool last) {
    const char *text = string->string.text;
    const size_t bytes = needle->string.bytes;
    if (from > to || bytes > to - from) {
        return SIZE_MAX;
    }
    for (size_t i = 0, places = to - from - bytes + 1; i < places; i++) {
        const size_t at = last ? from + places - 1 - i : from + i;
        if (bytes == 0 || (text[at] == needle->string.text[0] && sandbox_step(box, bytes / 32) &&
                           memcmp(text + at, needle->string.text, bytes) == 0)) {
            sandbox_step(box, i / 64 + 1);
            return at;
        }
    }
    sandbox_step(box, (to - from) / 64 + 1);
    return SIZE_MAX;
}
