/* Splits a template into tokens, as jinja2's lexer does with trim_blocks and lstrip_blocks. */
#include "engine/text/template/lexer.h"

#include "engine/text/json/buffer.h"
#include "engine/text/json/number.h"
#include "engine/text/json/value_string.h"

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

static bool is_name(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || is_digit(byte) ||
           (uint8_t)byte >= 0x80;
}

static char peek(const struct lexer *lexer, size_t ahead) { return lexer->text[lexer->at + ahead]; }

static bool next_is(const struct lexer *lexer, const char *text) {
    size_t i = 0;
    while (text[i] && peek(lexer, i) == text[i]) {
        i++;
    }
    return text[i] == '\0';
}

static void lexer_fail(struct lexer *lexer, size_t at, const char *text) {
    if (!lexer->box->failed) {
        lexer->box->at = at;
    }
    sandbox_fail(lexer->box, text);
}

static void skip_space(struct lexer *lexer) {
    lexer->at += space_before(lexer->text + lexer->at, lexer->bytes - lexer->at);
}

static void skip_sign(struct lexer *lexer) { lexer->at += peek(lexer, 0) == '-' || peek(lexer, 0) == '+'; }

/* Skips a tag's end of `bytes` bytes and what it removes after the tag: with a minus sign all white space; otherwise
 * one newline if `newline` is set. */
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

/* The size in bytes of the tag end that is next; 0 if none is. plus: the end may have a plus sign. */
static size_t tag_end(const struct lexer *lexer, char mark, bool plus) {
    const bool sign = peek(lexer, 0) == '-' || (plus && peek(lexer, 0) == '+');
    return peek(lexer, sign) == mark && peek(lexer, sign + 1u) == '}' ? 2u + sign : 0;
}

/* The text [from, end) before a tag that starts at `end`, without the white space that the tag removes. */
static struct value *text_before(struct lexer *lexer, size_t from, size_t end, bool block) {
    const char sign = lexer->text[end + 2];
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
    return value_text(lexer->box, lexer->text + from, end - from);
}

/* Skips the tag {% word %} if it is next. Returns whether it was. */
static bool take_tag(struct lexer *lexer, const char *word, bool plus) {
    const struct lexer before = *lexer;
    lexer->at += 2;
    skip_sign(lexer);
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

/* Reads the text up to {% endraw %}. */
static void read_raw(struct lexer *lexer, struct token *token) {
    const size_t from = lexer->at;
    token->kind = TOKEN_TEXT;
    lexer->state = LEXER_OUTSIDE;
    for (; lexer->at < lexer->bytes; lexer->at++) {
        struct lexer before = *lexer;
        if (next_is(lexer, "{%") && take_tag(lexer, "endraw", true)) {
            token->value = text_before(&before, from, before.at, true);
            return;
        }
    }
    lexer_fail(lexer, token->at, "{% raw %} without {% endraw %}");
}

static void skip_comment(struct lexer *lexer) {
    const size_t start = lexer->at;
    lexer->state = LEXER_OUTSIDE;
    lexer->at += 2;
    skip_sign(lexer);
    for (; lexer->at < lexer->bytes; lexer->at++) {
        const size_t bytes = tag_end(lexer, '#', true);
        if (bytes) {
            end_tag(lexer, bytes, true);
            return;
        }
    }
    lexer_fail(lexer, start, "{# without #}");
}

static void read_text(struct lexer *lexer, struct token *token) {
    const size_t from = lexer->at;
    token->kind = TOKEN_TEXT;
    for (; lexer->at < lexer->bytes; lexer->at++) {
        const char mark = peek(lexer, 0) == '{' ? peek(lexer, 1) : '\0';
        if (mark == '{' || mark == '%' || mark == '#') {
            lexer->state = LEXER_AT_TAG;
            lexer->mark = mark;
            break;
        }
    }
    const bool tag = lexer->state == LEXER_AT_TAG;
    token->value = tag ? text_before(lexer, from, lexer->at, lexer->mark != '{')
                       : value_text(lexer->box, lexer->text + from, lexer->at - from);
}

/* Reads {{ or {%, or the whole text of a raw block. */
static void read_tag(struct lexer *lexer, struct token *token) {
    const bool block = lexer->mark == '%';
    if (block && take_tag(lexer, "raw", false)) {
        read_raw(lexer, token);
        return;
    }
    token->kind = block ? TOKEN_BLOCK_BEGIN : TOKEN_PRINT_BEGIN;
    lexer->at += 2;
    skip_sign(lexer);
    lexer->state = LEXER_INSIDE;
}

static void skip_digits(struct lexer *lexer) {
    while (is_digit(peek(lexer, 0))) {
        lexer->at++;
    }
}

static void read_number(struct lexer *lexer, struct token *token) {
    const char *text = lexer->text + lexer->at;
    const bool after_point =
        text[-1] == '.'; /* in x.0.1, 0.1 is not a float; text[-1] exists because a tag came before */
    uint64_t integer;
    double number;
    token->kind = TOKEN_NUMBER;
    skip_digits(lexer);
    size_t bytes = lexer->at - token->at;
    if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1)) && !after_point) {
        lexer->at++;
        skip_digits(lexer);
    }
    const bool sign = peek(lexer, 1) == '-' || peek(lexer, 1) == '+';
    if ((peek(lexer, 0) | 32) == 'e' && is_digit(peek(lexer, 1u + sign))) {
        lexer->at += 1u + sign;
        skip_digits(lexer);
    }
    if (bytes == lexer->at - token->at) {
        const bool fits = integer_read(text, bytes, 10, &integer) && integer <= INT64_MAX;
        token->value = value_int(lexer->box, (int64_t)integer);
        if (!fits) {
            lexer_fail(lexer, token->at, "a number does not fit 64 bits");
        }
        return;
    }
    number_read(text, lexer->at - token->at, &number);
    token->value = value_float(lexer->box, number);
}

/* The number of hexadecimal digits after \x, \u or \U; 0 for other letters. */
static size_t escape_digits(char letter) {
    switch (letter) {
    case 'x':
        return 2;
    case 'u':
        return 4;
    case 'U':
        return 8;
    default:
        return 0;
    }
}

/* Reads what follows a backslash. As in Python, a backslash before an unknown letter stays. */
static void read_escape(struct lexer *lexer, struct buffer *buffer) {
    static const char names[] = "\\'\"abfnrtv\n";
    static const char meanings[] = "\\'\"\a\b\f\n\r\t\v";
    const char next = peek(lexer, 0);
    for (size_t i = 0; names[i]; i++) {
        if (next == names[i]) {
            lexer->at++;
            buffer_fill(buffer, meanings[i], next != '\n', false); /* an escaped newline continues the line */
            return;
        }
    }
    const size_t digits = escape_digits(next);
    uint64_t code;
    if (digits == 0) {
        buffer_put(buffer, '\\', false);
        return;
    }
    lexer->at++;
    if (lexer->bytes - lexer->at < digits || !integer_read(lexer->text + lexer->at, digits, 16, &code)) {
        lexer_fail(lexer, lexer->at, "a truncated escape");
        return;
    }
    lexer->at += digits;
    buffer_code(buffer, (uint32_t)code, false);
}

static void read_string(struct lexer *lexer, struct token *token) {
    struct buffer buffer;
    buffer_start(&buffer, lexer->box);
    const char quote = peek(lexer, 0);
    size_t from = ++lexer->at;
    token->kind = TOKEN_STRING;
    while (lexer->at < lexer->bytes && peek(lexer, 0) != quote) {
        const bool escape = peek(lexer, 0) == '\\';
        lexer->at++;
        if (escape) {
            buffer_add(&buffer, lexer->text + from, lexer->at - 1 - from, false);
            read_escape(lexer, &buffer);
            from = lexer->at;
        }
    }
    if (lexer->at >= lexer->bytes) {
        lexer_fail(lexer, token->at, "a string is not closed");
        return;
    }
    buffer_add(&buffer, lexer->text + from, lexer->at - from, false);
    token->value = buffer_value(&buffer);
    lexer->at++;
}

static void read_operator(struct lexer *lexer, struct token *token) {
    static const char pairs[] = "//**==!=>=<=";
    static const char ones[] = "+-/*%~[](){}<>=.:|,";
    const char next = peek(lexer, 0);
    token->kind = TOKEN_OPERATOR;
    token->operation = (unsigned)(uint8_t)next;
    lexer->at++;
    for (size_t i = 0; pairs[i]; i += 2) {
        if (next == pairs[i] && peek(lexer, 0) == pairs[i + 1]) {
            lexer->at++;
            token->operation = PAIR(next, pairs[i + 1]);
            return;
        }
    }
    if (next == '(' || next == '[' || next == '{') {
        lexer->brackets++;
    } else if (next == ')' || next == ']' || next == '}') {
        lexer->brackets -= lexer->brackets != 0;
    }
    for (size_t i = 0; ones[i]; i++) {
        if (next == ones[i]) {
            return;
        }
    }
    lexer_fail(lexer, token->at, "an unknown character in a tag");
}

static void read_inside(struct lexer *lexer, struct token *token) {
    const bool block = lexer->mark == '%';
    skip_space(lexer);
    token->at = lexer->at;
    const size_t end = lexer->brackets ? 0 : tag_end(lexer, block ? '%' : '}', block);
    const char next = peek(lexer, 0);
    if (end) {
        token->kind = block ? TOKEN_BLOCK_END : TOKEN_PRINT_END;
        end_tag(lexer, end, block);
        lexer->state = LEXER_OUTSIDE;
    } else if (is_digit(next)) {
        read_number(lexer, token);
    } else if (next == '"' || next == '\'') {
        read_string(lexer, token);
    } else if (is_name(next)) {
        token->kind = TOKEN_NAME;
        while (is_name(peek(lexer, 0))) {
            lexer->at++;
        }
    } else if (lexer->at >= lexer->bytes) {
        lexer_fail(lexer, lexer->at, "a tag is not closed");
    } else {
        read_operator(lexer, token);
    }
    token->bytes = lexer->at - token->at;
}

void lexer_next(struct lexer *lexer, struct token *token) {
    do {
        *token = (struct token){.at = lexer->at, .value = &lexer->box->scrap};
        if (lexer->state == LEXER_INSIDE) {
            read_inside(lexer, token);
        } else if (lexer->state == LEXER_OUTSIDE) {
            if (lexer->at < lexer->bytes) {
                read_text(lexer, token);
            }
        } else if (lexer->mark == '#') {
            skip_comment(lexer);
            token->kind = TOKEN_TEXT;
        } else {
            read_tag(lexer, token);
        }
        if (!sandbox_step(lexer->box, 1)) {
            token->kind = TOKEN_END;
        }
    } while (token->kind == TOKEN_TEXT && token->value->string.bytes == 0);
}
