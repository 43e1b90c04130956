/* Parses text, tags and statements. */
#include "engine/text/template/parse_statement.h"

#include "engine/text/template/interpreter.h"
#include "engine/text/template/parse_expression.h"

static struct node *parse_statements(struct parser *parser);

static void block_end(struct parser *parser) {
    if (parser->token.kind != TOKEN_BLOCK_END) {
        parser_unexpected(parser);
    }
    parser_next(parser);
}

/* Parses statements up to a tag with one of these names. The name is the next token afterwards. */
static struct node *parse_until(struct parser *parser, const char *end, const char *other, const char *third) {
    parser_take(parser, ':');
    block_end(parser);
    struct node *body = parse_statements(parser); /* they end at an unknown tag */
    if (!parser_at_name(parser, end) && !parser_at_name(parser, other) && !parser_at_name(parser, third)) {
        if (parser->token.kind == TOKEN_END && !parser->lexer.box->failed) {
            parser->lexer.box->at = parser->token.at;
            sandbox_fail_with(parser->lexer.box, QN_ERR_TEMPLATE, "{%% %.*s %%} is missing", end, strlen(end));
        }
        parser_unexpected(parser);
    }
    return body;
}

/* Parses statements up to the end tag, and the end tag. */
static struct node *parse_block(struct parser *parser, const char *end) {
    struct node *body = parse_until(parser, end, end, end);
    parser_next(parser);
    block_end(parser);
    return body;
}

/* Parses a body from which `break` must not leave the enclosing loop. */
static struct node *parse_closed_block(struct parser *parser, const char *end) {
    const unsigned loops = parser->loops;
    parser->loops = 0;
    struct node *body = parse_block(parser, end);
    parser->loops = loops;
    return body;
}

static struct node *parse_target_item(struct parser *parser) {
    struct node *node = &parser->scrap;
    if (!sandbox_enter(parser->lexer.box)) {
        /* too deep */
    } else if (parser_take(parser, '(')) {
        node = parse_tuple(parser, parse_target_item, true);
        parser_expect(parser, ')');
    } else {
        node = node_new(parser, NODE_NAME, NULL, NULL);
        node->value = parse_name(parser);
        if (parser_take(parser, '.')) {
            node = node_new(parser, NODE_ATTRIBUTE, node, NULL);
            node->value = parse_name(parser);
        }
    }
    parser->lexer.box->depth--;
    return node;
}

static struct node *parse_target(struct parser *parser) { return parse_tuple(parser, parse_target_item, false); }

static struct node *parse_if(struct parser *parser) {
    struct node *first = NULL;
    struct node **link = &first;
    do {
        struct node *node = node_new(parser, NODE_IF, parse_tuple(parser, parse_unconditional, false), NULL);
        *link = node;
        link = &node->c;
        node->b = parse_until(parser, "endif", "elif", "else");
        if (parser_take_name(parser, "else")) {
            node->d = parse_until(parser, "endif", "endif", "endif");
        }
    } while (parser_take_name(parser, "elif"));
    parser_next(parser);
    block_end(parser);
    return first;
}

static struct node *parse_for(struct parser *parser) {
    struct node *node = node_new(parser, NODE_FOR, parse_target(parser), NULL);
    if (!parser_take_name(parser, "in")) {
        parser_unexpected(parser);
    }
    node->b = parse_tuple(parser, parse_unconditional, false);
    if (parser_take_name(parser, "if")) {
        node->b = node_new(parser, NODE_WHERE, node->b, parse_expression(parser));
    }
    parser->loops++;
    node->c = parse_until(parser, "endfor", "else", "else");
    parser->loops--;
    if (parser_take_name(parser, "else")) {
        node->d = parse_until(parser, "endfor", "endfor", "endfor");
    }
    parser_next(parser);
    block_end(parser);
    return node;
}

static struct node *captured(struct parser *parser) { return node_new(parser, NODE_CAPTURED, NULL, NULL); }

static struct node *parse_set(struct parser *parser) {
    struct node *node = node_new(parser, NODE_SET, parse_target(parser), NULL);
    if (parser_take(parser, '=')) {
        node->b = parse_tuple(parser, parse_expression, false);
        block_end(parser);
    } else {
        node->kind = NODE_SET_BLOCK;
        node->c = parse_filters(parser, captured(parser), false);
        node->b = parse_closed_block(parser, "endset");
    }
    return node;
}

/* Parses (name, name=default ...) as the parameters of a macro. */
static void parse_signature(struct parser *parser, struct node *macro) {
    struct node **link = &macro->a;
    bool defaults = false;
    parser_expect(parser, '(');
    while (!parser_take(parser, ')') && !parser->lexer.box->failed) {
        if (macro->a) {
            parser_expect(parser, ',');
        }
        struct node *parameter = node_add(&link, node_new(parser, NODE_SET, NULL, NULL));
        parameter->value = parse_name(parser);
        if (parser_take(parser, '=')) {
            parameter->b = parse_expression(parser);
            defaults = true;
        } else if (defaults) {
            parser_unexpected(parser);
        }
    }
}

static struct node *parse_macro(struct parser *parser) {
    struct node *node = node_new(parser, NODE_MACRO, NULL, NULL);
    node->value = parse_name(parser);
    parse_signature(parser, node);
    node->b = parse_closed_block(parser, "endmacro");
    return node;
}

static struct node *parse_call_block(struct parser *parser) {
    struct node *caller = node_new(parser, NODE_MACRO, NULL, NULL);
    struct node *node = node_new(parser, NODE_CALL_BLOCK, caller, NULL);
    caller->value = value_name(parser->lexer.box, "caller");
    if (parser_at(parser, '(')) {
        parse_signature(parser, caller);
    }
    node->b = parse_expression(parser);
    if (node->b->kind != NODE_CALL) {
        parser_unexpected(parser);
    }
    caller->b = parse_closed_block(parser, "endcall");
    return node;
}

static struct node *parse_filter_block(struct parser *parser) {
    struct node *node = node_new(parser, NODE_FILTER_BLOCK, parse_filters(parser, captured(parser), true), NULL);
    node->b = parse_closed_block(parser, "endfilter");
    return node;
}

static struct node *parse_generation(struct parser *parser) {
    return node_new(parser, NODE_SCOPE, NULL, parse_closed_block(parser, "endgeneration"));
}

static struct node *parse_with(struct parser *parser) {
    struct node *node = node_new(parser, NODE_SCOPE, NULL, NULL);
    struct node **link = &node->a;
    while (parser->token.kind != TOKEN_BLOCK_END && !parser->lexer.box->failed) {
        if (node->a) {
            parser_expect(parser, ',');
        }
        struct node *set = node_add(&link, node_new(parser, NODE_SET, parse_target(parser), NULL));
        parser_expect(parser, '=');
        set->b = parse_expression(parser);
    }
    node->b = parse_block(parser, "endwith");
    return node;
}

static struct node *parse_leave(struct parser *parser, enum node_kind kind) {
    if (parser->loops == 0) {
        parser_unexpected(parser);
    }
    block_end(parser);
    return node_new(parser, kind, NULL, NULL);
}

static struct node *parse_break(struct parser *parser) { return parse_leave(parser, NODE_BREAK); }

static struct node *parse_continue(struct parser *parser) { return parse_leave(parser, NODE_CONTINUE); }

static struct node *parse_print(struct parser *parser) {
    struct node *node = node_new(parser, NODE_PRINT, parse_tuple(parser, parse_expression, false), NULL);
    block_end(parser);
    return node;
}

/* Parses the statement after {%. Null if the name does not start a statement. */
static struct node *parse_tag(struct parser *parser) {
    static const struct {
        char name[12];
        struct node *(*parse)(struct parser *parser);
    } tags[] = {{"if", parse_if},           {"for", parse_for},
                {"set", parse_set},         {"macro", parse_macro},
                {"call", parse_call_block}, {"filter", parse_filter_block},
                {"break", parse_break},     {"generation", parse_generation},
                {"with", parse_with},       {"continue", parse_continue},
                {"print", parse_print}};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (parser_take_name(parser, tags[i].name)) {
            return tags[i].parse(parser);
        }
    }
    return NULL;
}

static struct node *parse_statement(struct parser *parser) {
    struct node *node;
    switch (parser->token.kind) {
    case TOKEN_TEXT:
        node = node_new(parser, NODE_TEXT, NULL, NULL);
        node->value = parser->token.value;
        parser_next(parser);
        return node;
    case TOKEN_PRINT_BEGIN:
        parser_next(parser);
        node = node_new(parser, NODE_PRINT, parse_tuple(parser, parse_expression, false), NULL);
        if (parser->token.kind != TOKEN_PRINT_END) {
            parser_unexpected(parser);
        }
        parser_next(parser);
        return node;
    default: /* TOKEN_BLOCK_BEGIN */
        parser_next(parser);
        return parse_tag(parser);
    }
}

static struct node *parse_statements(struct parser *parser) {
    struct sandbox *box = parser->lexer.box;
    struct node *first = NULL;
    struct node **link = &first;
    bool more = sandbox_enter(box);
    while (more && parser->token.kind != TOKEN_END) {
        struct node *node = parse_statement(parser);
        more = node != NULL && !box->failed;
        if (more) {
            node_add(&link, node);
        }
    }
    box->depth--;
    return first;
}

struct node *template_parse(struct sandbox *box, const char *text, size_t bytes) {
    struct parser parser = {.lexer = {.box = box, .text = text, .bytes = bytes, .line_start = true}};
    interpreter_of(box)->names = value_new(box, VALUE_DICT);
    parser_next(&parser);
    struct node *list = parse_statements(&parser);
    if (parser.token.kind != TOKEN_END) {
        parser_unexpected(&parser);
    }
    return list;
}
