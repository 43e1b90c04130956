/* From a template's text to tokens, with trim_blocks and lstrip_blocks: white space from the start of the line to a
 * block tag goes, and so does one newline after it. */
#include "engine/text/template_interp.h"
#include "engine/text/unicode.h"

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

static bool is_name(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || is_digit(byte) ||
           (uint8_t)byte >= 0x80;
}

static char peek(const struct lexer *lexer, size_t ahead) {
    return lexer->bytes - lexer->at > ahead ? lexer->text[lexer->at + ahead] : '\0';
}

static bool next_is(const struct lexer *lexer, const char *text) {
    const size_t bytes = strlen(text);
    return lexer->bytes - lexer->at >= bytes && memcmp(lexer->text + lexer->at, text, bytes) == 0;
}

static bool wrong(struct lexer *lexer, size_t at, const char *what) {
    lexer->heap->at = at;
    WRONG(lexer->heap, "%s", what);
    return false;
}

static void skip_space(struct lexer *lexer) {
    lexer->at += space_before(lexer->text + lexer->at, lexer->bytes - lexer->at);
}

/* After a tag of that end: with a -, all white space goes; else one newline, if asked. */
static void end_tag(struct lexer *lexer, size_t bytes, bool newline) {
    const bool strip = peek(lexer, 0) == '-';
    const bool keep = peek(lexer, 0) == '+';
    lexer->at += bytes;
    if (strip) {
        skip_space(lexer);
    } else if (newline && !keep && peek(lexer, 0) == '\n') {
        lexer->at++;
    }
    lexer->line_start = lexer->text[lexer->at - 1] == '\n';
}

/* Bytes of the end of a tag that is next, 0 when there is none. */
static size_t tag_end(const struct lexer *lexer, char mark, bool plus) {
    const bool sign = peek(lexer, 0) == '-' || (plus && peek(lexer, 0) == '+');
    return peek(lexer, sign) == mark && peek(lexer, sign + 1u) == '}' ? 2u + sign : 0;
}

/* The text in [from, end) before a tag that starts at end. */
static struct value *text_before(struct lexer *lexer, size_t from, size_t end, bool block) {
    const char sign = lexer->bytes - end > 2 ? lexer->text[end + 2] : '\0';
    if (sign == '-') {
        end -= space_after(lexer->text + from, end - from);
    } else if (sign != '+' && block) {
        size_t line = end;
        while (line > from && lexer->text[line - 1] != '\n') {
            line--;
        }
        if ((line > from || lexer->line_start) && space_before(lexer->text + line, end - line) == end - line) {
            end = line;
        }
    }
    return value_text(lexer->heap, lexer->text + from, end - from);
}

/* A {% that is followed by `word` and the end of the tag; moves behind it then. */
static bool tag_of(struct lexer *lexer, const char *word, bool plus) {
    const struct lexer before = *lexer;
    lexer->at += 2;
    lexer->at += peek(lexer, 0) == '-' || peek(lexer, 0) == '+';
    skip_space(lexer);
    if (next_is(lexer, word)) {
        lexer->at += strlen(word);
        skip_space(lexer);
        const size_t bytes = tag_end(lexer, '%', plus);
        if (bytes) {
            end_tag(lexer, bytes, plus); /* jinja2 keeps the newline after {% raw %} */
            return true;
        }
    }
    *lexer = before;
    return false;
}

/* The text up to {% endraw %}. */
static bool read_raw(struct lexer *lexer, struct token *token) {
    const size_t from = lexer->at;
    token->kind = TOKEN_TEXT;
    lexer->state = LEXER_OUTSIDE;
    for (; lexer->at < lexer->bytes; lexer->at++) {
        struct lexer before = *lexer;
        if (next_is(lexer, "{%") && tag_of(lexer, "endraw", true)) {
            token->value = text_before(&before, from, before.at, true);
            return token->value != NULL;
        }
    }
    return wrong(lexer, token->at, "{% raw %} without {% endraw %}");
}

static bool skip_comment(struct lexer *lexer) {
    const size_t start = lexer->at;
    lexer->state = LEXER_OUTSIDE;
    lexer->at += 2;
    lexer->at += peek(lexer, 0) == '-' || peek(lexer, 0) == '+';
    for (; lexer->at < lexer->bytes; lexer->at++) {
        const size_t bytes = tag_end(lexer, '#', true);
        if (bytes) {
            end_tag(lexer, bytes, true);
            return true;
        }
    }
    return wrong(lexer, start, "{# without #}");
}

static bool read_text(struct lexer *lexer, struct token *token) {
    const size_t from = lexer->at;
    token->kind = TOKEN_TEXT;
    token->at = from;
    for (; lexer->at < lexer->bytes; lexer->at++) {
        const char mark = peek(lexer, 0) == '{' ? peek(lexer, 1) : '\0';
        if (mark == '{' || mark == '%' || mark == '#') {
            token->value = text_before(lexer, from, lexer->at, mark != '{');
            lexer->state = LEXER_AT_TAG;
            lexer->mark = mark;
            return token->value != NULL;
        }
    }
    token->value = value_text(lexer->heap, lexer->text + from, lexer->bytes - from);
    return token->value != NULL;
}

/* At {{ or {%; {% raw %} gives its text. */
static bool read_tag(struct lexer *lexer, struct token *token) {
    const bool block = lexer->mark == '%';
    if (block && tag_of(lexer, "raw", false)) {
        return read_raw(lexer, token);
    }
    token->kind = block ? TOKEN_BLOCK_BEGIN : TOKEN_PRINT_BEGIN;
    lexer->at += 2;
    lexer->at += peek(lexer, 0) == '-' || peek(lexer, 0) == '+';
    lexer->state = LEXER_INSIDE;
    return true;
}

/* ---- inside of tags ---- */

static bool read_number(struct lexer *lexer, struct token *token) {
    char digits[64]; /* without underscores */
    size_t count = 0;
    unsigned base = 10;
    bool real = false;
    const char second = (char)(peek(lexer, 1) | 32);
    const bool after_point = lexer->text[lexer->at - 1] == '.'; /* x.0.1: no float; a tag came before */
    if (peek(lexer, 0) == '0' && (second == 'x' || second == 'o' || second == 'b')) {
        base = second == 'x' ? 16 : second == 'o' ? 8 : 2;
        lexer->at += 2;
    }
    for (;; lexer->at++) {
        const char next = peek(lexer, 0);
        const bool exponent = base == 10 && (next == 'e' || next == 'E') &&
                              (is_digit(peek(lexer, 1)) ||
                               ((peek(lexer, 1) == '-' || peek(lexer, 1) == '+') && is_digit(peek(lexer, 2))));
        const bool point = base == 10 && next == '.' && is_digit(peek(lexer, 1)) && !real && !after_point;
        const bool sign = real && (next == '-' || next == '+') && (digits[count - 1] | 32) == 'e';
        const bool hex = base == 16 && (next | 32) >= 'a' && (next | 32) <= 'f';
        if (next == '_') {
            continue;
        }
        if (!is_digit(next) && !exponent && !point && !sign && !hex) {
            break;
        }
        real |= exponent || point;
        if (count == sizeof(digits)) {
            return wrong(lexer, token->at, "a number of too many digits");
        }
        digits[count++] = next;
    }
    uint64_t integer;
    double number;
    token->kind = TOKEN_NUMBER;
    if (real && number_read(digits, count, &number)) {
        token->value = value_float(lexer->heap, number);
    } else if (!real && integer_read(digits, count, base, &integer) && integer <= INT64_MAX) {
        token->value = value_int(lexer->heap, (int64_t)integer);
    } else {
        return wrong(lexer, token->at, "not a number, or one that does not fit 64 bits");
    }
    return token->value != NULL;
}

static void add_code(struct buffer *buffer, uint32_t code) {
    uint8_t text[4];
    buffer_add(buffer, (const char *)text, utf8_write(text, code > 0x10ffff ? REPLACEMENT : code), false);
}

/* What follows a backslash; as in Python an unknown letter keeps it. */
static bool read_escape(struct lexer *lexer, struct buffer *buffer) {
    static const char names[] = "\\'\"abfnrtv";
    static const char meanings[] = "\\'\"\a\b\f\n\r\t\v";
    const char next = peek(lexer, 0);
    lexer->at++;
    for (size_t i = 0; names[i]; i++) {
        if (next == names[i]) {
            buffer_fill(buffer, meanings[i], 1, false);
            return true;
        }
    }
    const size_t digits = next == 'x' ? 2 : next == 'u' ? 4 : next == 'U' ? 8 : 0;
    if (digits) {
        uint64_t code;
        if (lexer->bytes - lexer->at < digits || !integer_read(lexer->text + lexer->at, digits, 16, &code)) {
            return wrong(lexer, lexer->at, "a truncated escape");
        }
        lexer->at += digits;
        add_code(buffer, (uint32_t)code);
    } else if (next >= '0' && next <= '7') {
        uint32_t code = (uint32_t)(next - '0');
        for (int i = 0; i < 2 && peek(lexer, 0) >= '0' && peek(lexer, 0) <= '7'; i++) {
            code = code * 8 + (uint32_t)(peek(lexer, 0) - '0');
            lexer->at++;
        }
        add_code(buffer, code);
    } else if (next != '\n') {
        buffer_fill(buffer, '\\', 1, false);
        lexer->at--;
    }
    return true;
}

static bool read_string(struct lexer *lexer, struct token *token) {
    struct buffer buffer = {.heap = lexer->heap};
    const char quote = peek(lexer, 0);
    size_t from = ++lexer->at;
    token->kind = TOKEN_STRING;
    for (; peek(lexer, 0) != quote;) {
        if (lexer->at >= lexer->bytes) {
            return wrong(lexer, token->at, "a string without an end");
        }
        if (peek(lexer, 0) != '\\') {
            lexer->at++;
            continue;
        }
        buffer_add(&buffer, lexer->text + from, lexer->at - from, false);
        lexer->at++;
        if (lexer->at >= lexer->bytes || !read_escape(lexer, &buffer)) {
            return wrong(lexer, token->at, "a string without an end");
        }
        from = lexer->at;
    }
    if (from == token->at + 1) {
        token->value = value_text(lexer->heap, lexer->text + from, lexer->at - from);
    } else {
        buffer_add(&buffer, lexer->text + from, lexer->at - from, false);
        token->value = buffer_value(&buffer);
    }
    lexer->at++;
    return token->value != NULL;
}

static bool read_operator(struct lexer *lexer, struct token *token) {
    static const char pairs[][3] = {"//", "**", "==", "!=", ">=", "<="};
    const char next = peek(lexer, 0);
    token->kind = TOKEN_OPERATOR;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (next_is(lexer, pairs[i])) {
            lexer->at += 2;
            token->operation = PAIR(pairs[i][0], pairs[i][1]);
            return true;
        }
    }
    bool known = false;
    for (const char *one = "+-/*%~[](){}<>=.:|,;"; *one; one++) {
        known |= *one == next;
    }
    if (!known) {
        return wrong(lexer, lexer->at, "an unknown character in a tag");
    }
    if (next == '(' || next == '[' || next == '{') {
        lexer->brackets++;
    } else if ((next == ')' || next == ']' || next == '}') && lexer->brackets) {
        lexer->brackets--;
    }
    lexer->at++;
    token->operation = (unsigned)next;
    return true;
}

static bool read_inside(struct lexer *lexer, struct token *token) {
    skip_space(lexer);
    token->at = lexer->at;
    if (lexer->at >= lexer->bytes) {
        return wrong(lexer, lexer->at, "a tag without an end");
    }
    const bool block = lexer->mark == '%';
    const size_t end = lexer->brackets ? 0 : tag_end(lexer, block ? '%' : '}', block);
    const char next = peek(lexer, 0);
    bool good = true;
    if (end) {
        token->kind = block ? TOKEN_BLOCK_END : TOKEN_PRINT_END;
        end_tag(lexer, end, block);
        lexer->state = LEXER_OUTSIDE;
    } else if (is_digit(next)) {
        good = read_number(lexer, token);
    } else if (next == '"' || next == '\'') {
        good = read_string(lexer, token);
    } else if (is_name(next)) {
        token->kind = TOKEN_NAME;
        while (is_name(peek(lexer, 0))) {
            lexer->at++;
        }
    } else {
        good = read_operator(lexer, token);
    }
    return good;
}

bool lexer_next(struct lexer *lexer, struct token *token) {
    for (;;) {
        *token = (struct token){.at = lexer->at};
        if (!heap_step(lexer->heap, 1)) {
            return false;
        }
        if (lexer->state == LEXER_INSIDE) {
            const bool good = read_inside(lexer, token);
            token->bytes = lexer->at - token->at;
            return good;
        }
        if (lexer->state == LEXER_OUTSIDE) {
            if (lexer->at >= lexer->bytes) {
                return true; /* TOKEN_END */
            }
            if (!read_text(lexer, token) || token->value->string.bytes) {
                return !lexer->heap->failed;
            }
        } else if (lexer->mark == '#') {
            if (!skip_comment(lexer)) {
                return false;
            }
        } else if (!read_tag(lexer, token) || token->kind != TOKEN_TEXT || token->value->string.bytes) {
            return !lexer->heap->failed;
        }
    }
}
