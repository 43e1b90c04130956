/* Text under construction, with the provenance of each byte, and the printing of values. */
#include "engine/text/unicode.h"
#include "engine/text/value.h"

/* Room for `bytes` more. */
static bool reserve(struct buffer *buffer, size_t bytes) {
    struct heap *heap = buffer->heap;
    if (heap->failed) {
        return false;
    }
    if (bytes > STRING_LIMIT - buffer->bytes) { /* bytes in use never pass the limit */
        FAIL(heap, QN_ERR_LIMIT, "a text of more than %zu bytes", STRING_LIMIT);
        return false;
    }
    if (!heap_step(heap, bytes / 64)) {
        return false;
    }
    const size_t needed = buffer->bytes + bytes;
    if (needed <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 64;
    capacity = capacity < needed ? needed : capacity;
    char *text = heap_take(heap, capacity);
    uint8_t *mask = buffer->mask ? heap_take(heap, capacity) : NULL;
    if (heap->failed) {
        return false;
    }
    memcpy(text, buffer->text ? buffer->text : text, buffer->bytes);
    if (mask) {
        memcpy(mask, buffer->mask, buffer->bytes);
    }
    buffer->text = text;
    buffer->mask = mask;
    buffer->capacity = capacity;
    return true;
}

/* Room for `bytes` more of that provenance; false after a failure. The mask is written, the text is not. */
static bool add_provenance(struct buffer *buffer, size_t bytes, bool untrusted) {
    if (!reserve(buffer, bytes)) {
        return false;
    }
    if (buffer->bytes == 0 && buffer->mask == NULL) {
        buffer->untrusted = untrusted;
    } else if (buffer->mask == NULL && buffer->untrusted != untrusted) {
        buffer->mask = heap_take(buffer->heap, buffer->capacity);
        if (buffer->mask == NULL) {
            return false;
        }
        memset(buffer->mask, buffer->untrusted, buffer->bytes);
    }
    if (buffer->mask) {
        memset(buffer->mask + buffer->bytes, untrusted, bytes);
    }
    return true;
}

void buffer_add(struct buffer *buffer, const char *text, size_t bytes, bool untrusted) {
    if (bytes && add_provenance(buffer, bytes, untrusted)) {
        memcpy(buffer->text + buffer->bytes, text, bytes);
        buffer->bytes += bytes;
    }
}

void buffer_fill(struct buffer *buffer, char byte, size_t count, bool untrusted) {
    if (count && add_provenance(buffer, count, untrusted)) {
        memset(buffer->text + buffer->bytes, byte, count);
        buffer->bytes += count;
    }
}

void buffer_text(struct buffer *buffer, const char *literal, bool untrusted) {
    buffer_add(buffer, literal, strlen(literal), untrusted);
}

void buffer_slice(struct buffer *buffer, const struct value *string, size_t from, size_t to) {
    const uint8_t *mask = string->string.mask;
    if (mask == NULL) {
        buffer_add(buffer, string->string.text + from, to - from, string->untrusted);
        return;
    }
    while (from < to) { /* run by run */
        size_t end = from + 1;
        while (end < to && mask[end] == mask[from]) {
            end++;
        }
        buffer_add(buffer, string->string.text + from, end - from, mask[from]);
        from = end;
    }
}

void buffer_string(struct buffer *buffer, const struct value *string) {
    buffer_slice(buffer, string, 0, string->string.bytes);
}

struct value *buffer_value(struct buffer *buffer) {
    struct value *value =
        buffer->heap->failed ? NULL : value_text(buffer->heap, buffer->text ? buffer->text : "", buffer->bytes);
    if (value) {
        value->untrusted = buffer->untrusted;
        value->string.mask = buffer->mask;
    }
    return value;
}

static void repr_string(struct buffer *buffer, const struct value *string) {
    const uint8_t *text = (const uint8_t *)string->string.text;
    const uint8_t *mask = string->string.mask;
    bool single = false;
    bool twofold = false;
    for (size_t i = 0; i < string->string.bytes; i++) {
        single |= text[i] == '\'';
        twofold |= text[i] == '"';
    }
    const char quote = single && !twofold ? '"' : '\'';
    buffer_fill(buffer, quote, 1, string->untrusted);
    uint32_t code;
    for (size_t at = 0; at < string->string.bytes && !buffer->heap->failed;) {
        const size_t bytes = utf8_read(text + at, string->string.bytes - at, &code);
        const bool untrusted = mask ? mask[at] : string->untrusted;
        static const char hex[] = "0123456789abcdef";
        if (code == (uint8_t)quote || code == '\\' || code == '\n' || code == '\r' || code == '\t') {
            buffer_fill(buffer, '\\', 1, untrusted);
            buffer_fill(buffer,
                        code == '\n'   ? 'n'
                        : code == '\r' ? 'r'
                        : code == '\t' ? 't'
                                       : (char)code,
                        1, untrusted);
        } else if (code < 32 || (code >= 127 && code < 161) || code == 173) {
            const char escaped[4] = {'\\', 'x', hex[code >> 4], hex[code & 15]};
            buffer_add(buffer, escaped, 4, untrusted);
        } else {
            buffer_add(buffer, (const char *)text + at, bytes, untrusted);
        }
        at += bytes;
    }
    buffer_fill(buffer, quote, 1, string->untrusted);
}

static void print_list(struct buffer *buffer, const struct value *value) {
    const bool tuple = value->kind == VALUE_TUPLE;
    buffer_text(buffer, tuple ? "(" : "[", value->untrusted);
    for (size_t i = 0; i < value->list.count && !buffer->heap->failed; i++) {
        buffer_text(buffer, i ? ", " : "", value->untrusted);
        buffer_repr(buffer, value->list.items[i]);
    }
    buffer_text(buffer, !tuple ? "]" : value->list.count == 1 ? ",)" : ")", value->untrusted);
}

static void print_dict(struct buffer *buffer, const struct value *value) {
    buffer_text(buffer, "{", value->untrusted);
    for (size_t i = 0; i < value->dict.count && !buffer->heap->failed; i++) {
        buffer_text(buffer, i ? ", " : "", value->untrusted);
        buffer_repr(buffer, value->dict.entries[i].key);
        buffer_text(buffer, ": ", value->untrusted);
        buffer_repr(buffer, value->dict.entries[i].value);
    }
    buffer_text(buffer, "}", value->untrusted);
}

static void print(struct buffer *buffer, const struct value *value, bool repr) {
    const bool untrusted = value->untrusted;
    char number[NUMBER_TEXT];
    switch (value->kind) {
    case VALUE_UNDEFINED:
        buffer_text(buffer, repr ? "Undefined" : "", untrusted);
        break;
    case VALUE_NONE:
        buffer_text(buffer, "None", untrusted);
        break;
    case VALUE_BOOL:
        buffer_text(buffer, value->integer ? "True" : "False", untrusted);
        break;
    case VALUE_INT:
        buffer_add(buffer, number, integer_print(value->integer, number), untrusted);
        break;
    case VALUE_FLOAT:
        if (value->real.digits) {
            buffer_add(buffer, value->real.digits, value->real.digits_bytes, untrusted);
        } else {
            buffer_add(buffer, number, number_print(value->real.number, number), untrusted);
        }
        break;
    case VALUE_STRING:
        (repr ? repr_string : buffer_string)(buffer, value);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
    case VALUE_NAMESPACE:
        if (heap_enter(buffer->heap)) {
            buffer_text(buffer, value->kind == VALUE_NAMESPACE ? "<Namespace " : "", false);
            (value->kind == VALUE_LIST || value->kind == VALUE_TUPLE ? print_list : print_dict)(buffer, value);
            buffer_text(buffer, value->kind == VALUE_NAMESPACE ? ">" : "", false);
        }
        buffer->heap->depth--;
        break;
    default: /* Python prints an address */
        buffer_text(buffer, "<", untrusted);
        buffer_text(buffer, value_type(value), untrusted);
        buffer_text(buffer, ">", untrusted);
    }
}

void buffer_print(struct buffer *buffer, const struct value *value) { print(buffer, value, false); }

void buffer_repr(struct buffer *buffer, const struct value *value) { print(buffer, value, true); }

struct value *value_string(struct heap *heap, struct value *value) {
    if (value == NULL || value->kind == VALUE_STRING) {
        return value;
    }
    struct buffer buffer = {.heap = heap};
    print(&buffer, value, false);
    return buffer_value(&buffer);
}
