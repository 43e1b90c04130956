/* Printing of values as Python does it. */
#include "engine/text/json/value_print.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_string.h"

/* What follows the backslash of an escape; 0 if the character has none. */
static char escape_letter(uint32_t code, char quote) {
    switch (code) {
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return code == (uint8_t)quote || code == '\\' ? (char)code : '\0';
    }
}

static void repr_string(struct buffer *buffer, const struct value *string) {
    const char *text = string->string.text;
    const size_t count = string->string.bytes;
    bool single_quoted = false;
    bool double_quoted = false;
    for (size_t i = 0; i < count; i++) {
        single_quoted |= text[i] == '\'';
        double_quoted |= text[i] == '"';
    }
    const char quote = single_quoted && !double_quoted ? '"' : '\'';
    buffer_put(buffer, quote, string->untrusted);
    for (size_t at = 0; at < count && !buffer->box->failed;) {
        const uint32_t next = string_char(string, at);
        const uint32_t code = CHAR_CODE(next);
        const size_t bytes = CHAR_BYTES(next);
        const bool untrusted = untrusted_at(string, at);
        const char letter = escape_letter(code, quote);
        if (letter) {
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

static void print_items(struct buffer *buffer, const struct value *value) {
    const bool untrusted = value->untrusted;
    const bool list = value_is(value, LISTS);
    const char *brackets = list ? "[]" : "{}";
    if (value->kind == VALUE_TUPLE) {
        brackets = "()";
    }
    buffer_put(buffer, brackets[0], untrusted);
    for (size_t i = 0; i < value->list.count && !buffer->box->failed; i++) { /* also of a dict */
        buffer_text(buffer, i ? ", " : "", untrusted);
        if (!list) {
            print(buffer, value->dict.entries[i].key, true);
            buffer_text(buffer, ": ", untrusted);
        }
        print(buffer, list ? value->list.items[i] : value->dict.entries[i].value, true);
    }
    buffer_text(buffer, value->kind == VALUE_TUPLE && value->list.count == 1 ? "," : "", untrusted);
    buffer_put(buffer, brackets[1], untrusted);
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
        if (value->flags & FLAG_JSON && !repr) {
            sandbox_fail(buffer->box, "the arguments of a tool call are an object, which is printed like a text");
        }
        if (sandbox_enter(buffer->box)) {
            print_items(buffer, value);
        }
        buffer->box->depth--;
        break;
    default: /* Python also prints an address */
        buffer_text(buffer, value_type(value), untrusted);
    }
}

void buffer_print(struct buffer *buffer, const struct value *value) { print(buffer, value, false); }

void buffer_repr(struct buffer *buffer, const struct value *value) { print(buffer, value, true); }

struct value *value_string(struct sandbox *box, struct value *value) {
    if (value->kind == VALUE_STRING) {
        return value;
    }
    struct buffer buffer;
    buffer_start(&buffer, box);
    print(&buffer, value, false);
    return buffer_value(&buffer);
}
