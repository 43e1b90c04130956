/* From tokens to a tree: text and statements. */
#include "engine/text/template_interp.h"

static bool block_end(struct parser *parser) {
    if (parser->token.kind != TOKEN_BLOCK_END) {
        parser_unexpected(parser);
        return false;
    }
    return parser_next(parser);
}

/* Statements up to a tag of the given name, or the other; the tag's name is next then. */
static struct node *parse_until(struct parser *parser, const char *end, const char *other, const char *third) {
    parser_take(parser, ':');
    struct node *body = block_end(parser) ? parse_statements(parser) : NULL;
    const bool at_end = parser_at_name(parser, end) || (other && parser_at_name(parser, other)) ||
                        (third && parser_at_name(parser, third));
    if (!at_end) { /* statements end at whatever they do not know */
        if (parser->token.kind == TOKEN_END) {
            parser->lexer.heap->at = parser->token.at;
            return WRONG(parser->lexer.heap, "{%% %s %%} is missing at the end", end);
        }
        return parser_unexpected(parser);
    }
    return body;
}

/* The same, and past the end tag. */
static struct node *parse_block(struct parser *parser, const char *end) {
    struct node *body = parse_until(parser, end, NULL, NULL);
    return !parser->lexer.heap->failed && parser_next(parser) && block_end(parser) ? body : NULL;
}

/* A body that a `break` inside cannot leave. */
static struct node *parse_closed_block(struct parser *parser, const char *end) {
    const unsigned loops = parser->loops;
    parser->loops = 0;
    struct node *body = parse_block(parser, end);
    parser->loops = loops;
    return body;
}

static struct node *parse_target_item(struct parser *parser) {
    struct heap *heap = parser->lexer.heap;
    struct node *node = NULL;
    if (heap_enter(heap)) {
        if (parser_take(parser, '(')) {
            node = parse_tuple(parser, parse_target_item, true);
            node = node && parser_expect(parser, ')') ? node : NULL;
        } else {
            node = node_new(parser, NODE_NAME, NULL, NULL);
            if (node) {
                node->value = parse_name(parser);
            }
            if (node && parser_take(parser, '.')) {
                node = node_new(parser, NODE_ATTRIBUTE, node, NULL);
                if (node) {
                    node->value = parse_name(parser);
                }
            }
        }
    }
    heap->depth--;
    return heap->failed ? NULL : node;
}

struct node *parse_target(struct parser *parser) { return parse_tuple(parser, parse_target_item, false); }

static struct node *parse_if(struct parser *parser) {
    struct node *first = NULL;
    struct node **link = &first;
    do {
        struct node *node = node_new(parser, NODE_IF, parse_tuple(parser, parse_choiceless, false), NULL);
        if (node == NULL) {
            return NULL;
        }
        *link = node;
        link = &node->c;
        node->b = parse_until(parser, "endif", "elif", "else");
        if (parser_take_name(parser, "else")) {
            node->d = parse_until(parser, "endif", NULL, NULL);
        }
    } while (parser_take_name(parser, "elif"));
    return parser_take_name(parser, "endif") && block_end(parser) ? first : NULL;
}

static struct node *parse_for(struct parser *parser) {
    struct node *node = node_new(parser, NODE_FOR, parse_target(parser), NULL);
    if (node == NULL) {
        return NULL;
    }
    if (!parser_take_name(parser, "in")) {
        return parser_unexpected(parser);
    }
    node->b = parse_tuple(parser, parse_choiceless, false);
    if (parser_take_name(parser, "if")) {
        node->b = node_new(parser, NODE_WHERE, node->b, parse_expression(parser));
    }
    if (parser_at_name(parser, "recursive")) {
        return WRONG(parser->lexer.heap, "recursive loops are not supported");
    }
    parser->loops++;
    node->c = parse_until(parser, "endfor", "else", NULL);
    parser->loops--;
    if (parser_take_name(parser, "else")) {
        node->d = parse_until(parser, "endfor", NULL, NULL);
    }
    return parser_take_name(parser, "endfor") && block_end(parser) ? node : NULL;
}

static struct node *captured(struct parser *parser) { return node_new(parser, NODE_CAPTURED, NULL, NULL); }

static struct node *parse_set(struct parser *parser) {
    struct node *node = node_new(parser, NODE_SET, parse_target(parser), NULL);
    if (node == NULL) {
        return NULL;
    }
    if (parser_take(parser, '=')) {
        node->b = parse_tuple(parser, parse_expression, false);
        return block_end(parser) ? node : NULL;
    }
    node->kind = NODE_SET_BLOCK;
    node->c = parse_filters(parser, captured(parser), false);
    node->b = parse_closed_block(parser, "endset");
    return node;
}

/* (name, name=default ...) as the parameters of the macro. */
static bool parse_signature(struct parser *parser, struct node *macro) {
    struct node **link = &macro->a;
    if (!parser_expect(parser, '(')) {
        return false;
    }
    bool defaults = false;
    while (!parser_take(parser, ')')) {
        struct node *parameter = node_new(parser, NODE_SET, NULL, NULL);
        if (parameter == NULL || (macro->a && !parser_expect(parser, ','))) {
            return false;
        }
        parameter->value = parse_name(parser);
        if (parser_take(parser, '=')) {
            parameter->b = parse_expression(parser);
            defaults = true;
        } else if (defaults) {
            WRONG(parser->lexer.heap, "a parameter without default after one with");
        }
        if (parser->lexer.heap->failed) {
            return false;
        }
        *link = parameter;
        link = &parameter->next;
    }
    return true;
}

static struct node *parse_macro(struct parser *parser) {
    struct node *node = node_new(parser, NODE_MACRO, NULL, NULL);
    if (node) {
        node->value = parse_name(parser);
    }
    if (node == NULL || !parse_signature(parser, node)) {
        return NULL;
    }
    node->b = parse_closed_block(parser, "endmacro");
    return node;
}

static struct node *parse_call_block(struct parser *parser) {
    struct node *caller = node_new(parser, NODE_MACRO, NULL, NULL);
    struct node *node = node_new(parser, NODE_CALL_BLOCK, caller, NULL);
    if (node == NULL) {
        return NULL;
    }
    caller->value = value_name(parser->lexer.heap, "caller");
    if (parser->token.kind == TOKEN_OPERATOR && parser->token.operation == '(' && !parse_signature(parser, caller)) {
        return NULL;
    }
    node->b = parse_expression(parser);
    if (node->b && node->b->kind != NODE_CALL) {
        return WRONG(parser->lexer.heap, "{%% call %%} expects a call");
    }
    caller->b = parse_closed_block(parser, "endcall");
    return node;
}

static struct node *parse_with(struct parser *parser) {
    struct node *node = node_new(parser, NODE_SCOPE, NULL, NULL);
    struct node **link = node ? &node->a : NULL;
    while (node && parser->token.kind != TOKEN_BLOCK_END) {
        if (node->a && !parser_expect(parser, ',')) {
            return NULL;
        }
        struct node *set = node_new(parser, NODE_SET, parse_target(parser), NULL);
        if (set == NULL || !parser_expect(parser, '=')) {
            return NULL;
        }
        set->b = parse_expression(parser);
        *link = set;
        link = &set->next;
        if (parser->lexer.heap->failed) {
            return NULL;
        }
    }
    if (node) {
        node->b = parse_block(parser, "endwith");
    }
    return node;
}

static struct node *parse_leave(struct parser *parser, enum node_kind kind) {
    struct node *node = node_new(parser, kind, NULL, NULL);
    if (node && parser->loops == 0) {
        return WRONG(parser->lexer.heap, "%s outside of a loop", kind == NODE_BREAK ? "break" : "continue");
    }
    return block_end(parser) ? node : NULL;
}

/* After {%. Null without an error: a name that starts no statement. */
static struct node *parse_tag(struct parser *parser) {
    struct node *node;
    parser->lexer.heap->at = parser->token.at;
    if (parser_take_name(parser, "if")) {
        return parse_if(parser);
    }
    if (parser_take_name(parser, "for")) {
        return parse_for(parser);
    }
    if (parser_take_name(parser, "set")) {
        return parse_set(parser);
    }
    if (parser_take_name(parser, "macro")) {
        return parse_macro(parser);
    }
    if (parser_take_name(parser, "call")) {
        return parse_call_block(parser);
    }
    if (parser_take_name(parser, "filter")) {
        node = node_new(parser, NODE_FILTER_BLOCK, parse_filters(parser, captured(parser), true), NULL);
        if (node) {
            node->b = parse_closed_block(parser, "endfilter");
        }
        return node;
    }
    if (parser_take_name(parser, "generation")) {
        node = node_new(parser, NODE_SCOPE, NULL, NULL);
        if (node) {
            node->b = parse_closed_block(parser, "endgeneration");
        }
        return node;
    }
    if (parser_take_name(parser, "with")) {
        return parse_with(parser);
    }
    if (parser_take_name(parser, "break")) {
        return parse_leave(parser, NODE_BREAK);
    }
    if (parser_take_name(parser, "continue")) {
        return parse_leave(parser, NODE_CONTINUE);
    }
    if (parser_take_name(parser, "print")) {
        node = node_new(parser, NODE_PRINT, parse_expression(parser), NULL);
        return block_end(parser) ? node : NULL;
    }
    return NULL;
}

static struct node *parse_statement(struct parser *parser) {
    struct node *node;
    switch (parser->token.kind) {
    case TOKEN_TEXT:
        node = node_new(parser, NODE_TEXT, NULL, NULL);
        if (node) {
            node->value = parser->token.value;
        }
        parser_next(parser);
        return node;
    case TOKEN_PRINT_BEGIN:
        parser_next(parser);
        node = node_new(parser, NODE_PRINT, parse_tuple(parser, parse_expression, false), NULL);
        if (node && parser->token.kind != TOKEN_PRINT_END) {
            return parser_unexpected(parser);
        }
        parser_next(parser);
        return node;
    default: /* TOKEN_BLOCK_BEGIN */
        return parser_next(parser) ? parse_tag(parser) : NULL;
    }
}

struct node *parse_statements(struct parser *parser) {
    struct heap *heap = parser->lexer.heap;
    struct node *first = NULL;
    struct node **link = &first;
    if (heap_enter(heap)) {
        while (parser->token.kind != TOKEN_END && !heap->failed) {
            struct node *node = parse_statement(parser);
            if (node == NULL) {
                break;
            }
            *link = node;
            link = &node->next;
        }
    }
    heap->depth--;
    return heap->failed ? NULL : first;
}

struct node *template_parse(struct heap *heap, const char *text, size_t bytes, struct value **names) {
    struct parser parser = {.lexer = {.heap = heap, .text = text, .bytes = bytes, .line_start = true}};
    *names = parser.names = value_new(heap, VALUE_DICT);
    if (parser.names == NULL || !parser_next(&parser)) {
        return NULL;
    }
    struct node *list = parse_statements(&parser);
    return parser.token.kind == TOKEN_END || heap->failed ? list : parser_unexpected(&parser);
}
