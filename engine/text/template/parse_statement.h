/* Parses templates: text, tags and statements. */
#ifndef ENGINE_TEXT_TEMPLATE_PARSE_STATEMENT_H
#define ENGINE_TEXT_TEMPLATE_PARSE_STATEMENT_H

#include "engine/text/template/node.h"

struct sandbox;

/* Returns the template as a list of statements, null if it is empty. text: see struct lexer. */
struct node *template_parse(struct sandbox *box, const char *text, size_t bytes);

#endif
