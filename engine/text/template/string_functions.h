/* String functions shared by filters and methods. Each byte of a result is as trusted as the byte it comes from. */
#ifndef ENGINE_TEXT_TEMPLATE_STRING_FUNCTIONS_H
#define ENGINE_TEXT_TEMPLATE_STRING_FUNCTIONS_H

#include "engine/text/json/sandbox.h"

enum letter_case { CASE_UPPER, CASE_LOWER, CASE_CAPITALIZE, CASE_TITLE, CASE_WORDS };
struct value *string_case(struct sandbox *box, const struct value *string, enum letter_case to);

enum strip_sides { STRIP_LEFT = 1, STRIP_RIGHT = 2, STRIP_BOTH = 3 };
/* Removes these characters; white space if that is null or none. */
struct value *string_strip(struct sandbox *box, const struct value *string, const struct value *characters,
                           enum strip_sides sides);

/* Replaces the first `count` occurrences, all if it is negative. */
struct value *string_replace(struct sandbox *box, const struct value *string, const struct value *from,
                             const struct value *to, ptrdiff_t count);
/* A null separator is empty. */
struct value *string_join(struct sandbox *box, const struct value *separator, const struct value *list);
/* Returns where the line after the one at `from` starts; *end is where this line ends, without its newline. */
size_t string_line(const struct value *string, size_t from, size_t *end);

/* int(string, base) and float(string) as in Python; null if the string is not a number. */
struct value *integer_parse(struct sandbox *box, const struct value *string, ptrdiff_t base);
struct value *float_parse(struct sandbox *box, const struct value *string);

#endif
