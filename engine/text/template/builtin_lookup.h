/* Looks up names in the interpreter's tables of built-in functions. */
#ifndef ENGINE_TEXT_TEMPLATE_BUILTIN_LOOKUP_H
#define ENGINE_TEXT_TEMPLATE_BUILTIN_LOOKUP_H

#include "engine/text/template/builtin.h"

/* Each returns null if there is none of that name. */
const struct builtin *filter_find(struct sandbox *box, const char *name, size_t bytes);
const struct builtin *test_find(struct sandbox *box, const char *name, size_t bytes);
const struct builtin *global_find(struct sandbox *box, const char *name, size_t bytes);
const struct builtin *method_find(struct sandbox *box, const struct value *self, const char *name, size_t bytes);

#endif
