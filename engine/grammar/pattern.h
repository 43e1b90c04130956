/* Regular expressions as ECMA-262 defines them, in the part that names a regular language: classes, escapes, anchors,
 * groups, alternatives and quantifiers. A lazy quantifier accepts the same texts as a greedy one. Look-around,
 * back-references, word boundaries, Unicode properties and flags are refused by name. A character is a code point, as
 * with ECMA-262's flag u. */
#ifndef ENGINE_GRAMMAR_PATTERN_H
#define ENGINE_GRAMMAR_PATTERN_H

#include "engine/grammar/charset.h"

struct pattern_error {
    const char *text; /* null: none */
    size_t at;        /* offset in the pattern */
};

/* The texts that the pattern matches, written in that encoding. `whole`: it must match all of a text; otherwise, as in
 * JSON Schema, any part of it. REGULAR_EMPTY with *error, or after an error of the sandbox, which may be hostile input
 * that reached a limit. */
uint32_t pattern_node(struct regular *regular, const char *text, size_t bytes, enum encoding encoding, bool whole,
                      struct pattern_error *error);

#endif
