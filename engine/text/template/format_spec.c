/* Format specifications. */
#include "engine/text/template/format_spec.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"

/* Formats the value without padding and without a plus sign. */
static struct value *format_body(struct sandbox *box, struct value *value, const struct format_spec *spec) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    const char natural = value->kind == VALUE_FLOAT && spec->precision >= 0 ? 'g' : 's';
    const char type = spec->type ? spec->type : natural;
    const char small = (char)(type | 32);
    if (small == 's' || small == 'r') {
        (small == 'r' ? buffer_repr : buffer_print)(&buffer, value);
        struct value *body = buffer_value(&buffer);
        return spec->precision < 0 ? body : value_slice(box, body, 0, string_offset(body, (size_t)spec->precision));
    }
    if (value->kind == VALUE_UNDEFINED) {
        return value_fail_undefined(box, value);
    }
    if (!value_is(value, NUMBERS)) {
        return value_fail_type(box, "a number is required by the format, not '%.*s'", value);
    }
    const double real = value_number(value);
    if (small == 'f' || small == 'e' || small == 'g') {
        buffer_float(&buffer, real, small, spec->precision < 0 ? 6 : (size_t)spec->precision, value->untrusted);
    } else if (!(real > -9e18 && real < 9e18)) {
        sandbox_fail_limit(box, "a number does not fit the format");
    } else if (small == 'd' || small == 'i' || small == 'x') {
        const int64_t integer = value->kind == VALUE_FLOAT ? (int64_t)real : value->integer;
        uint64_t remaining = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
        const unsigned base = small == 'x' ? 16 : 10;
        char text[24];
        size_t at = sizeof(text);
        do {
            const unsigned digit = (unsigned)(remaining % base);
            text[--at] = (char)(digit < 10 ? '0' + digit : digit - 10 + (type == 'X' ? 'A' : 'a'));
            remaining /= base;
        } while (remaining);
        buffer_text(&buffer, integer < 0 ? "-" : "", value->untrusted);
        buffer_add(&buffer, text + at, sizeof(text) - at, value->untrusted);
    } else {
        sandbox_fail(box, "unsupported format character");
    }
    return buffer_value(&buffer);
}

static void add_fill(struct buffer *buffer, const struct format_spec *spec, ptrdiff_t count, char otherwise) {
    for (ptrdiff_t i = 0; i < count && sandbox_step(buffer->box, 1); i++) {
        if (spec->fill) {
            buffer_string(buffer, spec->fill);
        } else {
            buffer_put(buffer, otherwise, spec->untrusted);
        }
    }
}

void format_value(struct buffer *buffer, struct value *value, const struct format_spec *spec) {
    const struct value *body = format_body(buffer->box, value, spec);
    const bool number = value_is(value, KIND(INT) | KIND(FLOAT)) && spec->type != 's' && spec->type != 'r';
    const size_t negative = number && body->string.bytes && body->string.text[0] == '-';
    const char plus = number ? spec->sign : '\0';
    const char sign = negative ? '-' : plus;
    const ptrdiff_t missing = spec->width - (ptrdiff_t)(string_length(body) - negative + (sign != 0));
    const char natural = spec->zero && number ? '=' : '>';
    const char align = spec->align ? spec->align : natural;
    ptrdiff_t before = align == '<' || missing < 0 ? 0 : missing;
    before = align == '^' ? before / 2 : before;
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

char format_peek(const struct format_reader *reader) {
    return reader->at < reader->string->string.bytes ? reader->string->string.text[reader->at] : '\0';
}

bool format_take(struct format_reader *reader, char byte) {
    const bool there = format_peek(reader) == byte;
    reader->at += there;
    return there;
}

/* Reads a number, limited to 100000000, which is too wide in any case. -1 if there is none. */
static ptrdiff_t read_count(struct format_reader *reader) {
    ptrdiff_t count = -1;
    while (format_peek(reader) >= '0' && format_peek(reader) <= '9') {
        count = (count < 0 ? 0 : count) * 10 + (format_peek(reader) - '0');
        count = count < 100000000 ? count : 100000000;
        reader->at++;
    }
    return count;
}

/* Flags come in any order; both % and {} have them before the width. */
void format_spec_read(struct format_reader *reader, struct format_spec *spec) {
    for (bool flags = true; flags;) {
        const char next = format_peek(reader);
        const bool sign = next == '+' || next == ' ';
        spec->sign = sign && spec->sign != '+' ? next : spec->sign;
        spec->zero |= next == '0';
        flags = sign || next == '0' || next == '-';
        spec->align = next == '-' ? '<' : spec->align;
        reader->at += flags;
    }
    spec->width = read_count(reader);
    if (format_take(reader, '.')) {
        spec->precision = read_count(reader);
        spec->precision = spec->precision < 0 ? 0 : spec->precision;
    }
}
