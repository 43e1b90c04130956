#include "engine/text/json.h"

#include "engine/text/unicode.h"

struct writer {
    struct buffer *buffer;
    const struct json_style *style;
    uint32_t level;
};

static void write_escape(struct buffer *buffer, uint32_t code, bool untrusted) {
    static const char hex[] = "0123456789abcdef";
    static const char *const names = "\b\t\n\f\r\"\\";
    static const char *const letters = "btnfr\"\\";
    for (size_t i = 0; names[i]; i++) {
        if (code == (uint8_t)names[i]) {
            const char named[2] = {'\\', letters[i]};
            buffer_add(buffer, named, 2, untrusted);
            return;
        }
    }
    if (code >= 0x10000) {
        write_escape(buffer, 0xd800 + ((code - 0x10000) >> 10), untrusted);
        code = 0xdc00 + (code & 0x3ff);
    }
    const char text[6] = {'\\', 'u', hex[code >> 12], hex[code >> 8 & 15], hex[code >> 4 & 15], hex[code & 15]};
    buffer_add(buffer, text, 6, untrusted);
}

static void write_string(const struct writer *writer, const struct value *string) {
    struct buffer *buffer = writer->buffer;
    const uint8_t *text = (const uint8_t *)string->string.text;
    const uint8_t *mask = string->string.mask;
    buffer_fill(buffer, '"', 1, string->untrusted);
    size_t from = 0;
    size_t at = 0;
    while (at < string->string.bytes && !buffer->heap->failed) {
        uint32_t code = text[at];
        const size_t bytes = code < 0x80 ? 1 : utf8_read(text + at, string->string.bytes - at, &code);
        if (code < 32 || code == '"' || code == '\\' || (code >= 127 && writer->style->ascii)) {
            buffer_slice(buffer, string, from, at);
            write_escape(buffer, code, mask ? mask[at] : string->untrusted);
            from = at + bytes;
        }
        at += bytes;
    }
    buffer_slice(buffer, string, from, at);
    buffer_fill(buffer, '"', 1, string->untrusted);
}

static void write_line(const struct writer *writer, bool untrusted) {
    const struct value *indent = writer->style->indent;
    if (indent == NULL) {
        return;
    }
    buffer_fill(writer->buffer, '\n', 1, untrusted);
    if (indent->kind != VALUE_STRING) {
        const int64_t spaces = indent->integer < 0 ? 0 : indent->integer < 1000000 ? indent->integer : 1000000;
        buffer_fill(writer->buffer, ' ', (size_t)spaces * writer->level, untrusted);
        return;
    }
    for (uint32_t i = 0; i < writer->level; i++) {
        buffer_string(writer->buffer, indent);
    }
}

static void write_any(struct writer *writer, const struct value *value);

/* A key is a string in JSON, whatever it is here. */
static void write_key(struct writer *writer, const struct value *key) {
    if (key->kind == VALUE_STRING) {
        write_string(writer, key);
    } else if (key->kind == VALUE_NONE || value_is_number(key)) {
        buffer_fill(writer->buffer, '"', 1, key->untrusted);
        write_any(writer, key);
        buffer_fill(writer->buffer, '"', 1, key->untrusted);
    } else {
        WRONG(writer->buffer->heap, "keys must be str, int, float, bool or None, not %s", value_type(key));
    }
}

static void separate(const struct writer *writer, const struct value *separator, const char *other, bool untrusted) {
    if (separator) {
        buffer_string(writer->buffer, separator);
    } else {
        buffer_text(writer->buffer, other, untrusted);
    }
}

/* The entries ordered by their keys, which must be strings or numbers alike; an insertion by halves. */
static struct entry *sorted_entries(struct heap *heap, const struct value *dict) {
    struct entry *entries = arena_take_array(heap->arena, dict->dict.count, sizeof(*entries), 8);
    if (entries == NULL) {
        return FAIL(heap, QN_ERR_MEMORY, "no memory left to sort %zu keys", dict->dict.count);
    }
    for (size_t i = 0; i < dict->dict.count && !heap->failed; i++) {
        size_t low = 0;
        size_t high = i;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (value_compare(heap, entries[middle].key, dict->dict.entries[i].key, "<") <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        heap_step(heap, 1 + (i - low) / 32);
        memmove(entries + low + 1, entries + low, (i - low) * sizeof(*entries));
        entries[low] = dict->dict.entries[i];
    }
    return entries;
}

static void write_parts(struct writer *writer, const struct value *value) {
    const bool dict = value->kind == VALUE_DICT;
    const bool untrusted = value->untrusted;
    const struct json_style *style = writer->style;
    struct heap *heap = writer->buffer->heap;
    const size_t count = dict ? value->dict.count : value->list.count;
    const struct entry *entries = NULL;
    if (dict) {
        entries = style->sorted && count ? sorted_entries(heap, value) : value->dict.entries;
    }
    buffer_text(writer->buffer, dict ? "{" : "[", untrusted);
    writer->level++;
    for (size_t i = 0; i < count && !heap->failed; i++) {
        if (i) {
            separate(writer, style->between, style->indent ? "," : ", ", untrusted);
        }
        write_line(writer, untrusted);
        if (dict) {
            write_key(writer, entries[i].key);
            separate(writer, style->after_key, ": ", untrusted);
        }
        write_any(writer, dict ? entries[i].value : value->list.items[i]);
    }
    writer->level--;
    if (count) {
        write_line(writer, untrusted);
    }
    buffer_text(writer->buffer, dict ? "}" : "]", untrusted);
}

static void write_any(struct writer *writer, const struct value *value) {
    struct buffer *buffer = writer->buffer;
    switch (value->kind) {
    case VALUE_NONE:
        buffer_text(buffer, "null", value->untrusted);
        break;
    case VALUE_BOOL:
        buffer_text(buffer, value->integer ? "true" : "false", value->untrusted);
        break;
    case VALUE_FLOAT:
        if (!value->real.digits && !number_is_finite(value->real.number)) {
            const double number = value->real.number;
            buffer_text(buffer, number > 0 ? "Infinity" : number < 0 ? "-Infinity" : "NaN", value->untrusted);
            break;
        }
        buffer_print(buffer, value);
        break;
    case VALUE_INT:
        buffer_print(buffer, value);
        break;
    case VALUE_STRING:
        write_string(writer, value);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
        if (heap_enter(buffer->heap)) {
            write_parts(writer, value);
        }
        buffer->heap->depth--;
        break;
    default:
        WRONG(buffer->heap, "Object of type %s is not JSON serializable", value_type(value));
    }
}

void json_write(struct buffer *buffer, const struct value *value, const struct json_style *style) {
    struct writer writer = {buffer, style, 0};
    write_any(&writer, value);
}
