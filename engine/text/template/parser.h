/* What the parsers of expressions and statements share: the next token, and new nodes. */
#ifndef ENGINE_TEXT_TEMPLATE_PARSER_H
#define ENGINE_TEXT_TEMPLATE_PARSER_H

#include "engine/text/template/lexer.h"
#include "engine/text/template/node.h"

struct parser {
    struct lexer lexer;
    struct token token; /* the next one */
    struct node scrap;  /* what every new node is after an error */
    unsigned loops;     /* that `break` could leave */
};

/* Nodes are never null; after an error they are scrap. */
struct node *node_new(struct parser *parser, enum node_kind kind, struct node *a, struct node *b);
/* Appends to the list whose last link is *link, and returns the node. */
struct node *node_add(struct node ***link, struct node *node);

void parser_next(struct parser *parser);
/* Whether the next token is this operator or name. The `take` functions also skip it. */
bool parser_at(const struct parser *parser, unsigned operation);
bool parser_take(struct parser *parser, unsigned operation);
bool parser_at_name(const struct parser *parser, const char *name);
bool parser_take_name(struct parser *parser, const char *name);
/* Skips the operator; fails if it is not next. */
void parser_expect(struct parser *parser, unsigned operation);
/* Fails because of the next token. Returns scrap. */
struct node *parser_unexpected(struct parser *parser);

#endif
