/* Format specifications, which % and {} share: flags, width, precision and type. */
#ifndef ENGINE_TEXT_TEMPLATE_FORMAT_SPEC_H
#define ENGINE_TEXT_TEMPLATE_FORMAT_SPEC_H

#include "engine/text/json/buffer.h"

struct format_spec {
    struct value *fill;  /* one character; null for a space */
    char align;          /* < > ^ = or 0 */
    char sign;           /* + or space, or 0 */
    bool zero;           /* pad numbers with zeros */
    ptrdiff_t width;     /* characters */
    ptrdiff_t precision; /* negative: not given */
    char type;           /* 0: not given */
    bool untrusted;      /* the format string is */
};

/* Position in a format string. */
struct format_reader {
    const struct value *string;
    size_t at;
};

/* The next byte; 0 at the end. */
char format_peek(const struct format_reader *reader);
/* Skips this byte if it is next. */
bool format_take(struct format_reader *reader, char byte);
/* Reads flags, width and precision. */
void format_spec_read(struct format_reader *reader, struct format_spec *spec);
/* Appends the value as the specification says. */
void format_value(struct buffer *buffer, struct value *value, const struct format_spec *spec);

#endif
