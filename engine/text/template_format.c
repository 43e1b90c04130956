/* 'text %s' % values and 'text {}'.format(values). */
#include "engine/text/template_interp.h"
#include "engine/text/unicode.h"

struct spec {
    struct value *fill; /* one character; null for a space */
    char align;         /* < > ^ =, or 0 */
    char sign;          /* + or space, or 0 */
    bool alternate, zero;
    char group;        /* between thousands: , or _, or 0 */
    int64_t width;     /* characters */
    int64_t precision; /* negative: not given */
    char type;         /* 0: not given */
    bool untrusted;    /* what the format itself says */
};

static void add_integer(struct buffer *buffer, int64_t integer, const struct spec *spec, bool untrusted) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const bool big = spec->type == 'X';
    const char type = (char)(spec->type | 32);
    const unsigned base = type == 'x' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    char text[72];
    size_t at = sizeof(text);
    do {
        text[--at] = digits[rest % base + (big ? 16u : 0u)];
        rest /= base;
    } while (rest);
    if (spec->alternate && base != 10) {
        text[--at] = spec->type;
        text[--at] = '0';
    }
    if (integer < 0) {
        text[--at] = '-';
    }
    buffer_add(buffer, text + at, sizeof(text) - at, untrusted);
}

/* The value without padding, sign and groups. */
static struct value *body_of(struct interp *interp, struct value *value, const struct spec *spec) {
    struct heap *heap = &interp->heap;
    struct buffer buffer = {.heap = heap};
    const bool untrusted = value->untrusted;
    const size_t precision = spec->precision < 0 ? 6 : (size_t)spec->precision;
    const double number = value_is_number(value) ? value_number(value) : 0;
    const bool special = value_is_number(value) && !number_is_finite(number);
    char type = spec->type;
    if (type == 0 && value->kind == VALUE_INT) {
        type = 'd';
    } else if (type == 0 && value->kind == VALUE_FLOAT && spec->precision >= 0) {
        type = 'g';
    }
    if (type && type != 's' && type != 'c' && type != 'r' && !value_is_number(value)) {
        return value->kind == VALUE_UNDEFINED
                   ? fail_undefined(heap, value)
                   : WRONG(heap, "format %.*s: a number is required, not %s", 1, &type, value_type(value));
    }
    switch (type) {
    case 0:
    case 's':
        buffer_print(&buffer, value);
        break;
    case 'r':
        buffer_repr(&buffer, value);
        break;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
    case 'b':
        if (value->kind == VALUE_FLOAT && !(number > -9e18 && number < 9e18)) {
            return WRONG(heap, "format: the number does not fit 64 bits");
        }
        add_integer(&buffer, value->kind == VALUE_FLOAT ? (int64_t)number : value->integer, spec, untrusted);
        break;
    case 'f':
    case 'F':
    case '%':
        buffer_fixed(&buffer, type == '%' ? number * 100 : number, precision, untrusted);
        buffer_text(&buffer, type == '%' ? "%" : "", untrusted);
        break;
    case 'e':
    case 'E':
        buffer_exponent(&buffer, number, precision, type, untrusted);
        break;
    case 'g':
    case 'G':
        buffer_general(&buffer, number, precision, untrusted);
        if (spec->type == 0 && !special && buffer.text && number == number_floor(number) && number < 1e16) {
            bool plain = true;
            for (size_t i = 0; i < buffer.bytes; i++) {
                plain &= buffer.text[i] != 'e';
            }
            buffer_text(&buffer, plain ? ".0" : "", untrusted); /* a float without type looks like one */
        }
        break;
    case 'c':
        if (value->kind == VALUE_INT && value->integer >= 0 && value->integer <= 0x10ffff) {
            uint8_t text[4];
            buffer_add(&buffer, (const char *)text, utf8_write(text, (uint32_t)value->integer), untrusted);
        } else {
            buffer_print(&buffer, value);
        }
        break;
    default:
        return WRONG(heap, "unsupported format character '%.*s'", 1, &spec->type);
    }
    struct value *body = buffer_value(&buffer);
    if (body && spec->precision >= 0 && (type == 's' || type == 0 || type == 'r')) {
        return value_slice(heap, body, 0, string_offset(body, (size_t)spec->precision));
    }
    return body;
}

/* The digits [from, to) of the body with a separator between thousands. */
static void add_grouped(struct buffer *buffer, const struct value *body, size_t from, size_t to, char group) {
    for (size_t at = from; at < to; at++) {
        if (at > from && (to - at) % 3 == 0) {
            buffer_fill(buffer, group, 1, body->untrusted);
        }
        buffer_slice(buffer, body, at, at + 1);
    }
}

static void add_fill(struct buffer *buffer, const struct spec *spec, int64_t count, char otherwise) {
    if (spec->fill == NULL) {
        buffer_fill(buffer, otherwise, count > 0 ? (size_t)count : 0, spec->untrusted);
        return;
    }
    for (int64_t i = 0; i < count && heap_step(buffer->heap, 1); i++) {
        buffer_string(buffer, spec->fill);
    }
}

static void add_formatted(struct interp *interp, struct buffer *buffer, struct value *value, const struct spec *spec) {
    const struct value *body = body_of(interp, value, spec);
    if (body == NULL) {
        return;
    }
    const bool number = value_is_number(value) && spec->type != 's' && spec->type != 'c' && spec->type != 'r' &&
                        (value->kind != VALUE_BOOL || spec->type);
    const bool negative = number && body->string.bytes && body->string.text[0] == '-';
    const char sign = negative ? '-' : number ? spec->sign : 0;
    size_t digits = negative; /* from there up to a point */
    while (digits < body->string.bytes && body->string.text[digits] >= '0' && body->string.text[digits] <= '9') {
        digits++;
    }
    const size_t groups = spec->group && digits > (size_t)negative ? (digits - negative - 1) / 3 : 0;
    const int64_t length = (int64_t)string_length(body) - negative + (sign != 0) + (int64_t)groups;
    const int64_t missing = spec->width - length;
    const bool zeros = spec->zero && number && spec->align == 0;
    const char align = spec->align ? spec->align : zeros ? '=' : '>';
    if (align == '>' || align == '^') {
        add_fill(buffer, spec, align == '^' ? missing / 2 : missing, ' ');
    }
    if (sign) {
        buffer_fill(buffer, sign, 1, value->untrusted);
    }
    if (align == '=') {
        add_fill(buffer, spec, missing, zeros || spec->zero ? '0' : ' ');
    }
    if (groups) {
        add_grouped(buffer, body, negative, digits, spec->group);
        buffer_slice(buffer, body, digits, body->string.bytes);
    } else {
        buffer_slice(buffer, body, negative, body->string.bytes);
    }
    if (align == '<' || align == '^') {
        add_fill(buffer, spec, align == '^' ? missing - missing / 2 : missing, ' ');
    }
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

static bool untrusted_at(const struct value *string, size_t at) {
    return string->string.mask && at < string->string.bytes ? string->string.mask[at] : string->untrusted;
}

/* A number of at most nine digits, or -1 when there is none. */
static int64_t read_count(struct reader *reader) {
    int64_t count = -1;
    while (peek(reader) >= '0' && peek(reader) <= '9') {
        const int64_t so_far = count < 0 ? 0 : count;
        count = so_far > 100000000 ? so_far : so_far * 10 + (peek(reader) - '0');
        reader->at++;
    }
    return count;
}

/* ---- % ---- */

struct values {
    struct value *all;
    size_t used;
};

static struct value *next_value(struct heap *heap, struct values *values) {
    if (values->all->kind != VALUE_TUPLE) {
        return values->used++ == 0 ? values->all : WRONG(heap, "not enough arguments for format string");
    }
    return values->used < values->all->list.count ? values->all->list.items[values->used++]
                                                  : WRONG(heap, "not enough arguments for format string");
}

/* After the % sign. */
static bool format_one(struct interp *interp, struct buffer *buffer, struct reader *reader, struct values *values) {
    struct heap *heap = &interp->heap;
    struct spec spec = {.precision = -1, .untrusted = untrusted_at(reader->string, reader->at)};
    struct value *value = NULL;
    if (take(reader, '(')) {
        const size_t from = reader->at;
        while (reader->at < reader->string->string.bytes && peek(reader) != ')') {
            reader->at++;
        }
        struct value *key = value_slice(heap, reader->string, from, reader->at);
        if (!take(reader, ')') || values->all->kind != VALUE_DICT) {
            return WRONG(heap, "format requires a mapping");
        }
        value = key ? dict_get(heap, values->all, key) : NULL;
        if (value == NULL) {
            return WRONG(heap, "the format names a key that is not there");
        }
    }
    for (bool flags = true; flags;) {
        if (take(reader, '-')) {
            spec.align = '<';
        } else if (take(reader, '+')) {
            spec.sign = '+';
        } else if (take(reader, ' ')) {
            spec.sign = spec.sign ? spec.sign : ' ';
        } else if (take(reader, '#')) {
            spec.alternate = true;
        } else if (take(reader, '0')) {
            spec.zero = true;
        } else {
            flags = false;
        }
    }
    if (take(reader, '*')) {
        const struct value *width = next_value(heap, values);
        spec.width = width ? argument_int(interp, width, 0) : 0;
        if (spec.width < 0) {
            spec.align = '<';
            spec.width = spec.width > -(int64_t)STRING_LIMIT ? -spec.width : (int64_t)STRING_LIMIT;
        }
    } else {
        spec.width = read_count(reader);
    }
    if (take(reader, '.')) {
        spec.precision = read_count(reader);
        spec.precision = spec.precision < 0 ? 0 : spec.precision;
    }
    spec.type = peek(reader);
    reader->at++;
    if (spec.type == '%') {
        buffer_fill(buffer, '%', 1, spec.untrusted);
        return true;
    }
    if (spec.type == '\0' || spec.type == 'b') {
        return WRONG(heap, "unsupported or incomplete format");
    }
    value = value ? value : next_value(heap, values);
    if (value) {
        add_formatted(interp, buffer, value, &spec);
    }
    return !heap->failed;
}

struct value *format_percent(struct interp *interp, const struct value *format, struct value *all) {
    struct heap *heap = &interp->heap;
    struct buffer buffer = {.heap = heap};
    struct reader reader = {format, 0};
    struct values values = {all, 0};
    while (reader.at < format->string.bytes && heap_step(heap, 1)) {
        const size_t found = text_find(heap, format->string.text, format->string.bytes, reader.at, "%", 1);
        buffer_slice(&buffer, format, reader.at, found == SIZE_MAX ? format->string.bytes : found);
        if (found == SIZE_MAX) {
            break;
        }
        reader.at = found + 1;
        if (!format_one(interp, &buffer, &reader, &values)) {
            return NULL;
        }
    }
    const bool left = all->kind == VALUE_TUPLE ? values.used < all->list.count
                                               : values.used == 0 && all->kind != VALUE_DICT && all->kind != VALUE_LIST;
    return left ? WRONG(heap, "not all arguments converted during string formatting") : buffer_value(&buffer);
}

/* ---- {} ---- */

static bool is_align(char byte) { return byte == '<' || byte == '>' || byte == '^' || byte == '='; }

static void read_spec(struct heap *heap, struct reader *reader, struct spec *spec) {
    const struct value *string = reader->string;
    const size_t bytes = string->string.bytes;
    uint32_t code;
    const size_t width = reader->at < bytes
                             ? utf8_read((const uint8_t *)string->string.text + reader->at, bytes - reader->at, &code)
                             : 0;
    if (width && reader->at + width < bytes && is_align(string->string.text[reader->at + width])) {
        spec->fill = value_slice(heap, string, reader->at, reader->at + width);
        reader->at += width;
    }
    if (is_align(peek(reader))) {
        spec->align = peek(reader);
        reader->at++;
    }
    if (peek(reader) == '+' || peek(reader) == ' ' || peek(reader) == '-') {
        spec->sign = peek(reader) == '-' ? '\0' : peek(reader);
        reader->at++;
    }
    spec->alternate = take(reader, '#');
    spec->zero = take(reader, '0');
    spec->width = read_count(reader);
    if (peek(reader) == ',' || peek(reader) == '_') {
        spec->group = peek(reader);
        reader->at++;
    }
    if (take(reader, '.')) {
        spec->precision = read_count(reader);
    }
    if (peek(reader) != '}') {
        spec->type = peek(reader);
        reader->at++;
    }
}

/* The field's value: a number or name of an argument, then .names and [keys]. */
static struct value *read_field(struct interp *interp, struct reader *reader, const struct call *call, size_t *next) {
    struct heap *heap = &interp->heap;
    const struct value *string = reader->string;
    struct value *value = NULL;
    char mark = 0; /* what introduced the part */
    for (;;) {
        const size_t from = reader->at;
        while (reader->at < string->string.bytes && peek(reader) != '}' && peek(reader) != ':' && peek(reader) != '!' &&
               peek(reader) != '[' && (peek(reader) != '.' || mark == '[') && peek(reader) != ']') {
            reader->at++;
        }
        struct value *name = value_slice(heap, string, from, reader->at);
        uint64_t index;
        const bool number = name && integer_read(name->string.text, name->string.bytes, 10, &index);
        if (name == NULL) {
            return NULL;
        }
        if (mark == 0 && (number || name->string.bytes == 0)) {
            index = number ? index : (*next)++;
            value = index < call->positional->list.count ? call->positional->list.items[index] : NULL;
        } else if (mark == 0) {
            value = call->named ? dict_get(heap, call->named, name) : NULL;
        } else if (mark == '.') {
            value = attribute_of(interp, value, name);
        } else {
            struct value *key = number && index <= INT64_MAX ? value_int(heap, (int64_t)index) : name;
            value = key && take(reader, ']') ? item_of(interp, value, key) : NULL;
        }
        if (value == NULL) {
            return WRONG(heap, "format: no argument for a field");
        }
        mark = peek(reader);
        if ((mark != '.' && mark != '[') || !heap_step(heap, 1)) {
            return value;
        }
        reader->at++;
    }
}

/* After the {. */
static bool format_field(struct interp *interp, struct buffer *buffer, struct reader *reader, const struct call *call,
                         size_t *next) {
    struct heap *heap = &interp->heap;
    struct spec spec = {.precision = -1, .untrusted = untrusted_at(reader->string, reader->at)};
    struct value *value = read_field(interp, reader, call, next);
    if (value == NULL) {
        return false;
    }
    if (take(reader, '!')) {
        const bool repr = take(reader, 'r');
        struct buffer text = {.heap = heap};
        if (!repr && !take(reader, 's')) {
            return WRONG(heap, "format: unknown conversion");
        }
        (repr ? buffer_repr : buffer_print)(&text, value);
        value = buffer_value(&text);
    }
    if (take(reader, ':')) {
        read_spec(heap, reader, &spec);
    }
    if (!take(reader, '}')) {
        return WRONG(heap, "format: '}' expected");
    }
    if (value && spec.align == 0 && !value_is_number(value)) {
        spec.align = '<';
    }
    if (value) {
        add_formatted(interp, buffer, value, &spec);
    }
    return !heap->failed;
}

struct value *format_braces(struct interp *interp, const struct value *format, const struct call *call) {
    struct heap *heap = &interp->heap;
    struct buffer buffer = {.heap = heap};
    struct reader reader = {format, 0};
    size_t next = 0;
    while (reader.at < format->string.bytes && heap_step(heap, 1)) {
        const size_t from = reader.at;
        while (reader.at < format->string.bytes && peek(&reader) != '{' && peek(&reader) != '}') {
            reader.at++;
        }
        buffer_slice(&buffer, format, from, reader.at);
        if (reader.at == format->string.bytes) {
            break;
        }
        const char brace = peek(&reader);
        reader.at++;
        if (peek(&reader) == brace && reader.at < format->string.bytes) {
            buffer_slice(&buffer, format, reader.at, reader.at + 1);
            reader.at++;
        } else if (brace == '}') {
            return WRONG(heap, "Single '}' encountered in format string");
        } else if (!format_field(interp, &buffer, &reader, call, &next)) {
            return NULL;
        }
    }
    return buffer_value(&buffer);
}
