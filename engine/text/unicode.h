/* Characters: UTF-8 in and out, and the classes that pre-tokenizers split by. */
#ifndef ENGINE_TEXT_UNICODE_H
#define ENGINE_TEXT_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* General categories by their first letter; SPACE is what regular expressions call \s. */
enum unicode_class {
    CLASS_OTHER, /* what Unicode 15.1 leaves unassigned, and for pre-tokenizers C */
    CLASS_LETTER,
    CLASS_NUMBER,
    CLASS_MARK,
    CLASS_PUNCTUATION,
    CLASS_SYMBOL,
    CLASS_SPACE,
    CLASS_CONTROL /* C */
};

#define REPLACEMENT 0xfffdu

/* enum unicode_class of any number, CLASS_CONTROL taken for CLASS_OTHER. */
uint8_t unicode_class(uint32_t code);
/* The same with CLASS_CONTROL. */
uint8_t unicode_class_or_control(uint32_t code);
/* In lower case; the first character of the canonical decomposition. Of any number. */
uint32_t unicode_lower(uint32_t code);
uint32_t unicode_decomposed(uint32_t code);

/* Reads a character as llama.cpp does: overlong forms and surrogates are taken for what they say; any other invalid
 * byte is a character of its own that reads as U+FFFD. Returns the bytes read, at least 1; bytes > 0. */
size_t utf8_read(const uint8_t *text, size_t bytes, uint32_t *code);
/* Returns the bytes written. code <= 0x10ffff. */
size_t utf8_write(uint8_t out[4], uint32_t code);
/* The width that a first byte announces; 1 for a byte that cannot be one. */
size_t utf8_width(uint8_t first);

/* The tables, see unicode_data.c. */
#define UNICODE_STARTS            143
#define UNICODE_LOWER_PLACES      45
#define UNICODE_DECOMPOSED_PLACES 65
struct unicode_place {
    uint32_t code, to;
    uint32_t offset; /* in the changes */
};
extern const uint8_t unicode_ascii[128];
extern const uint32_t unicode_starts[UNICODE_STARTS];
extern const uint16_t unicode_offsets[UNICODE_STARTS];
extern const uint8_t unicode_ranges[];
extern const struct unicode_place unicode_lower_places[UNICODE_LOWER_PLACES];
extern const uint8_t unicode_lower_changes[];
extern const struct unicode_place unicode_decomposed_places[UNICODE_DECOMPOSED_PLACES];
extern const uint8_t unicode_decomposed_changes[];

#endif
