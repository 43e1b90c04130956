/* 'text %s' % values and 'text {}'.format(values). */
#include "engine/text/template_interp.h"

struct spec {
    struct value *fill;  /* one character; null for a space */
    char align;          /* < > ^ =, or 0 */
    char sign;           /* + or space, or 0 */
    bool zero;           /* pads numbers with zeros */
    ptrdiff_t width;     /* characters */
    ptrdiff_t precision; /* negative: not given */
    char type;           /* 0: not given */
    bool untrusted;      /* what the format itself says */
};

/* The value without padding and sign. */
static struct value *body_of(struct interp *in, struct value *value, const struct spec *spec) {
    struct buffer buffer;
    buffer_start(&buffer, in);
    const char type = spec->type ? spec->type : value->kind == VALUE_FLOAT && spec->precision >= 0 ? 'g' : 's';
    const char small = (char)(type | 32);
    if (small == 's' || small == 'r') {
        (small == 'r' ? buffer_repr : buffer_print)(&buffer, value);
        struct value *body = buffer_value(&buffer);
        return spec->precision < 0 ? body : value_slice(in, body, 0, string_offset(body, (size_t)spec->precision));
    }
    if (value->kind == VALUE_UNDEFINED) {
        return fail_undefined(in, value);
    }
    if (!value_is(value, NUMBERS)) {
        return fail_type(in, "a number is required by the format, not '%.*s'", value);
    }
    const double real = value_number(value);
    if (small == 'f' || small == 'e' || small == 'g') {
        buffer_float(&buffer, real, small, spec->precision < 0 ? 6 : (size_t)spec->precision, value->untrusted);
    } else if (!(real > -9e18 && real < 9e18)) {
        fail_limit(in, "a number that does not fit the format");
    } else if (small == 'd' || small == 'i' || small == 'x') {
        const int64_t integer = value->kind == VALUE_FLOAT ? (int64_t)real : value->integer;
        uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
        const unsigned base = small == 'x' ? 16 : 10;
        char text[24];
        size_t at = sizeof(text);
        do {
            const unsigned digit = (unsigned)(rest % base);
            text[--at] = (char)(digit < 10 ? '0' + digit : digit - 10 + (type == 'X' ? 'A' : 'a'));
            rest /= base;
        } while (rest);
        buffer_text(&buffer, integer < 0 ? "-" : "", value->untrusted);
        buffer_add(&buffer, text + at, sizeof(text) - at, value->untrusted);
    } else {
        fail(in, "unsupported format character");
    }
    return buffer_value(&buffer);
}

static void add_fill(struct buffer *buffer, const struct spec *spec, ptrdiff_t count, char otherwise) {
    for (ptrdiff_t i = 0; i < count && interp_step(buffer->in, 1); i++) {
        if (spec->fill) {
            buffer_string(buffer, spec->fill);
        } else {
            buffer_put(buffer, otherwise, spec->untrusted);
        }
    }
}

static void add_formatted(struct interp *in, struct buffer *buffer, struct value *value, const struct spec *spec) {
    const struct value *body = body_of(in, value, spec);
    const bool number = value_is(value, KIND(INT) | KIND(FLOAT)) && spec->type != 's' && spec->type != 'r';
    const size_t negative = number && body->string.bytes && body->string.text[0] == '-';
    const char sign = negative ? '-' : number ? spec->sign : 0;
    const ptrdiff_t missing = spec->width - (ptrdiff_t)(string_length(body) - negative + (sign != 0));
    const char align = spec->align ? spec->align : spec->zero && number ? '=' : '>';
    const ptrdiff_t before = align == '<' || missing < 0 ? 0 : align == '^' ? missing / 2 : missing;
    if (align != '=') {
        add_fill(buffer, spec, before, ' ');
    }
    if (sign) {
        buffer_put(buffer, sign, value->untrusted);
    }
    if (align == '=') {
        add_fill(buffer, spec, before, spec->zero ? '0' : ' ');
    }
    buffer_slice(buffer, body, negative, body->string.bytes);
    add_fill(buffer, spec, missing - before, ' ');
}

/* Text being read. */
struct reader {
    const struct value *string;
    size_t at;
};

static char peek(const struct reader *reader) {
    return reader->at < reader->string->string.bytes ? reader->string->string.text[reader->at] : '\0';
}

static bool take(struct reader *reader, char byte) {
    const bool there = peek(reader) == byte;
    reader->at += there;
    return there;
}

/* A number, cut to what is too wide in any case; -1 when there is none. */
static ptrdiff_t read_count(struct reader *reader) {
    ptrdiff_t count = -1;
    while (peek(reader) >= '0' && peek(reader) <= '9') {
        count = (count < 0 ? 0 : count) * 10 + (peek(reader) - '0');
        count = count < 100000000 ? count : 100000000;
        reader->at++;
    }
    return count;
}

/* Flags in any order, as % has them and, between fill and width, {} too; then width, precision and type. */
static void read_spec(struct reader *reader, struct spec *spec) {
    for (bool flags = true; flags;) {
        const char next = peek(reader);
        const bool sign = next == '+' || next == ' ';
        spec->sign = sign && spec->sign != '+' ? next : spec->sign;
        spec->zero |= next == '0';
        flags = sign || next == '0' || next == '-';
        spec->align = next == '-' ? '<' : spec->align;
        reader->at += flags;
    }
    spec->width = read_count(reader);
    if (take(reader, '.')) {
        spec->precision = read_count(reader);
        spec->precision = spec->precision < 0 ? 0 : spec->precision;
    }
}

/* ---- % ---- */

/* After the % sign. `used` counts the values that were taken. */
static void format_one(struct interp *in, struct buffer *buffer, struct reader *reader, struct value *all,
                       size_t *used) {
    const size_t bytes = reader->string->string.bytes;
    struct spec spec = {.precision = -1, .untrusted = untrusted_at(reader->string, reader->at)};
    struct value *value = NULL;
    if (take(reader, '(')) {
        const size_t from = reader->at;
        while (reader->at < bytes && peek(reader) != ')') {
            reader->at++;
        }
        value = all->kind == VALUE_DICT ? dict_get(in, all, value_slice(in, reader->string, from, reader->at)) : NULL;
        if (!take(reader, ')') || value == NULL) {
            fail(in, "the format names a key that is not there");
        }
    }
    read_spec(reader, &spec);
    spec.type = peek(reader);
    if (reader->at++ >= bytes) {
        fail(in, "incomplete format");
    } else if (spec.type == '%') {
        buffer_put(buffer, '%', spec.untrusted);
    } else {
        const bool tuple = all->kind == VALUE_TUPLE;
        if (value == NULL && *used < (tuple ? all->list.count : 1)) {
            value = tuple ? all->list.items[*used] : all;
            ++*used;
        }
        if (value) {
            add_formatted(in, buffer, value, &spec);
        } else {
            fail(in, "not enough arguments for format string");
        }
    }
}

struct value *format_percent(struct interp *in, const struct value *format, struct value *all) {
    struct buffer buffer;
    buffer_start(&buffer, in);
    struct reader reader = {format, 0};
    size_t used = 0;
    while (reader.at < format->string.bytes && interp_step(in, 1)) {
        const size_t from = reader.at;
        while (reader.at < format->string.bytes && peek(&reader) != '%') {
            reader.at++;
        }
        buffer_slice(&buffer, format, from, reader.at);
        if (take(&reader, '%')) {
            format_one(in, &buffer, &reader, all, &used);
        }
    }
    const size_t given = all->kind == VALUE_TUPLE ? all->list.count : !value_is(all, KIND(DICT) | KIND(LIST));
    return used < given ? fail(in, "not all arguments converted during string formatting") : buffer_value(&buffer);
}

/* ---- {} ---- */

static bool is_align(char byte) { return byte == '<' || byte == '>' || byte == '^' || byte == '='; }

/* What may stand before the rest of the specification: a fill and how to align. */
static void read_align(struct interp *in, struct reader *reader, struct spec *spec) {
    const size_t width =
        reader->at < reader->string->string.bytes ? CHAR_BYTES(string_char(reader->string, reader->at)) : 0;
    const struct reader behind = {reader->string, reader->at + width};
    if (width && is_align(peek(&behind))) {
        spec->fill = value_slice(in, reader->string, reader->at, behind.at);
        reader->at = behind.at;
    }
    if (is_align(peek(reader))) {
        spec->align = peek(reader);
        reader->at++;
    }
}

/* The field's value: a number or name of an argument, then .names and [keys]. */
static struct value *read_field(struct interp *in, struct reader *reader, const struct call *call, size_t *next) {
    struct value *value = NULL;
    char mark = 0; /* what introduced the part */
    do {
        const size_t from = reader->at;
        for (char byte; byte = peek(reader), byte && byte != '}' && byte != ':' && byte != '!' && byte != '[' &&
                                                 byte != ']' && (byte != '.' || mark == '[');) {
            reader->at++;
        }
        struct value *name = value_slice(in, reader->string, from, reader->at);
        uint64_t index;
        const bool number = integer_read(name->string.text, name->string.bytes, 10, &index) && index <= INT32_MAX;
        if (mark == '[') {
            value = item_of(in, value, number ? value_int(in, (int64_t)index) : name);
            take(reader, ']');
        } else if (mark == '.') {
            value = attribute_of(in, value, name);
        } else if (number || name->string.bytes == 0) {
            index = number ? index : (*next)++;
            value = index < call->positional->list.count ? call->positional->list.items[index] : NULL;
        } else {
            value = dict_get(in, call->named, name);
        }
        mark = peek(reader);
        if (value == NULL) {
            return fail(in, "format: no argument for a field");
        }
    } while ((take(reader, '.') || take(reader, '[')) && interp_step(in, 1));
    return value;
}

/* After the {. */
static void format_field(struct interp *in, struct buffer *buffer, struct reader *reader, const struct call *call,
                         size_t *next) {
    struct spec spec = {.precision = -1, .untrusted = untrusted_at(reader->string, reader->at)};
    struct value *value = read_field(in, reader, call, next);
    if (take(reader, '!')) {
        struct buffer text;
        buffer_start(&text, in);
        (take(reader, 'r') ? buffer_repr : buffer_print)(&text, value);
        take(reader, 's');
        value = buffer_value(&text);
    }
    if (take(reader, ':')) {
        read_align(in, reader, &spec);
        read_spec(reader, &spec);
        spec.type = peek(reader) == '}' ? '\0' : peek(reader);
        reader->at += spec.type != 0;
    }
    if (!take(reader, '}')) {
        fail(in, "format: '}' expected");
    }
    if (spec.align == 0 && !value_is(value, NUMBERS)) {
        spec.align = '<';
    }
    add_formatted(in, buffer, value, &spec);
}

struct value *format_braces(struct interp *in, const struct value *format, const struct call *call) {
    struct buffer buffer;
    buffer_start(&buffer, in);
    struct reader reader = {format, 0};
    size_t next = 0;
    while (reader.at < format->string.bytes && interp_step(in, 1)) {
        const size_t from = reader.at;
        while (reader.at < format->string.bytes && peek(&reader) != '{' && peek(&reader) != '}') {
            reader.at++;
        }
        buffer_slice(&buffer, format, from, reader.at);
        const char brace = peek(&reader);
        if (reader.at++ >= format->string.bytes) {
            break;
        }
        if (take(&reader, brace)) {
            buffer_slice(&buffer, format, reader.at - 1, reader.at);
        } else if (brace == '{') {
            format_field(in, &buffer, &reader, call, &next);
        } else {
            fail(in, "Single '}' encountered in format string");
        }
    }
    return buffer_value(&buffer);
}
