/* Binary operators, `in` and slices. */
#ifndef ENGINE_TEXT_TEMPLATE_OPERATORS_H
#define ENGINE_TEXT_TEMPLATE_OPERATORS_H

#include "engine/text/json/sandbox.h"

/* a operation b. The operation is as in struct token. */
struct value *operate(struct sandbox *box, unsigned operation, struct value *a, struct value *b);
/* value in container */
bool contains(struct sandbox *box, const struct value *container, const struct value *value);
/* object[range[0]:range[1]:range[2]]; null where omitted. */
struct value *slice_of(struct sandbox *box, struct value *object, struct value *const range[3]);

#endif
