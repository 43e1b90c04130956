/* Prints values as Python's str() and repr() do. */
#ifndef ENGINE_TEXT_JSON_VALUE_PRINT_H
#define ENGINE_TEXT_JSON_VALUE_PRINT_H

#include "engine/text/json/buffer.h"

void buffer_print(struct buffer *buffer, const struct value *value);  /* appends str(value) */
void buffer_repr(struct buffer *buffer, const struct value *value);   /* appends repr(value) */
struct value *value_string(struct sandbox *box, struct value *value); /* str(value) */

#endif
