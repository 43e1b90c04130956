/* The parser of regular expressions.
 *
 * Anchors are no characters, so a part of a pattern is four languages: whether a match must begin at the text's start,
 * and whether it must stop at the text's end. `^` is the empty string that must be at the start. A sequence combines
 * them: what follows an end anchor, or precedes a start anchor, must be the empty string. */
#include "engine/grammar/pattern.h"

#include "engine/text/json/number.h"
#include "engine/text/unicode/utf8.h"

#define DEEPEST  100u /* groups within groups */
#define AT_START 1u
#define AT_END   2u

struct part {
    uint32_t node[4]; /* by AT_START | AT_END */
};

struct parser {
    struct regular *regular;
    const char *text; /* (bytes) */
    size_t bytes, at;
    enum encoding encoding;
    unsigned depth;
    struct pattern_error *error;
};

static struct part fail(struct parser *parser, size_t at, const char *text) {
    if (parser->error->text == NULL) {
        *parser->error = (struct pattern_error){text, at};
    }
    return (struct part){{0}};
}

static bool failed(const struct parser *parser) { return parser->error->text || parser->regular->box->failed; }

static bool more(const struct parser *parser) { return parser->at < parser->bytes && !failed(parser); }

static char peek(const struct parser *parser) { return parser->at < parser->bytes ? parser->text[parser->at] : '\0'; }

static bool skip(struct parser *parser, const char *text) {
    const size_t bytes = strlen(text);
    const bool there = parser->bytes - parser->at >= bytes && memcmp(parser->text + parser->at, text, bytes) == 0;
    parser->at += there ? bytes : 0;
    return there;
}

static struct part plain(uint32_t node) { return (struct part){{node, 0, 0, 0}}; }

static uint32_t read_character(struct parser *parser) {
    uint32_t code;
    parser->at += utf8_read((const uint8_t *)parser->text + parser->at, parser->bytes - parser->at, &code);
    return code;
}

/* ---- escapes and classes ---- */

/* Reads `digits` hexadecimal digits. UINT32_MAX if they are not there. */
static uint32_t read_hex(struct parser *parser, unsigned digits) {
    uint64_t code;
    if (parser->bytes - parser->at < digits || !integer_read(parser->text + parser->at, digits, 16, &code)) {
        return UINT32_MAX;
    }
    parser->at += digits;
    return (uint32_t)code;
}

/* Reads what follows \u: four digits, a pair of surrogates, or digits in braces. */
static uint32_t read_unicode(struct parser *parser) {
    if (skip(parser, "{")) {
        uint32_t code = 0;
        size_t digits = 0;
        for (; peek(parser) != '}' && digits < 8; digits++) {
            const uint32_t digit = read_hex(parser, 1);
            if (digit == UINT32_MAX) {
                return UINT32_MAX;
            }
            code = code << 4 | digit;
        }
        return digits && skip(parser, "}") && code <= LAST_CHARACTER ? code : UINT32_MAX;
    }
    const uint32_t code = read_hex(parser, 4);
    const size_t after = parser->at;
    if (code >> 10 == 0xd800 >> 10 && skip(parser, "\\u")) {
        const uint32_t low = read_hex(parser, 4);
        if (low >> 10 == 0xdc00 >> 10) {
            return 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
        }
        parser->at = after;
    }
    return code;
}

/* Adds the set of \d, \w, \s or their complements. False if the letter names none. */
static bool add_named(struct parser *parser, struct charset *set, char letter) {
    static const struct char_range digits[] = {{'0', '9'}};
    static const struct char_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    static const struct char_range spaces[] = {{9, 13},          {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
                                               {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                               {0x3000, 0x3000}, {0xfeff, 0xfeff}};
    const char lower = (char)(letter | 32);
    const struct char_range *ranges = lower == 'd' ? digits : words;
    size_t count = lower == 'd' ? 1 : 4;
    if (lower == 's') {
        ranges = spaces;
        count = sizeof(spaces) / sizeof(spaces[0]);
    } else if (lower != 'd' && lower != 'w') {
        return false;
    }
    struct charset named = {0};
    for (size_t i = 0; i < count; i++) {
        charset_add(parser->regular->box, &named, ranges[i].low, ranges[i].high);
    }
    if (letter != lower) {
        charset_invert(parser->regular->box, &named);
    }
    charset_add_all(parser->regular->box, set, &named);
    return true;
}

/* Reads an escape that stands for one character, after the backslash. UINT32_MAX after an error. */
static uint32_t read_escape(struct parser *parser, bool in_class) {
    static const char names[] = "fnrtv0";
    static const char meanings[] = "\f\n\r\t\v";
    const size_t start = parser->at - 1;
    const char c = peek(parser);
    if (!more(parser)) {
        fail(parser, start, "a backslash ends the pattern");
        return UINT32_MAX;
    }
    for (size_t i = 0; names[i]; i++) {
        if (c == names[i]) {
            parser->at++;
            const char after = peek(parser);
            if (c == '0' && after >= '0' && after <= '9') {
                break;
            }
            return (uint8_t)meanings[i]; /* the zero that ends the string, for \0 */
        }
    }
    uint32_t code = UINT32_MAX;
    if (skip(parser, "x")) {
        code = read_hex(parser, 2);
    } else if (skip(parser, "u")) {
        code = read_unicode(parser);
    } else if (skip(parser, "c")) {
        const char letter = peek(parser);
        if ((letter | 32) >= 'a' && (letter | 32) <= 'z') {
            code = (uint32_t)letter & 31;
            parser->at++;
        }
    } else if (in_class && skip(parser, "b")) {
        code = '\b';
    } else if ((c >= '0' && c <= '9') || c == 'k') {
        fail(parser, start, "back-references are not supported");
    } else if ((c | 32) == 'p') {
        fail(parser, start, "Unicode properties are not supported");
    } else if ((c | 32) == 'b') {
        fail(parser, start, "word boundaries are not supported");
    } else if (!((c | 32) >= 'a' && (c | 32) <= 'z')) {
        code = read_character(parser);
    }
    if (code == UINT32_MAX) {
        fail(parser, start, "unknown escape");
    }
    return code;
}

/* Reads a member of a class: a character, returned, or a named set, which is added; then UINT32_MAX. */
static uint32_t read_member(struct parser *parser, struct charset *set) {
    if (!skip(parser, "\\")) {
        return read_character(parser);
    }
    if (add_named(parser, set, peek(parser))) {
        parser->at++;
        return UINT32_MAX;
    }
    return read_escape(parser, true);
}

static struct part parse_class(struct parser *parser) { /* after the opening bracket */
    const size_t start = parser->at - 1;
    const bool inverted = skip(parser, "^");
    struct charset set = {0};
    struct sandbox *box = parser->regular->box;
    while (more(parser) && peek(parser) != ']') {
        const size_t from = parser->at;
        const uint32_t low = read_member(parser, &set);
        const bool range = peek(parser) == '-' && parser->at + 1 < parser->bytes && parser->text[parser->at + 1] != ']';
        if (!range || failed(parser)) {
            if (low != UINT32_MAX) {
                charset_add(box, &set, low, low);
            }
            continue;
        }
        parser->at++;
        const uint32_t high = read_member(parser, &set);
        if (low == UINT32_MAX || high == UINT32_MAX || low > high) {
            return fail(parser, from, "a range of characters is out of order or has a class at one end");
        }
        charset_add(box, &set, low, high);
    }
    if (!skip(parser, "]")) {
        return fail(parser, start, "a class is not closed");
    }
    if (inverted) {
        charset_invert(box, &set);
    }
    return plain(charset_node(parser->regular, &set, parser->encoding));
}

static struct part parse_escape(struct parser *parser) { /* after the backslash */
    struct charset set = {0};
    if (add_named(parser, &set, peek(parser))) {
        parser->at++;
        return plain(charset_node(parser->regular, &set, parser->encoding));
    }
    const uint32_t code = read_escape(parser, false);
    return failed(parser) ? plain(REGULAR_EMPTY) : plain(charset_one(parser->regular, code, parser->encoding));
}

static struct part any_but_newline(struct parser *parser) {
    struct charset set = {0};
    struct sandbox *box = parser->regular->box;
    charset_add(box, &set, '\n', '\n');
    charset_add(box, &set, '\r', '\r');
    charset_add(box, &set, 0x2028, 0x2029);
    charset_invert(box, &set);
    return plain(charset_node(parser->regular, &set, parser->encoding));
}

/* ---- structure ---- */

static struct part parse_alternatives(struct parser *parser);

static struct part parse_group(struct parser *parser) { /* after the opening parenthesis */
    const size_t start = parser->at - 1;
    if (skip(parser, "?=") || skip(parser, "?!") || skip(parser, "?<=") || skip(parser, "?<!")) {
        return fail(parser, start, "look-around is not supported");
    }
    if (skip(parser, "?<")) {
        while (more(parser) && !skip(parser, ">")) {
            parser->at++;
        }
    } else if (skip(parser, "?") && !skip(parser, ":")) {
        return fail(parser, start, "flags of groups are not supported");
    }
    if (++parser->depth > DEEPEST) {
        return fail(parser, start, "groups are nested too deeply");
    }
    const struct part part = parse_alternatives(parser);
    parser->depth--;
    return skip(parser, ")") ? part : fail(parser, start, "a group is not closed");
}

static struct part parse_atom(struct parser *parser) {
    const size_t start = parser->at;
    if (skip(parser, "^")) {
        return (struct part){{0, REGULAR_EPSILON, 0, 0}};
    }
    if (skip(parser, "$")) {
        return (struct part){{0, 0, REGULAR_EPSILON, 0}};
    }
    if (skip(parser, "(")) {
        return parse_group(parser);
    }
    if (skip(parser, "[")) {
        return parse_class(parser);
    }
    if (skip(parser, "\\")) {
        return parse_escape(parser);
    }
    if (skip(parser, ".")) {
        return any_but_newline(parser);
    }
    if (skip(parser, "*") || skip(parser, "+") || skip(parser, "?")) {
        return fail(parser, start, "a quantifier has nothing to repeat");
    }
    return plain(charset_one(parser->regular, read_character(parser), parser->encoding));
}

/* Reads digits; false if there are none. Numbers beyond 32 bits count as NO_LIMIT - 1. */
static bool read_count(struct parser *parser, uint32_t *count) {
    const size_t start = parser->at;
    uint64_t value = 0;
    for (; peek(parser) >= '0' && peek(parser) <= '9'; parser->at++) {
        value = value * 10 + (uint64_t)(peek(parser) - '0');
        value = value < NO_LIMIT ? value : NO_LIMIT - 1;
    }
    *count = (uint32_t)value;
    return parser->at > start;
}

/* Reads {m}, {m,} or {m,n}. Braces with anything else stand for themselves. */
static bool read_braces(struct parser *parser, uint32_t *min, uint32_t *max) {
    const size_t start = parser->at;
    if (skip(parser, "{") && read_count(parser, min)) {
        *max = *min;
        if (skip(parser, ",") && !read_count(parser, max)) {
            *max = NO_LIMIT;
        }
        if (skip(parser, "}")) {
            return true;
        }
    }
    parser->at = start;
    return false;
}

static struct part parse_term(struct parser *parser) {
    struct part part = parse_atom(parser);
    const size_t start = parser->at;
    uint32_t min = 0;
    uint32_t max = NO_LIMIT;
    if (failed(parser)) {
        return part;
    }
    if (skip(parser, "+")) {
        min = 1;
    } else if (skip(parser, "?")) {
        max = 1;
    } else if (!skip(parser, "*") && !read_braces(parser, &min, &max)) {
        return part;
    }
    skip(parser, "?"); /* lazy */
    if (min > max) {
        return fail(parser, start, "a quantifier's numbers are out of order");
    }
    if (part.node[1] || part.node[2] || part.node[3]) {
        return fail(parser, start, "a quantifier of an anchor is not supported");
    }
    return plain(regular_repeat(parser->regular, part.node[0], min, max));
}

static struct part sequence(struct regular *regular, const struct part *a, const struct part *b) {
    struct part result = {{0}};
    for (unsigned i = 0; i < 16; i++) {
        const unsigned in_a = i & 3;
        const unsigned in_b = i >> 2;
        uint32_t left = a->node[in_a];
        uint32_t right = b->node[in_b];
        if (in_b & AT_START) { /* nothing may precede */
            left = left && regular_nullable(regular, left) ? REGULAR_EPSILON : REGULAR_EMPTY;
        }
        if (in_a & AT_END) { /* nothing may follow */
            right = right && regular_nullable(regular, right) ? REGULAR_EPSILON : REGULAR_EMPTY;
        }
        uint32_t *sum = &result.node[in_a | in_b];
        *sum = regular_or(regular, *sum, regular_cat(regular, left, right));
    }
    return result;
}

static struct part parse_sequence(struct parser *parser) {
    struct part result = plain(REGULAR_EPSILON);
    while (more(parser) && peek(parser) != '|' && peek(parser) != ')') {
        const struct part term = parse_term(parser);
        result = sequence(parser->regular, &result, &term);
    }
    return result;
}

static struct part parse_alternatives(struct parser *parser) {
    struct part result = {{0}};
    do {
        const struct part one = parse_sequence(parser);
        for (int i = 0; i < 4; i++) {
            result.node[i] = regular_or(parser->regular, result.node[i], one.node[i]);
        }
    } while (more(parser) && skip(parser, "|"));
    return result;
}

uint32_t pattern_node(struct regular *regular, const char *text, size_t bytes, enum encoding encoding, bool whole,
                      struct pattern_error *error) {
    struct parser parser = {regular, text, bytes, 0, encoding, 0, error};
    *error = (struct pattern_error){NULL, 0};
    const struct part part = parse_alternatives(&parser);
    if (!failed(&parser) && parser.at < bytes) {
        fail(&parser, parser.at, "a parenthesis closes no group");
    }
    if (failed(&parser)) {
        return REGULAR_EMPTY;
    }
    const uint32_t rest =
        whole ? REGULAR_EPSILON : regular_repeat(regular, charset_any(regular, encoding), 0, NO_LIMIT);
    uint32_t result = REGULAR_EMPTY;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t node = part.node[i];
        node = i & AT_START ? node : regular_cat(regular, rest, node);
        node = i & AT_END ? node : regular_cat(regular, node, rest);
        result = regular_or(regular, result, node);
    }
    return result;
}
