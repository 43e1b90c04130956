/* From tokens to a tree: expressions, as jinja2 ranks its operators. */
#include "engine/text/template_interp.h"

struct node *node_new(struct parser *parser, enum node_kind kind, struct node *a, struct node *b) {
    struct node *node = parser->lexer.heap->failed ? NULL : heap_take(parser->lexer.heap, sizeof(*node));
    if (node) {
        node->kind = (uint8_t)kind;
        node->at = parser->token.at;
        node->a = a;
        node->b = b;
    }
    return node;
}

bool parser_next(struct parser *parser) { return lexer_next(&parser->lexer, &parser->token); }

static bool at(const struct parser *parser, unsigned operation) {
    return parser->token.kind == TOKEN_OPERATOR && parser->token.operation == operation;
}

bool parser_take(struct parser *parser, unsigned operation) { return at(parser, operation) && parser_next(parser); }

struct node *parser_unexpected(struct parser *parser) {
    static const char names[][12] = {"the end", "text", "{{", "}}", "{%", "%}"};
    const struct token *token = &parser->token;
    parser->lexer.heap->at = token->at;
    if (token->kind <= TOKEN_BLOCK_END) {
        return WRONG(parser->lexer.heap, "unexpected %s", names[token->kind]);
    }
    return WRONG(parser->lexer.heap, "unexpected '%.*s'", (int)(token->bytes > 60 ? 60 : token->bytes),
                 parser->lexer.text + token->at);
}

bool parser_expect(struct parser *parser, unsigned operation) {
    if (!at(parser, operation)) {
        parser_unexpected(parser);
        return false;
    }
    return parser_next(parser);
}

bool parser_at_name(const struct parser *parser, const char *name) {
    const struct token *token = &parser->token;
    return token->kind == TOKEN_NAME && token->bytes == strlen(name) &&
           memcmp(parser->lexer.text + token->at, name, token->bytes) == 0;
}

bool parser_take_name(struct parser *parser, const char *name) {
    return parser_at_name(parser, name) && parser_next(parser);
}

struct value *parse_name(struct parser *parser) {
    struct heap *heap = parser->lexer.heap;
    if (parser->token.kind != TOKEN_NAME) {
        parser_unexpected(parser);
        return NULL;
    }
    const char *text = parser->lexer.text + parser->token.at;
    struct value *name = dict_get_text(heap, parser->names, text, parser->token.bytes);
    if (name == NULL) {
        name = value_text(heap, text, parser->token.bytes);
        dict_set(heap, parser->names, name, name);
    }
    return parser_next(parser) ? name : NULL;
}

/* Adds to a list by its last link; false when there is nothing to add, after an error. */
static bool append(struct node ***link, struct node *node) {
    if (node) {
        **link = node;
        *link = &node->next;
    }
    return node != NULL;
}

static bool at_tuple_end(const struct parser *parser) {
    const enum token_kind kind = parser->token.kind;
    return kind == TOKEN_PRINT_END || kind == TOKEN_BLOCK_END || at(parser, ')') || at(parser, '=') ||
           parser_at_name(parser, "in");
}

struct node *parse_tuple(struct parser *parser, struct node *(*item)(struct parser *), bool parenthesized) {
    struct node *tuple = node_new(parser, NODE_TUPLE, NULL, NULL);
    if (tuple == NULL || (parenthesized && at(parser, ')'))) {
        return tuple;
    }
    struct node **link = &tuple->a;
    for (;;) {
        if (!append(&link, item(parser))) {
            return NULL;
        }
        if (!at(parser, ',')) {
            return tuple->a->next ? tuple : parser->lexer.heap->failed ? NULL : tuple->d ? tuple : tuple->a;
        }
        tuple->d = tuple; /* a comma makes it a tuple, even of one */
        parser_next(parser);
        if (at_tuple_end(parser)) {
            return tuple;
        }
    }
}

static struct node *parse_arguments(struct parser *parser) { /* after the bracket; null when empty too */
    struct node *first = NULL;
    struct node **link = &first;
    bool keywords = false;
    while (!at(parser, ')')) {
        struct node *argument;
        const struct parser before = *parser;
        if (parser_take(parser, '*')) {
            argument = node_new(parser, NODE_SPREAD, parse_expression(parser), NULL);
        } else if (parser_take(parser, PAIR('*', '*'))) {
            keywords = true;
            argument = node_new(parser, NODE_SPREAD_KEYWORDS, parse_expression(parser), NULL);
        } else {
            struct value *name = parser->token.kind == TOKEN_NAME ? parse_name(parser) : NULL;
            if (name && at(parser, '=')) {
                parser_next(parser);
                keywords = true;
                argument = node_new(parser, NODE_KEYWORD, parse_expression(parser), NULL);
                if (argument) {
                    argument->value = name;
                }
            } else {
                if (name) {
                    *parser = before;
                }
                if (keywords) {
                    return parser_unexpected(parser);
                }
                argument = parse_expression(parser);
            }
        }
        if (!append(&link, argument)) {
            return NULL;
        }
        if (!at(parser, ')') && !parser_expect(parser, ',')) {
            return NULL;
        }
    }
    parser_next(parser);
    return first;
}

static struct node *parse_list(struct parser *parser, unsigned end, bool pairs) { /* after the bracket */
    struct node *list = node_new(parser, pairs ? NODE_DICT : NODE_LIST, NULL, NULL);
    struct node **link = list ? &list->a : NULL;
    while (list && !at(parser, end)) {
        if (!append(&link, parse_expression(parser))) {
            return NULL;
        }
        if (pairs && (!parser_expect(parser, ':') || !append(&link, parse_expression(parser)))) {
            return NULL;
        }
        if (!at(parser, end) && !parser_expect(parser, ',')) {
            return NULL;
        }
    }
    parser_next(parser);
    return list;
}

/* Strings that follow one another are one. */
static struct value *parse_strings(struct parser *parser) {
    struct value *value = parser->token.value;
    parser_next(parser);
    struct buffer buffer = {.heap = parser->lexer.heap};
    if (parser->token.kind != TOKEN_STRING) {
        return value;
    }
    buffer_string(&buffer, value);
    while (parser->token.kind == TOKEN_STRING && !buffer.heap->failed) {
        buffer_string(&buffer, parser->token.value);
        parser_next(parser);
    }
    return buffer_value(&buffer);
}

static struct node *parse_primary(struct parser *parser) {
    struct heap *heap = parser->lexer.heap;
    struct node *node;
    switch (parser->token.kind) {
    case TOKEN_NAME:
        node = node_new(parser, NODE_CONST, NULL, NULL);
        if (node == NULL) {
            return NULL;
        }
        if (parser_take_name(parser, "true") || parser_take_name(parser, "True")) {
            node->value = &heap->yes;
        } else if (parser_take_name(parser, "false") || parser_take_name(parser, "False")) {
            node->value = &heap->no;
        } else if (parser_take_name(parser, "none") || parser_take_name(parser, "None")) {
            node->value = &heap->none;
        } else {
            node->kind = NODE_NAME;
            node->value = parse_name(parser);
        }
        return node;
    case TOKEN_STRING:
    case TOKEN_NUMBER:
        node = node_new(parser, NODE_CONST, NULL, NULL);
        if (node && parser->token.kind == TOKEN_STRING) {
            node->value = parse_strings(parser);
        } else if (node) {
            node->value = parser->token.value;
            parser_next(parser);
        }
        return node;
    default:
        break;
    }
    if (parser_take(parser, '(')) {
        node = parse_tuple(parser, parse_expression, true);
        return node && parser_expect(parser, ')') ? node : NULL;
    }
    if (parser_take(parser, '[')) {
        return parse_list(parser, ']', false);
    }
    if (parser_take(parser, '{')) {
        return parse_list(parser, '}', true);
    }
    return parser_unexpected(parser);
}

/* What stands between [ and ]. */
static struct node *parse_subscript(struct parser *parser) {
    struct node *part[3] = {NULL, NULL, NULL};
    unsigned count = 0; /* of colons */
    for (; !at(parser, ']') && count < 3; count++) {
        if (!at(parser, ':')) {
            part[count] = parse_expression(parser);
            if (part[count] == NULL) {
                return NULL;
            }
        }
        if (!parser_take(parser, ':')) {
            break;
        }
    }
    if (parser->lexer.heap->failed || !at(parser, ']') || count == 3) {
        return parser_unexpected(parser);
    }
    if (count == 0) {
        return part[0] ? part[0] : node_new(parser, NODE_TUPLE, NULL, NULL); /* x[] is x[()] */
    }
    struct node *slice = node_new(parser, NODE_SLICE, part[0], part[1]);
    if (slice) {
        slice->c = part[2];
    }
    return slice;
}

static struct node *parse_postfix(struct parser *parser, struct node *node) {
    while (node && !parser->lexer.heap->failed) {
        struct node *outer = node_new(parser, NODE_CALL, node, NULL);
        if (outer == NULL) {
            return NULL;
        }
        if (parser_take(parser, '.')) {
            outer->kind = NODE_ATTRIBUTE;
            if (parser->token.kind == TOKEN_NUMBER && parser->token.value->kind == VALUE_INT) {
                outer->kind = NODE_ITEM;
                outer->b = parse_primary(parser);
            } else {
                outer->value = parse_name(parser);
            }
        } else if (parser_take(parser, '[')) {
            outer->kind = NODE_ITEM;
            outer->b = parse_subscript(parser);
            parser_expect(parser, ']');
        } else if (parser_take(parser, '(')) {
            outer->b = parse_arguments(parser);
        } else {
            return node;
        }
        node = outer;
    }
    return parser->lexer.heap->failed ? NULL : node;
}

/* A filter or test with its arguments, after the | or `is`. */
static struct node *parse_named(struct parser *parser, enum node_kind kind, struct node *operand) {
    struct node *node = node_new(parser, kind, operand, NULL);
    if (node == NULL) {
        return NULL;
    }
    const char *text = parser->lexer.text + parser->token.at;
    const size_t bytes = parser->token.bytes;
    node->value = parse_name(parser);
    if (node->value == NULL) {
        return NULL;
    }
    if (kind == NODE_FILTER) {
        node->builtin = filter_find(text, bytes);
    } else {
        node->builtin = builtin_find(builtin_tests, text, bytes);
    }
    if (parser_take(parser, '(')) {
        node->b = parse_arguments(parser);
    } else if (kind == NODE_TEST && !parser_at_name(parser, "else") && !parser_at_name(parser, "or") &&
               !parser_at_name(parser, "and") && !parser_at_name(parser, "is") &&
               ((parser->token.kind >= TOKEN_NAME && parser->token.kind <= TOKEN_NUMBER) || at(parser, '[') ||
                at(parser, '{'))) {
        /* x is divisibleby 3. As jinja2 does, `x is defined if y` takes `if` for an argument: it never is one here. */
        if (!parser_at_name(parser, "if") && !parser_at_name(parser, "in") && !parser_at_name(parser, "not")) {
            node->b = parse_postfix(parser, parse_primary(parser));
        }
    }
    return parser->lexer.heap->failed ? NULL : node;
}

struct node *parse_filters(struct parser *parser, struct node *operand, bool named) {
    while (operand && (named || parser_take(parser, '|'))) {
        operand = parse_named(parser, NODE_FILTER, operand);
        named = false;
    }
    return parser->lexer.heap->failed ? NULL : operand;
}

static struct node *parse_unary(struct parser *parser, bool filters) {
    struct heap *heap = parser->lexer.heap;
    struct node *node = NULL;
    if (heap_enter(heap)) {
        if (parser_take(parser, '-')) {
            node = node_new(parser, NODE_NEGATE, parse_unary(parser, false), NULL);
        } else if (parser_take(parser, '+')) {
            node = node_new(parser, NODE_PLUS, parse_unary(parser, false), NULL);
        } else {
            node = parse_primary(parser);
        }
        node = parse_postfix(parser, node);
    }
    heap->depth--;
    while (filters && node && !heap->failed) {
        if (at(parser, '|')) {
            node = parse_filters(parser, node, false);
        } else if (parser_take_name(parser, "is")) {
            const bool negated = parser_take_name(parser, "not");
            node = parse_named(parser, NODE_TEST, node);
            node = negated ? node_new(parser, NODE_NOT, node, NULL) : node;
        } else if (at(parser, '(')) {
            node = parse_postfix(parser, node);
        } else {
            return node;
        }
    }
    return heap->failed ? NULL : node;
}

enum rank { RANK_NONE, RANK_OR, RANK_AND, RANK_NOT, RANK_COMPARE, RANK_SUM, RANK_CONCAT, RANK_PRODUCT, RANK_POWER };

#define OPERATION_IN     PAIR('i', 'n')
#define OPERATION_NOT_IN PAIR('n', 'i')

/* The rank of the binary operator that is next, and its number. */
static enum rank next_rank(struct parser *parser, unsigned *operation) {
    *operation = parser->token.operation;
    if (parser->token.kind == TOKEN_NAME) {
        if (parser_at_name(parser, "in")) {
            *operation = OPERATION_IN;
            return RANK_COMPARE;
        }
        if (parser_at_name(parser, "not")) {
            const struct parser before = *parser;
            const bool in = parser_next(parser) && parser_at_name(parser, "in");
            if (!in && !parser->lexer.heap->failed) {
                *parser = before;
            }
            *operation = OPERATION_NOT_IN;
            return in ? RANK_COMPARE : RANK_NONE;
        }
        return parser_at_name(parser, "or") ? RANK_OR : parser_at_name(parser, "and") ? RANK_AND : RANK_NONE;
    }
    if (parser->token.kind != TOKEN_OPERATOR) {
        return RANK_NONE;
    }
    switch (*operation) {
    case PAIR('=', '='):
    case PAIR('!', '='):
    case PAIR('<', '='):
    case PAIR('>', '='):
    case '<':
    case '>':
        return RANK_COMPARE;
    case '+':
    case '-':
        return RANK_SUM;
    case '~':
        return RANK_CONCAT;
    case '*':
    case '/':
    case '%':
    case PAIR('/', '/'):
        return RANK_PRODUCT;
    case PAIR('*', '*'):
        return RANK_POWER;
    default:
        return RANK_NONE;
    }
}

/* Operators of at least that rank; all are left-associative, comparisons are chained. */
static struct node *parse_ranked(struct parser *parser, enum rank lowest) {
    struct heap *heap = parser->lexer.heap;
    struct node *left = NULL;
    if (heap_enter(heap)) {
        if (lowest <= RANK_NOT && parser_take_name(parser, "not")) {
            left = node_new(parser, NODE_NOT, parse_ranked(parser, RANK_NOT), NULL);
        } else {
            left = parse_unary(parser, true);
        }
    }
    while (left && !heap->failed) {
        unsigned operation;
        const enum rank rank = next_rank(parser, &operation);
        if (rank < lowest || rank == RANK_NONE) {
            break;
        }
        static const uint8_t kinds[] = {0,           NODE_OR,     NODE_AND,    0,          NODE_COMPARE,
                                        NODE_BINARY, NODE_CONCAT, NODE_BINARY, NODE_BINARY};
        struct node *node = node_new(parser, kinds[rank], left, NULL);
        if (node == NULL) {
            break;
        }
        node->operation = operation;
        if (rank == RANK_COMPARE || rank == RANK_CONCAT) {
            struct node **link = rank == RANK_CONCAT ? &left->next : &node->b;
            unsigned next = operation;
            do {
                parser_next(parser);
                struct node *operand = parse_ranked(parser, rank + 1);
                if (rank == RANK_COMPARE) {
                    operand = node_new(parser, NODE_OPERAND, operand, NULL);
                    if (operand) {
                        operand->operation = next;
                    }
                }
                if (!append(&link, operand)) {
                    break;
                }
            } while (next_rank(parser, &next) == rank);
        } else {
            parser_next(parser);
            node->b = parse_ranked(parser, rank + 1);
        }
        left = node;
    }
    heap->depth--;
    return heap->failed ? NULL : left;
}

struct node *parse_choiceless(struct parser *parser) { return parse_ranked(parser, RANK_OR); }

struct node *parse_expression(struct parser *parser) {
    struct heap *heap = parser->lexer.heap;
    struct node *node = heap_enter(heap) ? parse_choiceless(parser) : NULL;
    while (node && parser_take_name(parser, "if")) {
        struct node *choice = node_new(parser, NODE_CHOICE, parse_choiceless(parser), node);
        if (choice && parser_take_name(parser, "else")) {
            choice->c = parse_expression(parser);
        }
        node = choice;
    }
    heap->depth--;
    return heap->failed ? NULL : node;
}
