/* Writing of JSON. */
#include "engine/text/json/json_write.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"

struct writer {
    struct buffer *buffer;
    const struct json_style *style;
    uint32_t level;
};

static void write_unit(struct buffer *buffer, uint32_t unit, bool untrusted) {
    buffer_text(buffer, "\\u", untrusted);
    for (int shift = 12; shift >= 0; shift -= 4) {
        static const char hex[] = "0123456789abcdef";
        buffer_put(buffer, hex[unit >> shift & 15], untrusted);
    }
}

static void write_escape(struct buffer *buffer, uint32_t code, bool untrusted) {
    static const char codes[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    for (size_t i = 0; codes[i]; i++) {
        if (code == (uint8_t)codes[i]) {
            buffer_put(buffer, '\\', untrusted);
            buffer_put(buffer, letters[i], untrusted);
            return;
        }
    }
    if (code >= 0x10000) {
        write_unit(buffer, 0xd800 + ((code - 0x10000) >> 10), untrusted);
        code = 0xdc00 + (code & 0x3ff);
    }
    write_unit(buffer, code, untrusted);
}

static void write_string(const struct writer *writer, const struct value *string) {
    struct buffer *buffer = writer->buffer;
    buffer_put(buffer, '"', string->untrusted);
    size_t from = 0;
    size_t at = 0;
    while (at < string->string.bytes && !buffer->box->failed) {
        const uint32_t next = string_char(string, at);
        const uint32_t code = CHAR_CODE(next);
        const size_t bytes = CHAR_BYTES(next);
        if (code < 32 || code == '"' || code == '\\' || (code >= 127 && writer->style->ascii)) {
            buffer_slice(buffer, string, from, at);
            write_escape(buffer, code, untrusted_at(string, at));
            from = at + bytes;
        }
        at += bytes;
    }
    buffer_slice(buffer, string, from, at);
    buffer_put(buffer, '"', string->untrusted);
}

static void write_newline(const struct writer *writer, bool untrusted) {
    const struct value *indent = writer->style->indent;
    if (indent == NULL) {
        return;
    }
    buffer_put(writer->buffer, '\n', untrusted);
    for (uint32_t i = 0; i < writer->level; i++) {
        if (indent->kind == VALUE_STRING) {
            buffer_string(writer->buffer, indent);
        } else if (indent->integer > 0) {
            buffer_fill(writer->buffer, ' ', (size_t)(indent->integer < 100000 ? indent->integer : 100000), untrusted);
        }
    }
}

static void separate(const struct writer *writer, const struct value *separator, const char *other, bool untrusted) {
    if (separator) {
        buffer_string(writer->buffer, separator);
    } else {
        buffer_text(writer->buffer, other, untrusted);
    }
}

static void write_value(struct writer *writer, const struct value *value);

/* JSON keys are strings: numbers, booleans and None are quoted. */
static void write_key(struct writer *writer, const struct value *key) {
    const bool plain = value_is(key, NUMBERS | KIND(NONE));
    if (!plain && key->kind != VALUE_STRING) {
        value_fail_type(writer->buffer->box, "a JSON key cannot be a '%.*s'", key);
    }
    buffer_text(writer->buffer, plain ? "\"" : "", key->untrusted);
    write_value(writer, key);
    buffer_text(writer->buffer, plain ? "\"" : "", key->untrusted);
}

/* Returns the entries sorted by key, with a binary insertion sort. Fails for keys that have no order, such as a string
 * and a number. */
static struct entry *sorted_entries(struct sandbox *box, const struct value *dict) {
    struct entry *entries = sandbox_take(box, dict->dict.count, sizeof(*entries));
    for (size_t i = 0; i < dict->dict.count && !box->failed; i++) {
        size_t low = 0;
        size_t high = i;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (value_compare(box, entries[middle].key, dict->dict.entries[i].key) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        sandbox_step(box, 1 + (i - low) / 32);
        memmove(entries + low + 1, entries + low, (i - low) * sizeof(*entries));
        entries[low] = dict->dict.entries[i];
    }
    return entries;
}

static void write_items(struct writer *writer, const struct value *value) {
    const bool dict = value->kind == VALUE_DICT;
    const bool untrusted = value->untrusted;
    const struct json_style *style = writer->style;
    struct sandbox *box = writer->buffer->box;
    const size_t count = value->list.count; /* also of a dict */
    const struct entry *entries = dict && style->sorted && count ? sorted_entries(box, value) : value->dict.entries;
    buffer_text(writer->buffer, dict ? "{" : "[", untrusted);
    writer->level++;
    for (size_t i = 0; i < count && !box->failed; i++) {
        if (i) {
            separate(writer, style->between, style->indent ? "," : ", ", untrusted);
        }
        write_newline(writer, untrusted);
        if (dict) {
            write_key(writer, entries[i].key);
            separate(writer, style->after_key, ": ", untrusted);
        }
        write_value(writer, dict ? entries[i].value : value->list.items[i]);
    }
    writer->level--;
    if (count) {
        write_newline(writer, untrusted);
    }
    buffer_text(writer->buffer, dict ? "}" : "]", untrusted);
}

static void write_value(struct writer *writer, const struct value *value) {
    struct buffer *buffer = writer->buffer;
    const char *word = NULL;
    switch (value->kind) {
    case VALUE_NONE:
        word = "null";
        break;
    case VALUE_BOOL:
        word = value->integer ? "true" : "false";
        break;
    case VALUE_FLOAT:
        if (!number_is_finite(value->real.number) && !value->real.digits) {
            word = value->real.number < 0 ? "-Infinity" : "NaN";
            word = value->real.number > 0 ? "Infinity" : word;
            break;
        }
        buffer_print(buffer, value);
        return;
    case VALUE_INT:
        buffer_print(buffer, value);
        return;
    case VALUE_STRING:
        write_string(writer, value);
        return;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
        if (sandbox_enter(buffer->box)) {
            write_items(writer, value);
        }
        buffer->box->depth--;
        return;
    default:
        value_fail_type(buffer->box, "a value of type '%.*s' cannot be written as JSON", value);
        return;
    }
    buffer_text(buffer, word, value->untrusted);
}

void json_write(struct buffer *buffer, const struct value *value, const struct json_style *style) {
    struct writer writer = {buffer, style, 0};
    write_value(&writer, value);
}
