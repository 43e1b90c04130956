#include "engine/text/unicode.h"

uint8_t unicode_class(uint32_t code) {
    if (code < 128) {
        return unicode_ascii[code];
    }
    if (code > 0x10ffff) {
        return CLASS_OTHER;
    }
    size_t low = 0;
    size_t high = UNICODE_STARTS;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (unicode_starts[middle] <= code) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const uint8_t *range = unicode_ranges + unicode_offsets[low];
    uint32_t end = unicode_starts[low];
    for (;;) { /* the ranges reach to 0x10ffff */
        const uint8_t head = *range++;
        uint32_t rest = head >> 3;
        for (unsigned shift = 0; head >> 3 == 31; shift += 7) {
            const uint8_t more = *range++;
            rest += (uint32_t)(more & 127) << shift;
            if (more < 128) {
                break;
            }
        }
        end += rest + 1;
        if (code < end) {
            return head & 7;
        }
    }
}

size_t utf8_width(uint8_t first) { return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4; }

size_t utf8_read(const uint8_t *text, size_t bytes, uint32_t *code) {
    const uint8_t first = text[0];
    *code = first;
    if (first < 0x80) {
        return 1;
    }
    const size_t width = utf8_width(first);
    *code = REPLACEMENT;
    if (width == 1 || first >= 0xf8 || width > bytes) {
        return 1;
    }
    uint32_t value = first & (0x7fu >> width);
    for (size_t i = 1; i < width; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 1;
        }
        value = value << 6 | (text[i] & 0x3fu);
    }
    if (value > 0x10ffff) { /* llama.cpp throws an exception here */
        return 1;
    }
    *code = value;
    return width;
}

size_t utf8_write(uint8_t out[4], uint32_t code) {
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    const size_t width = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = width - 1; i; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (uint8_t)(0xf00u >> width | code);
    return width;
}
