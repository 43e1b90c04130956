/* Characters and searches in text. */
#include "engine/text/unicode.h"
#include "engine/text/value.h"

bool space_char(uint32_t code) {
    return code == ' ' || (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x1f) || code == 0x85 || code == 0xa0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
           code == 0x205f || code == 0x3000;
}

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

size_t text_find(struct heap *heap, const char *text, size_t bytes, size_t from, const char *needle,
                 size_t needle_bytes) {
    size_t at = from;
    for (; needle_bytes <= bytes && at <= bytes - needle_bytes; at++) {
        if (needle_bytes == 0 || (text[at] == needle[0] && heap_step(heap, needle_bytes / 32) &&
                                  memcmp(text + at, needle, needle_bytes) == 0)) {
            return heap_step(heap, (at - from) / 64 + 1) ? at : SIZE_MAX;
        }
    }
    heap_step(heap, (at - from) / 64 + 1);
    return SIZE_MAX;
}

size_t text_find_last(struct heap *heap, const char *text, size_t bytes, const char *needle, size_t needle_bytes) {
    if (needle_bytes > bytes) {
        return SIZE_MAX;
    }
    for (size_t at = bytes - needle_bytes + 1; at-- > 0;) {
        if (needle_bytes == 0 || (text[at] == needle[0] && heap_step(heap, needle_bytes / 32) &&
                                  memcmp(text + at, needle, needle_bytes) == 0)) {
            return heap_step(heap, (bytes - at) / 64 + 1) ? at : SIZE_MAX;
        }
    }
    heap_step(heap, bytes / 64 + 1);
    return SIZE_MAX;
}
