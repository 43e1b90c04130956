/* The next token, and new nodes. */
#include "engine/text/template/parser.h"

struct node *node_new(struct parser *parser, enum node_kind kind, struct node *a, struct node *b) {
    struct node *node = TAKE(parser->lexer.box, struct node);
    if (node == NULL) {
        return &parser->scrap;
    }
    node->kind = (uint8_t)kind;
    node->at = parser->token.at;
    node->a = a;
    node->b = b;
    return node;
}

struct node *node_add(struct node ***link, struct node *node) {
    **link = node;
    *link = &node->next;
    return node;
}

void parser_next(struct parser *parser) { lexer_next(&parser->lexer, &parser->token); }

bool parser_at(const struct parser *parser, unsigned operation) {
    return parser->token.kind == TOKEN_OPERATOR && parser->token.operation == operation;
}

bool parser_take(struct parser *parser, unsigned operation) {
    const bool there = parser_at(parser, operation);
    if (there) {
        parser_next(parser);
    }
    return there;
}

struct node *parser_unexpected(struct parser *parser) {
    static const char names[][12] = {"the end", "text", "{{", "}}", "{%", "%}"};
    struct sandbox *box = parser->lexer.box;
    struct token *token = &parser->token;
    const bool named = token->kind <= TOKEN_BLOCK_END;
    if (!box->failed) {
        box->at = token->at;
    }
    sandbox_fail_with(box, QN_ERR_TEMPLATE, "unexpected %.*s",
                      named ? names[token->kind] : parser->lexer.text + token->at,
                      named ? strlen(names[token->kind]) : token->bytes);
    token->kind = TOKEN_END;
    return &parser->scrap;
}

void parser_expect(struct parser *parser, unsigned operation) {
    if (!parser_take(parser, operation)) {
        parser_unexpected(parser);
    }
}

bool parser_at_name(const struct parser *parser, const char *name) {
    const struct token *token = &parser->token;
    return token->kind == TOKEN_NAME && token->bytes == strlen(name) &&
           memcmp(parser->lexer.text + token->at, name, token->bytes) == 0;
}

bool parser_take_name(struct parser *parser, const char *name) {
    const bool there = parser_at_name(parser, name);
    if (there) {
        parser_next(parser);
    }
    return there;
}
