/* {% for %} and the loop object. */
#ifndef ENGINE_TEXT_TEMPLATE_LOOP_H
#define ENGINE_TEXT_TEMPLATE_LOOP_H

#include "engine/text/template/builtin.h"
#include "engine/text/template/execute.h"

enum flow execute_for(struct sandbox *box, const struct node *node);
/* value.name, of a loop object; null if there is no such attribute. */
struct value *loop_attribute(struct sandbox *box, struct value *value, const struct value *name);

extern const struct builtin builtin_loop_methods[];

#endif
