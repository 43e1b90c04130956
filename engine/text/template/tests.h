/* Tests: `value is name(argument)`. */
#ifndef ENGINE_TEXT_TEMPLATE_TESTS_H
#define ENGINE_TEXT_TEMPLATE_TESTS_H

#include "engine/text/template/builtin.h"

extern const struct builtin builtin_tests[];

#endif
