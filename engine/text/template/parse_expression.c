/* Parses expressions with jinja2's operator precedence. */
#include "engine/text/template/parse_expression.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/template/builtin_lookup.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/operators.h"

/* Whether to go on until this operator. Also stops after an error, when every token is TOKEN_END. */
static bool until(const struct parser *parser, unsigned operation) {
    return !parser_at(parser, operation) && !parser->lexer.box->failed;
}

struct value *parse_name(struct parser *parser) {
    struct sandbox *box = parser->lexer.box;
    const char *text = parser->lexer.text + parser->token.at;
    if (parser->token.kind != TOKEN_NAME) {
        parser_unexpected(parser);
        return &box->scrap;
    }
    struct value *name = dict_get_text(box, interpreter_of(box)->names, text, parser->token.bytes);
    if (name == NULL) {
        name = value_text(box, text, parser->token.bytes);
        dict_set(box, interpreter_of(box)->names, name, name);
    }
    parser_next(parser);
    return name;
}

struct node *parse_tuple(struct parser *parser, struct node *(*item)(struct parser *), bool parenthesized) {
    struct node *tuple = node_new(parser, NODE_TUPLE, NULL, NULL);
    struct node **link = &tuple->a;
    bool comma =
        parenthesized && parser_at(parser, ')'); /* a comma makes a tuple, even of one item; so do empty parentheses */
    if (comma) {
        return tuple;
    }
    do {
        node_add(&link, item(parser));
        if (!parser_take(parser, ',')) {
            return comma ? tuple : tuple->a;
        }
        comma = true;
    } while (!parser_at(parser, ')') && !parser_at(parser, '=') && !parser_at_name(parser, "in") &&
             parser->token.kind != TOKEN_PRINT_END && parser->token.kind != TOKEN_BLOCK_END);
    return tuple;
}

static void comma_until(struct parser *parser, unsigned end) {
    if (!parser_at(parser, end)) {
        parser_expect(parser, ',');
    }
}

static struct node *parse_argument(struct parser *parser, bool *keywords) {
    const struct lexer lexer = parser->lexer;
    const struct token token = parser->token;
    enum node_kind kind = NODE_SPREAD;
    struct value *name = NULL;
    if (parser_take(parser, PAIR('*', '*'))) {
        kind = NODE_SPREAD_KEYWORDS;
    } else if (!parser_take(parser, '*')) {
        kind = NODE_KEYWORD;
        name = token.kind == TOKEN_NAME ? parse_name(parser) : NULL;
        if (name == NULL || !parser_take(parser, '=')) {
            parser->lexer = lexer;
            parser->token = token;
            return *keywords ? parser_unexpected(parser) : parse_expression(parser);
        }
    }
    *keywords |= kind != NODE_SPREAD;
    struct node *argument = node_new(parser, kind, parse_expression(parser), NULL);
    argument->value = name;
    return argument;
}

static struct node *parse_arguments(struct parser *parser) { /* after the opening bracket; null if empty */
    struct node *first = NULL;
    struct node **link = &first;
    bool keywords = false;
    while (until(parser, ')')) {
        node_add(&link, parse_argument(parser, &keywords));
        comma_until(parser, ')');
    }
    parser_next(parser);
    return first;
}

static struct node *parse_list(struct parser *parser, unsigned end, bool pairs) { /* after the opening bracket */
    struct node *list = node_new(parser, pairs ? NODE_DICT : NODE_LIST, NULL, NULL);
    struct node **link = &list->a;
    while (until(parser, end)) {
        node_add(&link, parse_expression(parser));
        if (pairs) {
            parser_expect(parser, ':');
            node_add(&link, parse_expression(parser));
        }
        comma_until(parser, end);
    }
    parser_next(parser);
    return list;
}

static struct node *parse_primary(struct parser *parser) {
    struct sandbox *box = parser->lexer.box;
    struct node *node;
    switch (parser->token.kind) {
    case TOKEN_NAME:
        node = node_new(parser, NODE_CONST, NULL, NULL);
        if (parser_take_name(parser, "true") || parser_take_name(parser, "True")) {
            node->value = &box->yes;
        } else if (parser_take_name(parser, "false") || parser_take_name(parser, "False")) {
            node->value = &box->no;
        } else if (parser_take_name(parser, "none") || parser_take_name(parser, "None")) {
            node->value = &box->none;
        } else {
            node->kind = NODE_NAME;
            node->value = parse_name(parser);
        }
        return node;
    case TOKEN_STRING:
        node = node_new(parser, NODE_CONST, NULL, NULL);
        node->value = parser->token.value;
        parser_next(parser);
        while (parser->token.kind == TOKEN_STRING) { /* adjacent strings are joined */
            node->value = operate(box, '+', node->value, parser->token.value);
            parser_next(parser);
        }
        return node;
    case TOKEN_NUMBER:
        node = node_new(parser, NODE_CONST, NULL, NULL);
        node->value = parser->token.value;
        parser_next(parser);
        return node;
    default:
        break;
    }
    if (parser_take(parser, '(')) {
        node = parse_tuple(parser, parse_expression, true);
        parser_expect(parser, ')');
        return node;
    }
    const bool pairs = parser_take(parser, '{');
    return pairs || parser_take(parser, '[') ? parse_list(parser, pairs ? '}' : ']', pairs) : parser_unexpected(parser);
}

/* Parses what is between [ and ]. */
static struct node *parse_subscript(struct parser *parser) {
    struct node *slice = node_new(parser, NODE_SLICE, NULL, NULL);
    struct node **const parts[3] = {&slice->a, &slice->b, &slice->c};
    unsigned colons = 0;
    for (size_t part = 0; part < 3; part++) {
        if (!parser_at(parser, ':') && !parser_at(parser, ']')) {
            *parts[part] = parse_expression(parser);
        }
        if (part == 2 || !parser_take(parser, ':')) {
            break;
        }
        colons++;
    }
    parser_expect(parser, ']');
    if (colons) {
        return slice;
    }
    return slice->a ? slice->a : node_new(parser, NODE_TUPLE, NULL, NULL); /* x[] means x[()] */
}

static struct node *parse_postfix(struct parser *parser, struct node *node) {
    for (;;) {
        struct node *outer = node_new(parser, NODE_CALL, node, NULL);
        if (parser_take(parser, '(')) {
            outer->b = parse_arguments(parser);
        } else if (parser_take(parser, '[')) {
            outer->kind = NODE_ITEM;
            outer->b = parse_subscript(parser);
        } else if (!parser_take(parser, '.')) {
            return node;
        } else if (parser->token.kind == TOKEN_NUMBER) {
            outer->kind = NODE_ITEM;
            outer->b = parse_primary(parser);
        } else {
            outer->kind = NODE_ATTRIBUTE;
            outer->value = parse_name(parser);
        }
        node = outer;
    }
}

/* Parses a filter or test with its arguments, after | or `is`. */
static struct node *parse_named(struct parser *parser, enum node_kind kind, struct node *operand) {
    static const char *const never[] = {"else", "or", "and", "is", "if", "in", "not"};
    struct node *node = node_new(parser, kind, operand, NULL);
    const struct token *token = &parser->token;
    const char *text = parser->lexer.text + token->at;
    node->builtin = (kind == NODE_FILTER ? filter_find : test_find)(parser->lexer.box, text, token->bytes);
    node->value = parse_name(parser);
    if (parser_take(parser, '(')) {
        node->b = parse_arguments(parser);
        return node;
    }
    /* A test may have one argument without parentheses: x is divisibleby 3. */
    bool argument = kind == NODE_TEST && ((token->kind >= TOKEN_NAME && token->kind <= TOKEN_NUMBER) ||
                                          parser_at(parser, '[') || parser_at(parser, '{'));
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        argument &= !parser_at_name(parser, never[i]);
    }
    if (argument) {
        node->b = parse_postfix(parser, parse_primary(parser));
    }
    return node;
}

struct node *parse_filters(struct parser *parser, struct node *operand, bool named) {
    while (named || parser_take(parser, '|')) {
        operand = parse_named(parser, NODE_FILTER, operand);
        named = false;
    }
    return operand;
}

static struct node *parse_unary(struct parser *parser, bool filters) {
    struct node *node = &parser->scrap;
    if (sandbox_enter(parser->lexer.box)) {
        const bool minus = parser_take(parser, '-');
        if (minus || parser_take(parser, '+')) {
            node = node_new(parser, minus ? NODE_NEGATE : NODE_PLUS, parse_unary(parser, false), NULL);
        } else {
            node = parse_primary(parser);
        }
        node = parse_postfix(parser, node);
    }
    parser->lexer.box->depth--;
    while (filters) {
        if (parser_take_name(parser, "is")) {
            const bool negated = parser_take_name(parser, "not");
            node = parse_named(parser, NODE_TEST, node);
            node = negated ? node_new(parser, NODE_NOT, node, NULL) : node;
        } else if (parser_at(parser, '|')) {
            node = parse_filters(parser, node, false);
        } else if (parser_at(parser, '(')) {
            node = parse_postfix(parser, node);
        } else {
            break;
        }
    }
    return node;
}

enum rank { RANK_NONE, RANK_OR, RANK_AND, RANK_NOT, RANK_COMPARE, RANK_SUM, RANK_CONCAT, RANK_PRODUCT, RANK_POWER };

/* The precedence of the next token if it is a binary operator. Turns `not in` into one token. */
static enum rank next_rank(struct parser *parser) {
    static const struct {
        uint16_t operation;
        uint8_t rank;
    } ranks[] = {{PAIR('=', '='), RANK_COMPARE},
                 {PAIR('!', '='), RANK_COMPARE},
                 {PAIR('<', '='), RANK_COMPARE},
                 {PAIR('>', '='), RANK_COMPARE},
                 {'<', RANK_COMPARE},
                 {'>', RANK_COMPARE},
                 {PAIR('i', 'n'), RANK_COMPARE},
                 {PAIR('n', 'i'), RANK_COMPARE},
                 {'+', RANK_SUM},
                 {'-', RANK_SUM},
                 {'~', RANK_CONCAT},
                 {'*', RANK_PRODUCT},
                 {'/', RANK_PRODUCT},
                 {'%', RANK_PRODUCT},
                 {PAIR('/', '/'), RANK_PRODUCT},
                 {PAIR('*', '*'), RANK_POWER}};
    struct token *token = &parser->token;
    if (parser_at_name(parser, "or")) {
        return RANK_OR;
    }
    if (parser_at_name(parser, "and")) {
        return RANK_AND;
    }
    if (parser_at_name(parser, "in")) {
        token->kind = TOKEN_OPERATOR;
        token->operation = PAIR('i', 'n');
    } else if (parser_at_name(parser, "not")) {
        const struct lexer lexer = parser->lexer;
        const struct token before = *token;
        parser_next(parser);
        if (!parser_at_name(parser, "in")) {
            parser->lexer = lexer;
            *token = before;
            return RANK_NONE;
        }
        token->kind = TOKEN_OPERATOR;
        token->operation = PAIR('n', 'i');
    }
    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        if (parser_at(parser, ranks[i].operation)) {
            return ranks[i].rank;
        }
    }
    return RANK_NONE;
}

/* Parses operators of at least this rank. All are left-associative; comparisons are chained. */
static struct node *parse_ranked(struct parser *parser, enum rank lowest) {
    struct sandbox *box = parser->lexer.box;
    struct node *left = &parser->scrap;
    if (sandbox_enter(box)) {
        if (lowest <= RANK_NOT && parser_take_name(parser, "not")) {
            left = node_new(parser, NODE_NOT, parse_ranked(parser, RANK_NOT), NULL);
        } else {
            left = parse_unary(parser, true);
        }
    }
    for (;;) {
        const enum rank rank = next_rank(parser);
        if (rank < lowest || rank == RANK_NONE) {
            break;
        }
        static const uint8_t kinds[] = {
            [RANK_OR] = NODE_OR,       [RANK_AND] = NODE_AND,       [RANK_COMPARE] = NODE_COMPARE,
            [RANK_SUM] = NODE_BINARY,  [RANK_CONCAT] = NODE_CONCAT, [RANK_PRODUCT] = NODE_BINARY,
            [RANK_POWER] = NODE_BINARY};
        struct node *first = left;
        left = node_new(parser, kinds[rank], first, NULL);
        left->operation = parser->token.operation;
        struct node **link = rank == RANK_CONCAT ? &first->next : &left->b;
        do {
            const unsigned operation = parser->token.operation;
            parser_next(parser);
            struct node *operand = parse_ranked(parser, rank + 1);
            if (rank == RANK_COMPARE) {
                operand = node_new(parser, NODE_OPERAND, operand, NULL);
                operand->operation = operation;
            }
            node_add(&link, operand);
        } while ((rank == RANK_COMPARE || rank == RANK_CONCAT) && next_rank(parser) == rank);
    }
    box->depth--;
    return left;
}

struct node *parse_unconditional(struct parser *parser) { return parse_ranked(parser, RANK_OR); }

struct node *parse_expression(struct parser *parser) {
    struct node *node = sandbox_enter(parser->lexer.box) ? parse_unconditional(parser) : &parser->scrap;
    while (parser_take_name(parser, "if")) {
        node = node_new(parser, NODE_CHOICE, parse_unconditional(parser), node);
        if (parser_take_name(parser, "else")) {
            node->c = parse_expression(parser);
        }
    }
    parser->lexer.box->depth--;
    return node;
}
