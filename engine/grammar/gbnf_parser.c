/* The parser of GBNF. */
#include "engine/grammar/gbnf_parser.h"

#include "engine/grammar/charset.h"
#include "engine/text/json/number.h"
#include "engine/text/unicode/utf8.h"

#define DEEPEST 100u /* groups within groups */

static void fail(struct gbnf_parser *parser, size_t at, const char *text) {
    parser->box->at = at;
    sandbox_fail_with(parser->box, QN_ERR_ARGUMENT, "grammar: %.*s", text, strlen(text));
}

static void fail_name(struct gbnf_parser *parser, const char *format, const struct gbnf_name *name) {
    parser->box->at = name->at;
    sandbox_fail_with(parser->box, QN_ERR_ARGUMENT, format, name->text, name->bytes);
}

static char peek(const struct gbnf_parser *parser, size_t ahead) {
    return parser->bytes - parser->at > ahead ? parser->text[parser->at + ahead] : '\0';
}

static bool more(const struct gbnf_parser *parser) { return parser->at < parser->bytes && !parser->box->failed; }

static bool skip(struct gbnf_parser *parser, char c) {
    const bool there = more(parser) && peek(parser, 0) == c;
    parser->at += there;
    return there;
}

/* Skips white space and comments. */
static void skip_space(struct gbnf_parser *parser, bool newlines) {
    while (more(parser)) {
        const char c = peek(parser, 0);
        if (c == '#') {
            while (more(parser) && peek(parser, 0) != '\n' && peek(parser, 0) != '\r') {
                parser->at++;
            }
        } else if (c == ' ' || c == '\t' || (newlines && (c == '\n' || c == '\r'))) {
            parser->at++;
        } else {
            return;
        }
    }
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_name_byte(char c) { return ((c | 32) >= 'a' && (c | 32) <= 'z') || is_digit(c) || c == '-' || c == '_'; }

/* ---- the tree ---- */

static struct gbnf_part *new_part(struct gbnf_parser *parser, enum gbnf_kind kind) {
    static struct gbnf_part scrap; /* after an error: never read again */
    struct gbnf_part *part = TAKE(parser->box, struct gbnf_part);
    if (part == NULL) {
        part = &scrap;
        *part = (struct gbnf_part){0};
    }
    part->kind = (uint8_t)kind;
    part->node = NO_LIMIT;
    return part;
}

static struct gbnf_part *regular_part(struct gbnf_parser *parser, uint32_t node) {
    struct gbnf_part *part = new_part(parser, PART_REGULAR);
    part->node = node;
    return part;
}

static void add_child(struct gbnf_parser *parser, struct gbnf_part *parent, struct gbnf_part *child) {
    if (parser->box->failed) {
        return;
    }
    child->before = parent->last;
    parent->last = child;
}

/* ---- terminals ---- */

static uint32_t read_hex(struct gbnf_parser *parser, unsigned digits) {
    const size_t start = parser->at;
    uint64_t code;
    if (parser->bytes - start < digits || !integer_read(parser->text + start, digits, 16, &code)) {
        fail(parser, start, "an escape has too few hexadecimal digits");
        return 0;
    }
    parser->at += digits;
    if (code > LAST_CHARACTER || code >> 11 == 0xd800 >> 11) {
        fail(parser, start, "an escape is not a character");
    }
    return (uint32_t)code;
}

/* The length of the well-formed UTF-8 sequence at the text, its code in *code; 0 if there is none. */
static size_t read_utf8(const uint8_t *text, size_t bytes, uint32_t *code) {
    const size_t width = utf8_width(text[0]);
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if ((text[0] >= 0x80 && text[0] < 0xc0) || text[0] >= 0xf8 || width > bytes) {
        return 0;
    }
    *code = width == 1 ? text[0] : text[0] & (0x7fu >> width);
    for (size_t i = 1; i < width; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (text[i] & 0x3fu);
    }
    return *code < least[width] || *code > LAST_CHARACTER || *code >> 11 == 0xd800 >> 11 ? 0 : width;
}

static uint32_t read_character(struct gbnf_parser *parser) {
    static const char names[] = "trn\\\"[]";
    static const char meanings[] = "\t\r\n\\\"[]";
    const size_t start = parser->at;
    if (!skip(parser, '\\')) {
        uint32_t code = 0;
        const size_t width = read_utf8((const uint8_t *)parser->text + start, parser->bytes - start, &code);
        if (width == 0) {
            fail(parser, start, "the text is not UTF-8");
        }
        parser->at += width ? width : 1;
        return code;
    }
    for (size_t i = 0; names[i]; i++) {
        if (skip(parser, names[i])) {
            return (uint8_t)meanings[i];
        }
    }
    if (skip(parser, 'x')) {
        return read_hex(parser, 2);
    }
    if (skip(parser, 'u')) {
        return read_hex(parser, 4);
    }
    if (skip(parser, 'U')) {
        return read_hex(parser, 8);
    }
    fail(parser, start, "unknown escape");
    return 0;
}

static struct gbnf_part *parse_literal(struct gbnf_parser *parser) { /* after the opening quote */
    const size_t start = parser->at - 1;
    const size_t from = parser->regular->work_count;
    while (more(parser) && peek(parser, 0) != '"') {
        const uint32_t code = read_character(parser);
        regular_push(parser->regular, charset_one(parser->regular, code, ENCODING_UTF8));
    }
    if (!skip(parser, '"')) {
        fail(parser, start, "a literal is not closed");
    }
    uint32_t node = REGULAR_EPSILON;
    while (parser->regular->work_count > from) {
        node = regular_cat(parser->regular, parser->regular->work[--parser->regular->work_count], node);
    }
    return regular_part(parser, node);
}

static struct gbnf_part *parse_class(struct gbnf_parser *parser) { /* after the opening bracket */
    const size_t start = parser->at - 1;
    const bool inverted = skip(parser, '^');
    struct charset set = {0};
    while (more(parser) && peek(parser, 0) != ']') {
        const size_t from = parser->at;
        const uint32_t low = read_character(parser);
        uint32_t high = low;
        if (peek(parser, 0) == '-' && peek(parser, 1) != ']') {
            parser->at++;
            high = more(parser) ? read_character(parser) : 0;
        }
        if (low > high) {
            fail(parser, from, "a range of characters is out of order");
        }
        charset_add(parser->box, &set, low, high);
    }
    if (!skip(parser, ']')) {
        fail(parser, start, "a class is not closed");
    }
    if (inverted) {
        charset_invert(parser->box, &set);
    }
    return regular_part(parser, charset_node(parser->regular, &set, ENCODING_UTF8));
}

/* <text> or <[id]>, after the opening bracket. */
static struct gbnf_part *parse_token(struct gbnf_parser *parser, bool negated) {
    const size_t start = parser->at - 1;
    struct named_token token = {.id = -1};
    if (skip(parser, '[')) {
        uint64_t id = 0;
        const size_t digits = parser->at;
        for (; is_digit(peek(parser, 0)) && id < INT32_MAX; parser->at++) {
            id = id * 10 + (uint64_t)(peek(parser, 0) - '0');
        }
        token.id = (int32_t)id;
        if (parser->at == digits || id > INT32_MAX || !skip(parser, ']') || !skip(parser, '>')) {
            fail(parser, start, "a token's id must be written as <[123]>");
        }
    } else {
        while (more(parser) && peek(parser, 0) != '>' && peek(parser, 0) != '\n') {
            parser->at++;
        }
        if (!skip(parser, '>')) {
            fail(parser, start, "a token is not closed");
        }
        char *copy = sandbox_take(parser->box, parser->at - start, 1);
        if (copy) {
            token.bytes = parser->at - start;
            token.text = memcpy(copy, parser->text + start, token.bytes);
        }
    }
    struct rules *rules = parser->rules;
    struct named_token *tokens =
        sandbox_grow(parser->box, rules->tokens, rules->n_tokens, &rules->tokens_capacity, sizeof(struct named_token));
    struct gbnf_part *part = new_part(parser, PART_TOKEN);
    if (tokens) {
        rules->tokens = tokens;
        part->index = (uint32_t)rules->n_tokens;
        part->negated = negated;
        tokens[rules->n_tokens++] = token;
    }
    return part;
}

/* ---- rules ---- */

/* Reads a name and returns its entry, which is made if the name is new. Null after an error. */
static struct gbnf_name *read_name(struct gbnf_parser *parser) {
    const size_t start = parser->at;
    while (more(parser) && is_name_byte(peek(parser, 0))) {
        parser->at++;
    }
    const size_t bytes = parser->at - start;
    if (bytes == 0) {
        fail(parser, start, "expected the name of a rule");
    }
    for (size_t i = 0; i < parser->n_names && regular_step(parser->regular, 1); i++) {
        struct gbnf_name *name = &parser->names[i];
        if (name->bytes == bytes && memcmp(name->text, parser->text + start, bytes) == 0) {
            return name;
        }
    }
    struct gbnf_name *names =
        sandbox_grow(parser->box, parser->names, parser->n_names, &parser->names_capacity, sizeof(struct gbnf_name));
    if (names == NULL) {
        return NULL;
    }
    parser->names = names;
    names[parser->n_names] = (struct gbnf_name){parser->text + start, bytes, start, NULL, rules_declare(parser->rules)};
    return &names[parser->n_names++];
}

static struct gbnf_part *parse_alternatives(struct gbnf_parser *parser, bool nested);

static struct gbnf_part *parse_item(struct gbnf_parser *parser) {
    const size_t start = parser->at;
    if (skip(parser, '"')) {
        return parse_literal(parser);
    }
    if (skip(parser, '[')) {
        return parse_class(parser);
    }
    if (skip(parser, '.')) {
        return regular_part(parser, charset_any(parser->regular, ENCODING_UTF8));
    }
    if (peek(parser, 0) == '<' || (peek(parser, 0) == '!' && peek(parser, 1) == '<')) {
        const bool negated = skip(parser, '!');
        parser->at++;
        return parse_token(parser, negated);
    }
    if (skip(parser, '(')) {
        if (++parser->depth > DEEPEST) {
            fail(parser, start, "groups are nested too deeply");
            return new_part(parser, PART_SEQUENCE);
        }
        skip_space(parser, true);
        struct gbnf_part *part = parse_alternatives(parser, true);
        parser->depth--;
        if (!skip(parser, ')')) {
            fail(parser, start, "a group is not closed");
        }
        return part;
    }
    const struct gbnf_name *name = read_name(parser);
    struct gbnf_part *part = new_part(parser, PART_RULE);
    part->index = name ? (uint32_t)(name - parser->names) : 0;
    return part;
}

/* Reads the number of a repetition. */
static uint32_t read_count(struct gbnf_parser *parser) {
    uint64_t value = 0;
    if (!is_digit(peek(parser, 0))) {
        fail(parser, parser->at, "expected a number");
    }
    for (; is_digit(peek(parser, 0)); parser->at++) {
        value = value * 10 + (uint64_t)(peek(parser, 0) - '0');
        value = value < NO_LIMIT ? value : NO_LIMIT - 1;
    }
    return (uint32_t)value;
}

/* Reads what follows the opening brace. */
static void read_braces(struct gbnf_parser *parser, bool nested, struct gbnf_part *repeat) {
    const size_t start = parser->at - 1;
    skip_space(parser, nested);
    repeat->min = read_count(parser);
    repeat->max = repeat->min;
    skip_space(parser, nested);
    if (skip(parser, ',')) {
        skip_space(parser, nested);
        repeat->max = is_digit(peek(parser, 0)) ? read_count(parser) : NO_LIMIT;
        skip_space(parser, nested);
    }
    if (!skip(parser, '}')) {
        fail(parser, start, "a repetition is not closed");
    } else if (repeat->min > repeat->max) {
        fail(parser, start, "the numbers of a repetition are out of order");
    }
}

/* Reads the repetitions that follow an item. */
static struct gbnf_part *parse_repetitions(struct gbnf_parser *parser, bool nested, struct gbnf_part *part) {
    for (;;) {
        const char c = peek(parser, 0);
        if (!more(parser) || (c != '*' && c != '+' && c != '?' && c != '{')) {
            return part;
        }
        parser->at++;
        struct gbnf_part *repeat = new_part(parser, PART_REPEAT);
        repeat->min = c == '+';
        repeat->max = c == '?' ? 1 : NO_LIMIT;
        if (c == '{') {
            read_braces(parser, nested, repeat);
        }
        add_child(parser, repeat, part);
        part = repeat;
        skip_space(parser, nested);
        if (++parser->depth > 2 * DEEPEST) {
            fail(parser, parser->at, "repetitions are nested too deeply");
        }
    }
}

static bool starts_item(const struct gbnf_parser *parser) {
    const char c = peek(parser, 0);
    return is_name_byte(c) || c == '"' || c == '[' || c == '(' || c == '.' || c == '<' ||
           (c == '!' && peek(parser, 1) == '<');
}

static struct gbnf_part *parse_sequence(struct gbnf_parser *parser, bool nested) {
    struct gbnf_part *sequence = new_part(parser, PART_SEQUENCE);
    while (more(parser) && starts_item(parser)) {
        const unsigned depth = parser->depth;
        struct gbnf_part *part = parse_item(parser);
        skip_space(parser, nested);
        add_child(parser, sequence, parse_repetitions(parser, nested, part));
        parser->depth = depth;
    }
    const char c = peek(parser, 0);
    if (more(parser) && (c == '*' || c == '+' || c == '?' || c == '{')) {
        fail(parser, parser->at, "a repetition has nothing to repeat");
    }
    return sequence;
}

static struct gbnf_part *parse_alternatives(struct gbnf_parser *parser, bool nested) {
    struct gbnf_part *alternatives = new_part(parser, PART_ALTERNATIVES);
    do {
        skip_space(parser, nested || alternatives->last);
        add_child(parser, alternatives, parse_sequence(parser, nested));
    } while (skip(parser, '|'));
    return alternatives;
}

static void parse_rule(struct gbnf_parser *parser) {
    const size_t start = parser->at;
    struct gbnf_name *name = read_name(parser);
    const size_t index = name ? (size_t)(name - parser->names) : 0;
    skip_space(parser, false);
    const bool defines = parser->bytes - parser->at >= 3 && memcmp(parser->text + parser->at, "::=", 3) == 0;
    parser->at += defines ? 3 : 0;
    if (!defines) {
        fail(parser, parser->at, "expected ::= after the name of a rule");
    } else if (name && name->part) {
        name->at = start;
        fail_name(parser, "grammar: the rule '%.*s' is defined twice", name);
    }
    skip_space(parser, true);
    struct gbnf_part *part = parse_alternatives(parser, false);
    if (more(parser) && peek(parser, 0) != '\n' && peek(parser, 0) != '\r') {
        fail(parser, parser->at, "expected the end of the line");
    }
    if (!parser->box->failed) {
        parser->names[index].part = part; /* the names may have moved */
    }
    skip_space(parser, true);
}

void gbnf_parse(struct gbnf_parser *parser) {
    const struct gbnf_name *root = NULL;
    skip_space(parser, true);
    while (more(parser)) {
        parse_rule(parser);
    }
    for (size_t i = 0; i < parser->n_names && !parser->box->failed; i++) {
        const struct gbnf_name *name = &parser->names[i];
        if (name->part == NULL) {
            fail_name(parser, "grammar: the rule '%.*s' is not defined", name);
        }
        root = name->bytes == 4 && memcmp(name->text, "root", 4) == 0 ? name : root;
    }
    if (root == NULL) {
        fail(parser, 0, "there is no rule 'root'");
    }
    if (parser->box->failed) {
        return;
    }
    parser->rules->root = root->rule;
}
