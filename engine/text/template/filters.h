/* Filters of a single value: `value|name(arguments)`. */
#ifndef ENGINE_TEXT_TEMPLATE_FILTERS_H
#define ENGINE_TEXT_TEMPLATE_FILTERS_H

#include "engine/text/template/builtin.h"

extern const struct builtin builtin_filters[];

#endif
