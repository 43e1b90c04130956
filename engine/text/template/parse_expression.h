/* Parses expressions with jinja2's operator precedence. */
#ifndef ENGINE_TEXT_TEMPLATE_PARSE_EXPRESSION_H
#define ENGINE_TEXT_TEMPLATE_PARSE_EXPRESSION_H

#include "engine/text/template/parser.h"

struct node *parse_expression(struct parser *parser);
/* An expression without a trailing `if`. */
struct node *parse_unconditional(struct parser *parser);
/* Items with commas between them: a tuple, or a single item if there is no comma. */
struct node *parse_tuple(struct parser *parser, struct node *(*item)(struct parser *), bool parenthesized);
/* |name(...)|name ... after the operand. named: the first | is missing, so a name comes next. */
struct node *parse_filters(struct parser *parser, struct node *operand, bool named);
/* A name. Equal names share one value. */
struct value *parse_name(struct parser *parser);

#endif
