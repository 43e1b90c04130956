/* Executes statements, and calls macros. */
#ifndef ENGINE_TEXT_TEMPLATE_EXECUTE_H
#define ENGINE_TEXT_TEMPLATE_EXECUTE_H

#include "engine/text/json/sandbox.h"
#include "engine/text/template/builtin.h"
#include "engine/text/template/node.h"

enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE };

/* Executes a list of statements. FLOW_BREAK after an error. */
enum flow execute(struct sandbox *box, const struct node *list);
/* Returns the text that the macro prints. */
struct value *call_macro(struct sandbox *box, const struct value *macro, const struct call *call);

#endif
