/* Characters, white space and searches in string values. Offsets and sizes are bytes of UTF-8. */
#ifndef ENGINE_TEXT_JSON_VALUE_STRING_H
#define ENGINE_TEXT_JSON_VALUE_STRING_H

#include "engine/text/json/sandbox.h"

/* The character at byte `at`, which is before the end: its code point in the low 24 bits, its width in bytes above. */
uint32_t string_char(const struct value *string, size_t at);
#define CHAR_CODE(c)  ((c) & 0xffffffu)
#define CHAR_BYTES(c) ((c) >> 24)
/* The number of characters. */
size_t string_length(const struct value *string);
/* The byte at which character `index` starts, or the end. */
size_t string_offset(const struct value *string, size_t index);
/* Whether byte `at` is untrusted. */
bool untrusted_at(const struct value *string, size_t at);

/* White space as Python's str.isspace defines it. */
bool space_char(uint32_t code);
/* The number of bytes of white space that text[0..bytes) starts with, or ends with. */
size_t space_before(const char *text, size_t bytes);
size_t space_after(const char *text, size_t bytes);

/* Where `needle` first occurs in string[from..to), or last; SIZE_MAX if it does not. */
size_t text_find(struct sandbox *box, const struct value *string, size_t from, size_t to, const struct value *needle,
                 bool last);

#endif
