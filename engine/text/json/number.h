/* Numbers from text and to text, correctly rounded. */
#ifndef ENGINE_TEXT_JSON_NUMBER_H
#define ENGINE_TEXT_JSON_NUMBER_H

#include "engine/text/json/buffer.h"

/* Reads digits with an optional fraction and exponent, without sign or space. False unless all bytes were read. */
bool number_read(const char *text, size_t bytes, double *number);
/* Reads digits of a base from 2 to 36. False if there is any other byte or the value does not fit 64 bits. */
bool integer_read(const char *text, size_t bytes, unsigned base, uint64_t *integer);

void buffer_integer(struct buffer *buffer, int64_t integer, bool untrusted);
/* Appends what Python's % gives for type 'f', 'e' or 'g' with this precision. Type 'r' is repr: the shortest text that
 * reads back as the same number; it ignores the precision. */
void buffer_float(struct buffer *buffer, double number, char type, size_t precision, bool untrusted);

/* Rounds to a number of decimals (negative: tens, hundreds ...) as Python's round does: halves to even. */
double number_round(double number, int decimals);
double number_floor(double number);
bool number_is_finite(double number);

#endif
