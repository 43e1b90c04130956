/* Patterns that split a text, as pre-tokenizers use them: regular expressions, each implemented by a function. */
#ifndef ENGINE_TEXT_TOKENIZER_PATTERN_H
#define ENGINE_TEXT_TOKENIZER_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text as code points. */
struct characters {
    const uint32_t *codes;  /* (count) */
    const uint8_t *classes; /* (count) enum unicode_class */
    size_t count;
    size_t run_end; /* end of the run that a pattern is splitting, so that it is measured only once */
};

/* Returns the end of the match that starts at `at`, or `at` if there is none. Looks at nothing from `end` on; at < end.
 * The rule is an argument of the pattern: a class, a set or flags. */
typedef size_t (*pattern_match)(struct characters *text, size_t at, size_t end, uint32_t rule);

struct pattern {
    pattern_match match; /* null ends a list */
    uint32_t rule;
};

/* Whether there is a character of this class at `at`. */
static inline bool is_class(const struct characters *text, size_t at, size_t end, unsigned class) {
    return at < end && text->classes[at] == class;
}

#endif
