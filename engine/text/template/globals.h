/* Global functions: range, namespace, raise_exception and so on. */
#ifndef ENGINE_TEXT_TEMPLATE_GLOBALS_H
#define ENGINE_TEXT_TEMPLATE_GLOBALS_H

#include "engine/text/template/builtin.h"

extern const struct builtin builtin_globals[], builtin_cycler_methods[];

/* What dict(...) returns for these arguments. */
struct value *dict_of_call(struct sandbox *box, const struct call *call);

#endif
