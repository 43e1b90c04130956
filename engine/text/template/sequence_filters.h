/* Filters of lists and dicts. */
#ifndef ENGINE_TEXT_TEMPLATE_SEQUENCE_FILTERS_H
#define ENGINE_TEXT_TEMPLATE_SEQUENCE_FILTERS_H

#include "engine/text/template/builtin.h"

extern const struct builtin builtin_sequence_filters[];

#endif
