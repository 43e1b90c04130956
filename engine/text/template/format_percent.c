/* 'text %s' % values. */
#include "engine/text/template/format_percent.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_string.h"
#include "engine/text/template/format_spec.h"

/* Formats the conversion after a % sign. `used` counts the values consumed. */
static void format_one(struct sandbox *box, struct buffer *buffer, struct format_reader *reader, struct value *all,
                       size_t *used) {
    const size_t bytes = reader->string->string.bytes;
    struct format_spec spec = {.precision = -1, .untrusted = untrusted_at(reader->string, reader->at)};
    struct value *value = NULL;
    if (format_take(reader, '(')) {
        const size_t from = reader->at;
        while (reader->at < bytes && format_peek(reader) != ')') {
            reader->at++;
        }
        value = all->kind == VALUE_DICT ? dict_get(box, all, value_slice(box, reader->string, from, reader->at)) : NULL;
        if (!format_take(reader, ')') || value == NULL) {
            sandbox_fail(box, "the format names an unknown key");
        }
    }
    format_spec_read(reader, &spec);
    spec.type = format_peek(reader);
    if (reader->at++ >= bytes) {
        sandbox_fail(box, "incomplete format");
    } else if (spec.type == '%') {
        buffer_put(buffer, '%', spec.untrusted);
    } else {
        const bool tuple = all->kind == VALUE_TUPLE;
        if (value == NULL && *used < (tuple ? all->list.count : 1)) {
            value = tuple ? all->list.items[*used] : all;
            ++*used;
        }
        if (value) {
            format_value(buffer, value, &spec);
        } else {
            sandbox_fail(box, "not enough arguments for format string");
        }
    }
}

struct value *format_percent(struct sandbox *box, const struct value *format, struct value *all) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    struct format_reader reader = {format, 0};
    size_t used = 0;
    while (reader.at < format->string.bytes && sandbox_step(box, 1)) {
        const size_t from = reader.at;
        while (reader.at < format->string.bytes && format_peek(&reader) != '%') {
            reader.at++;
        }
        buffer_slice(&buffer, format, from, reader.at);
        if (format_take(&reader, '%')) {
            format_one(box, &buffer, &reader, all, &used);
        }
    }
    const size_t given = all->kind == VALUE_TUPLE ? all->list.count : !value_is(all, KIND(DICT) | KIND(LIST));
    return used < given ? sandbox_fail(box, "not all arguments converted during string formatting")
                        : buffer_value(&buffer);
}
