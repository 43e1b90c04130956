/* Sets of characters, and the bytes that write them. */
#ifndef ENGINE_GRAMMAR_CHARSET_H
#define ENGINE_GRAMMAR_CHARSET_H

#include "engine/grammar/regular.h"

#define LAST_CHARACTER 0x10ffffu

/* How a text is written. */
enum encoding {
    ENCODING_UTF8,
    /* The inside of a JSON string: UTF-8 without quotes, backslashes and control characters, and all escapes. */
    ENCODING_JSON,
};

struct char_range {
    uint32_t low, high;
};

struct charset {
    struct char_range *ranges; /* (count) in any order until charset_sort */
    size_t count, capacity;
};

void charset_add(struct sandbox *box, struct charset *set, uint32_t low, uint32_t high);
void charset_add_all(struct sandbox *box, struct charset *set, const struct charset *other);
/* Sorts the ranges and joins those that touch. */
void charset_sort(struct sandbox *box, struct charset *set);
/* All characters that are not in the set. */
void charset_invert(struct sandbox *box, struct charset *set);

/* One character of the set, in every way to write it. Surrogates are no characters. Sorts the set. */
uint32_t charset_node(struct regular *regular, struct charset *set, enum encoding encoding);
/* Any one character. */
uint32_t charset_any(struct regular *regular, enum encoding encoding);
/* One character, in every way to write it. */
uint32_t charset_one(struct regular *regular, uint32_t code, enum encoding encoding);

#endif
