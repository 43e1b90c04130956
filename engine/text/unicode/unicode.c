/* Character classes, lower case and decompositions, looked up in the compressed tables of unicode_data.c. */
#include "engine/text/unicode/unicode.h"

#include "engine/text/unicode/unicode_data.h"
#include "engine/text/unicode/utf8.h"

/* Reads 7 bits per byte, lowest first. The top bit is set in all bytes but the last (LEB128). */
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
    for (;;) { /* ends: the ranges cover everything up to 0x10ffff */
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

static uint32_t mapped(const struct unicode_anchor *anchors, size_t n_anchors, const uint8_t *changes, uint32_t code) {
    size_t low = 0;
    size_t high = n_anchors;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (anchors[middle].code <= code) {
            low = middle;
        } else {
            high = middle;
        }
    }
    uint32_t at = anchors[low].code;
    uint32_t to = anchors[low].to;
    const uint8_t *change = changes + anchors[low].offset;
    for (unsigned i = 1; at < code && i < 32; i++) { /* the last change in the table exceeds every code point */
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
    return mapped(unicode_lower_anchors, UNICODE_LOWER_ANCHORS, unicode_lower_changes, code);
}

uint32_t unicode_decomposed(uint32_t code) {
    if (code >= 0xac00 && code < 0xd7a4) { /* Hangul: each leading consonant has 21 * 28 syllables */
        return 0x1100 + (code - 0xac00) / 588;
    }
    return code < 128
               ? code
               : mapped(unicode_decomposed_anchors, UNICODE_DECOMPOSED_ANCHORS, unicode_decomposed_changes, code);
}
