/* engine/text/unicode: character properties (this header) and UTF-8 (utf8.h).
 *
 * Functions take code points or bytes and have no state. They know nothing about tokenizers, templates or models.
 * tools/unicode_tables.py writes the tables in unicode_data.c. */
#ifndef ENGINE_TEXT_UNICODE_UNICODE_H
#define ENGINE_TEXT_UNICODE_UNICODE_H

#include <stdint.h>

/* General categories by their first letter. SPACE is what regular expressions call \s. */
enum unicode_class {
    CLASS_OTHER, /* unassigned in Unicode 15.1, and for unicode_class also C */
    CLASS_LETTER,
    CLASS_NUMBER,
    CLASS_MARK,
    CLASS_PUNCTUATION,
    CLASS_SYMBOL,
    CLASS_SPACE,
    CLASS_CONTROL /* C */
};

/* All functions accept any number as a code point. */

/* The class, with CLASS_OTHER instead of CLASS_CONTROL. */
uint8_t unicode_class(uint32_t code);
uint8_t unicode_class_or_control(uint32_t code);
uint32_t unicode_lower(uint32_t code);
/* The first character of the canonical decomposition. */
uint32_t unicode_decomposed(uint32_t code);

#endif
