/* Text under construction, with the provenance of each byte, and the printing of values. */
#include "engine/text/unicode.h"
#include "engine/text/value.h"

/* Makes room for `bytes` more of that provenance; false after a failure. The mask is written, the text is not. */
static bool extend(struct buffer *buffer, size_t bytes, bool untrusted) {
    struct interp *in = buffer->in;
    if (bytes > STRING_LIMIT - buffer->bytes) { /* bytes in use never pass the limit */
        fail_limit(in, "a text of more than 64 MiB");
    }
    if (bytes == 0 || !interp_step(in, bytes / 64)) {
        return false;
    }
    const size_t needed = buffer->bytes + bytes;
    const bool mixed = buffer->mask == NULL && buffer->bytes && buffer->untrusted != untrusted;
    const bool grows = needed > buffer->capacity;
    size_t capacity = buffer->capacity;
    if (grows) {
        capacity = capacity * 2 < needed ? (needed < 64 ? 64 : needed) : capacity * 2;
        char *text = interp_take(in, capacity, 1);
        if (text == NULL) {
            return false;
        }
        memcpy(text, buffer->bytes ? buffer->text : text, buffer->bytes);
        buffer->text = text;
        buffer->capacity = capacity;
    }
    if (mixed || (grows && buffer->mask)) {
        uint8_t *mask = interp_take(in, capacity, 1);
        if (mask == NULL) {
            return false;
        }
        if (mixed) {
            memset(mask, buffer->untrusted, buffer->bytes);
        } else {
            memcpy(mask, buffer->mask, buffer->bytes);
        }
        buffer->mask = mask;
    }
    if (buffer->mask) {
        memset(buffer->mask + buffer->bytes, untrusted, bytes);
    }
    buffer->untrusted = untrusted;
    buffer->bytes = needed;
    return true;
}

void buffer_start(struct buffer *buffer, struct interp *in) { *buffer = (struct buffer){.in = in}; }

void buffer_add(struct buffer *buffer, const char *text, size_t bytes, bool untrusted) {
    if (extend(buffer, bytes, untrusted)) {
        memcpy(buffer->text + buffer->bytes - bytes, text, bytes);
    }
}

void buffer_fill(struct buffer *buffer, char byte, size_t count, bool untrusted) {
    if (extend(buffer, count, untrusted)) {
        memset(buffer->text + buffer->bytes - count, byte, count);
    }
}

void buffer_put(struct buffer *buffer, char byte, bool untrusted) { buffer_fill(buffer, byte, 1, untrusted); }

void buffer_text(struct buffer *buffer, const char *literal, bool untrusted) {
    buffer_add(buffer, literal, strlen(literal), untrusted);
}

void buffer_code(struct buffer *buffer, uint32_t code, bool untrusted) {
    uint8_t text[4];
    buffer_add(buffer, (const char *)text, utf8_write(text, code > 0x10ffff ? REPLACEMENT : code), untrusted);
}

void buffer_slice(struct buffer *buffer, const struct value *string, size_t from, size_t to) {
    while (from < to) { /* run by run */
        const bool untrusted = untrusted_at(string, from);
        size_t end = string->string.mask ? from + 1 : to;
        while (end < to && string->string.mask[end] == untrusted) {
            end++;
        }
        buffer_add(buffer, string->string.text + from, end - from, untrusted);
        from = end;
    }
}

void buffer_string(struct buffer *buffer, const struct value *string) {
    buffer_slice(buffer, string, 0, string->string.bytes);
}

struct value *buffer_value(struct buffer *buffer) {
    struct value *value = value_text(buffer->in, buffer->text ? buffer->text : "", buffer->bytes);
    if (!buffer->in->failed) {
        value->untrusted = buffer->untrusted;
        value->string.mask = buffer->mask;
    }
    return value;
}

static void repr_string(struct buffer *buffer, const struct value *string) {
    const char *text = string->string.text;
    const size_t count = string->string.bytes;
    bool single = false;
    bool twofold = false;
    for (size_t i = 0; i < count; i++) {
        single |= text[i] == '\'';
        twofold |= text[i] == '"';
    }
    const char quote = single && !twofold ? '"' : '\'';
    buffer_put(buffer, quote, string->untrusted);
    for (size_t at = 0; at < count && !buffer->in->failed;) {
        const uint32_t next = string_char(string, at);
        const uint32_t code = CHAR_CODE(next);
        const size_t bytes = CHAR_BYTES(next);
        const bool untrusted = untrusted_at(string, at);
        const char letter = code == '\n' ? 'n' : code == '\r' ? 'r' : code == '\t' ? 't' : (char)code;
        if (letter != (char)code || code == (uint8_t)quote || code == '\\') {
            buffer_put(buffer, '\\', untrusted);
            buffer_put(buffer, letter, untrusted);
        } else if (code < 32 || (code >= 127 && code < 161) || code == 173) {
            static const char hex[] = "0123456789abcdef";
            buffer_text(buffer, "\\x", untrusted);
            buffer_put(buffer, hex[code >> 4], untrusted);
            buffer_put(buffer, hex[code & 15], untrusted);
        } else {
            buffer_slice(buffer, string, at, at + bytes);
        }
        at += bytes;
    }
    buffer_put(buffer, quote, string->untrusted);
}

static void print(struct buffer *buffer, const struct value *value, bool repr);

static void print_parts(struct buffer *buffer, const struct value *value) {
    const bool untrusted = value->untrusted;
    const bool list = value_is(value, LISTS);
    const bool tuple = value->kind == VALUE_TUPLE;
    buffer_text(buffer, tuple ? "(" : list ? "[" : "{", untrusted);
    for (size_t i = 0; i < value->list.count && !buffer->in->failed; i++) { /* a dict counts at the same place */
        buffer_text(buffer, i ? ", " : "", untrusted);
        if (!list) {
            print(buffer, value->dict.entries[i].key, true);
            buffer_text(buffer, ": ", untrusted);
        }
        print(buffer, list ? value->list.items[i] : value->dict.entries[i].value, true);
    }
    buffer_text(buffer, tuple ? (value->list.count == 1 ? ",)" : ")") : list ? "]" : "}", untrusted);
}

static void print(struct buffer *buffer, const struct value *value, bool repr) {
    const bool untrusted = value->untrusted;
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
        buffer_integer(buffer, value->integer, untrusted);
        break;
    case VALUE_FLOAT:
        if (value->real.digits) {
            buffer_add(buffer, value->real.digits, value->real.digits_bytes, untrusted);
        } else {
            buffer_float(buffer, value->real.number, 'r', 0, untrusted);
        }
        break;
    case VALUE_STRING:
        (repr ? repr_string : buffer_string)(buffer, value);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
    case VALUE_NAMESPACE:
        if (interp_enter(buffer->in)) {
            print_parts(buffer, value);
        }
        buffer->in->depth--;
        break;
    default: /* Python prints an address */
        buffer_text(buffer, value_type(value), untrusted);
    }
}

void buffer_print(struct buffer *buffer, const struct value *value) { print(buffer, value, false); }

void buffer_repr(struct buffer *buffer, const struct value *value) { print(buffer, value, true); }

struct value *value_string(struct interp *in, struct value *value) {
    if (value->kind == VALUE_STRING) {
        return value;
    }
    struct buffer buffer;
    buffer_start(&buffer, in);
    print(&buffer, value, false);
    return buffer_value(&buffer);
}
