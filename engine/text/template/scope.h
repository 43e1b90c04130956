/* Variables: lookup and assignment. */
#ifndef ENGINE_TEXT_TEMPLATE_SCOPE_H
#define ENGINE_TEXT_TEMPLATE_SCOPE_H

#include "engine/text/template/interpreter.h"
#include "engine/text/template/node.h"

/* Makes a new scope inside `parent` the current one. False after an error. */
bool scope_open(struct sandbox *box, struct scope *parent);
/* Looks a name up in the scopes, the context and the global functions. An undefined value if it is in none. */
struct value *name_get(struct sandbox *box, const struct value *name);
void name_set(struct sandbox *box, struct value *name, struct value *value);
/* Assigns to a name, to an attribute of a namespace, or to a tuple of those. */
void assign(struct sandbox *box, const struct node *target, struct value *value);

#endif
