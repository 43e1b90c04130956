#include "engine/text/unicode.h"

/* 7 bits a byte, the lowest first, all but the last with the top bit set. */
static uint32_t read_number(const uint8_t **at) {
    uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const uint8_t byte = *(*at)++;
        value += (uint32_t)(byte & 127) << shift;
        if (byte < 128) {
            return value;
        }
    }
}

uint8_t unicode_class_or_control(uint32_t code) {
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
        end += (head >> 3) + 1u;
        if (head >> 3 == 31) {
            end += read_number(&range);
        }
        if (code < end) {
            return head & 7;
        }
    }
}

uint8_t unicode_class(uint32_t code) {
    const uint8_t class = unicode_class_or_control(code);
    return class == CLASS_CONTROL ? CLASS_OTHER : class;
}

static uint32_t mapped(const struct unicode_place *places, size_t n_places, const uint8_t *changes, uint32_t code) {
    size_t low = 0;
    size_t high = n_places;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (places[middle].code <= code) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uint32_t at = places[low].code;
    uint32_t to = places[low].to;
    const uint8_t *change = changes + places[low].offset;
    for (unsigned i = 1; at < code && i < 32; i++) { /* the last change of all reaches past every code */
        at += read_number(&change) + 1;
        const uint32_t by = read_number(&change);
        to += by & 1 ? 0u - (by / 2 + 1) : by / 2;
    }
    return at == code ? to : code;
}
uint32_t unicode_lower(uint32_t code) {
    if (code < 128) {
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    }
    return mapped(unicode_lower_places, UNICODE_LOWER_PLACES, unicode_lower_changes, code);
}

uint32_t unicode_decomposed(uint32_t code) {
    if (code >= 0xac00 && code < 0xd7a4) { /* Hangul: its leading consonant, of 21 * 28 syllables each */
        return 0x1100 + (code - 0xac00) / 588;
    }
    return code < 128 ? code
                      : mapped(unicode_decomposed_places, UNICODE_DECOMPOSED_PLACES, unicode_decomposed_changes, code);
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
