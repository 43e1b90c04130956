/* Reads and writes UTF-8. */
#ifndef ENGINE_TEXT_UNICODE_UTF8_H
#define ENGINE_TEXT_UNICODE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define REPLACEMENT 0xfffdu /* the replacement character */

/* Reads the character at the start of text[0..bytes), bytes > 0, as llama.cpp's unicode_cpt_from_utf8 does: overlong
 * forms and surrogates are decoded like any other; every other invalid byte counts as one character, U+FFFD. Returns
 * the number of bytes read, at least 1. */
size_t utf8_read(const uint8_t *text, size_t bytes, uint32_t *code);
/* Returns the number of bytes written. code <= 0x10ffff. */
size_t utf8_write(uint8_t out[4], uint32_t code);
/* The width in bytes that a character's first byte announces; 1 for a byte that cannot be a first byte. */
size_t utf8_width(uint8_t first);

#endif
