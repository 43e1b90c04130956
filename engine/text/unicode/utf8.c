/* UTF-8. */
#include "engine/text/unicode/utf8.h"

size_t utf8_width(uint8_t first) {
    if (first < 0xe0) {
        return first < 0xc0 ? 1 : 2;
    }
    return first < 0xf0 ? 3 : 4;
}

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
    size_t width = code < 0x800 ? 2 : 3;
    width = code < 0x10000 ? width : 4;
    for (size_t i = width - 1; i; i--) {
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (uint8_t)(0xf00u >> width | code);
    return width;
}
