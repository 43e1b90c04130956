/* Formats dates as strftime does in the C locale. */
#ifndef ENGINE_TEXT_TEMPLATE_STRFTIME_H
#define ENGINE_TEXT_TEMPLATE_STRFTIME_H

#include "engine/text/json/buffer.h"

/* Appends the time, in seconds since 1970, UTC, years 1 to 9999. Fails for unknown directives. */
void time_format(struct buffer *buffer, int64_t seconds, const struct value *format);

#endif
