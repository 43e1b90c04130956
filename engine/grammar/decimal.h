/* Exact decimal numbers, and the texts whose values compare with one. The texts are JSON numbers without an exponent.
 */
#ifndef ENGINE_GRAMMAR_DECIMAL_H
#define ENGINE_GRAMMAR_DECIMAL_H

#include "engine/grammar/regular.h"

#define DECIMAL_DIGITS 400 /* before and behind the point, each */

/* The value is 0.d1d2d3... * 10^point. */
struct decimal {
    bool negative;      /* never of zero */
    const char *digits; /* (count) without zeros at either end */
    int count, point;   /* 0 of zero */
};

/* Reads an int or float. False if it has more than DECIMAL_DIGITS digits on a side of the point, or after an error. */
bool decimal_read(struct sandbox *box, const struct value *value, struct decimal *decimal);
bool decimal_is_integer(const struct decimal *decimal);

/* All numbers; those with an integer value, written without a point; those with a fraction that is not 0. */
uint32_t decimal_any(struct regular *regular);
uint32_t decimal_integers(struct regular *regular);
uint32_t decimal_fractions(struct regular *regular);
/* All numbers, also those with an exponent. */
uint32_t decimal_json(struct regular *regular);

/* The shortest text of the value. */
uint32_t decimal_literal(struct regular *regular, const struct decimal *decimal);
/* All texts of equal value. */
uint32_t decimal_equal(struct regular *regular, const struct decimal *decimal);
/* The texts with a value of at least, or more than; at most, or less than the decimal. */
uint32_t decimal_above(struct regular *regular, const struct decimal *decimal, bool exclusive);
uint32_t decimal_below(struct regular *regular, const struct decimal *decimal, bool exclusive);
/* Multiples of a positive decimal; `whole`: those with an integer value, written without a point. REGULAR_EMPTY if the
 * digits of the factor do not fit 31 bits. */
uint32_t decimal_multiples(struct regular *regular, const struct decimal *factor, bool whole);

#endif
