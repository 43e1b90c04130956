/* The keyword `format`. */
#ifndef ENGINE_GRAMMAR_FORMATS_H
#define ENGINE_GRAMMAR_FORMATS_H

#include "engine/grammar/regular.h"

/* The strings of a format, as the inside of a JSON string. REGULAR_EMPTY if the name is not known. */
uint32_t format_node(struct regular *regular, const struct value *name);

#endif
