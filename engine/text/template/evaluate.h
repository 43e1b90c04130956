/* Evaluates expressions. */
#ifndef ENGINE_TEXT_TEMPLATE_EVALUATE_H
#define ENGINE_TEXT_TEMPLATE_EVALUATE_H

#include "engine/text/json/sandbox.h"
#include "engine/text/template/node.h"

struct value *evaluate(struct sandbox *box, const struct node *node);

struct value *attribute_of(struct sandbox *box, struct value *object, struct value *name); /* object.name */
struct value *item_of(struct sandbox *box, struct value *object, struct value *key);       /* object[key] */

#endif
