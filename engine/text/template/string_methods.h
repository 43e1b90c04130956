/* Methods of strings. */
#ifndef ENGINE_TEXT_TEMPLATE_STRING_METHODS_H
#define ENGINE_TEXT_TEMPLATE_STRING_METHODS_H

#include "engine/text/template/builtin.h"

extern const struct builtin builtin_string_methods[];

#endif
