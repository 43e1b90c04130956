/* 'text {}'.format(values). */
#include "engine/text/template/format_braces.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"
#include "engine/text/template/evaluate.h"
#include "engine/text/template/format_spec.h"

static bool is_align(char byte) { return byte == '<' || byte == '>' || byte == '^' || byte == '='; }

/* Reads an optional fill character and alignment. */
static void read_align(struct sandbox *box, struct format_reader *reader, struct format_spec *spec) {
    const size_t width =
        reader->at < reader->string->string.bytes ? CHAR_BYTES(string_char(reader->string, reader->at)) : 0;
    const struct format_reader after = {reader->string, reader->at + width};
    if (width && is_align(format_peek(&after))) {
        spec->fill = value_slice(box, reader->string, reader->at, after.at);
        reader->at = after.at;
    }
    if (is_align(format_peek(reader))) {
        spec->align = format_peek(reader);
        reader->at++;
    }
}

/* Evaluates a field: the number or name of an argument, then any .names and [keys]. */
static struct value *read_field(struct sandbox *box, struct format_reader *reader, const struct call *call,
                                size_t *next) {
    struct value *value = NULL;
    char mark = 0; /* the character before the current part: . or [ */
    do {
        const size_t from = reader->at;
        for (char byte; byte = format_peek(reader), byte && byte != '}' && byte != ':' && byte != '!' && byte != '[' &&
                                                        byte != ']' && (byte != '.' || mark == '[');) {
            reader->at++;
        }
        struct value *name = value_slice(box, reader->string, from, reader->at);
        uint64_t index;
        const bool number = integer_read(name->string.text, name->string.bytes, 10, &index) && index <= INT32_MAX;
        if (mark == '[') {
            value = item_of(box, value, number ? value_int(box, (int64_t)index) : name);
            format_take(reader, ']');
        } else if (mark == '.') {
            value = attribute_of(box, value, name);
        } else if (number || name->string.bytes == 0) {
            index = number ? index : (*next)++;
            value = index < call->positional->list.count ? call->positional->list.items[index] : NULL;
        } else {
            value = dict_get(box, call->named, name);
        }
        mark = format_peek(reader);
        if (value == NULL) {
            return sandbox_fail(box, "format: no argument for a field");
        }
    } while ((format_take(reader, '.') || format_take(reader, '[')) && sandbox_step(box, 1));
    return value;
}

/* Formats the field after an opening brace. `next` is the number of the next unnumbered argument. */
static void format_field(struct sandbox *box, struct buffer *buffer, struct format_reader *reader,
                         const struct call *call, size_t *next) {
    struct format_spec spec = {.precision = -1, .untrusted = untrusted_at(reader->string, reader->at)};
    struct value *value = read_field(box, reader, call, next);
    if (format_take(reader, '!')) {
        struct buffer text;
        buffer_start(&text, box);
        (format_take(reader, 'r') ? buffer_repr : buffer_print)(&text, value);
        format_take(reader, 's');
        value = buffer_value(&text);
    }
    if (format_take(reader, ':')) {
        read_align(box, reader, &spec);
        format_spec_read(reader, &spec);
        spec.type = format_peek(reader) == '}' ? '\0' : format_peek(reader);
        reader->at += spec.type != 0;
    }
    if (!format_take(reader, '}')) {
        sandbox_fail(box, "format: expected '}'");
    }
    if (spec.align == 0 && !value_is(value, NUMBERS)) {
        spec.align = '<';
    }
    format_value(buffer, value, &spec);
}

struct value *format_braces(struct sandbox *box, const struct value *format, const struct call *call) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    struct format_reader reader = {format, 0};
    size_t next = 0;
    while (reader.at < format->string.bytes && sandbox_step(box, 1)) {
        const size_t from = reader.at;
        while (reader.at < format->string.bytes && format_peek(&reader) != '{' && format_peek(&reader) != '}') {
            reader.at++;
        }
        buffer_slice(&buffer, format, from, reader.at);
        const char brace = format_peek(&reader);
        if (reader.at++ >= format->string.bytes) {
            break;
        }
        if (format_take(&reader, brace)) {
            buffer_slice(&buffer, format, reader.at - 1, reader.at);
        } else if (brace == '{') {
            format_field(box, &buffer, &reader, call, &next);
        } else {
            sandbox_fail(box, "Single '}' encountered in format string");
        }
    }
    return buffer_value(&buffer);
}
