/* Reading of JSON. */
#include "engine/text/json/json.h"

#include "engine/text/json/buffer.h"
#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/unicode/utf8.h"

struct reader {
    struct sandbox *box;
    const char *text; /* (bytes) */
    size_t bytes, at;
    int code;
    bool untrusted;
};

static struct value *fail(struct reader *reader, const char *text) {
    if (reader->code == QN_ERR_ARGUMENT) {
        reader->box->at = reader->at;
    }
    return sandbox_fail_with(reader->box, reader->code, "JSON: %.*s", text, strlen(text));
}

static char peek(const struct reader *reader) { return reader->at < reader->bytes ? reader->text[reader->at] : '\0'; }

static void skip_space(struct reader *reader) {
    char next;
    while (next = peek(reader), next == ' ' || next == '\n' || next == '\t' || next == '\r') {
        reader->at++;
    }
}

/* Skips white space, then `expected` (not 0) if it is next. Returns whether it was. */
static bool skip(struct reader *reader, char expected) {
    skip_space(reader);
    const bool there = peek(reader) == expected;
    reader->at += there;
    return there;
}

static bool skip_word(struct reader *reader, const char *word) {
    const size_t bytes = strlen(word);
    const bool there = reader->bytes - reader->at >= bytes && memcmp(reader->text + reader->at, word, bytes) == 0;
    reader->at += there ? bytes : 0;
    return there;
}

/* Reads u and four hexadecimal digits. UINT32_MAX if they are not there. */
static uint32_t read_hex(struct reader *reader) {
    uint64_t value;
    if (!skip_word(reader, "u") || reader->bytes - reader->at < 4 ||
        !integer_read(reader->text + reader->at, 4, 16, &value)) {
        return UINT32_MAX;
    }
    reader->at += 4;
    return (uint32_t)value;
}

/* Reads what follows a backslash. */
static void read_escape(struct reader *reader, struct buffer *buffer) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; names[i]; i++) {
        if (peek(reader) == names[i]) {
            reader->at++;
            buffer_put(buffer, meanings[i], reader->untrusted);
            return;
        }
    }
    uint32_t code = read_hex(reader);
    if (code == UINT32_MAX) {
        fail(reader, "an unknown escape");
    }
    if (code >> 10 == 0xd800 >> 10) {
        const size_t after = reader->at;
        const uint32_t low = skip_word(reader, "\\") ? read_hex(reader) : 0;
        if (low >> 10 == 0xdc00 >> 10) {
            code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
        } else {
            reader->at = after;
        }
    }
    buffer_code(buffer, code >> 11 == 0xd800 >> 11 ? REPLACEMENT : code, reader->untrusted);
}

static struct value *read_string(struct reader *reader) { /* after the opening quote */
    struct buffer buffer;
    buffer_start(&buffer, reader->box);
    const size_t first = reader->at;
    size_t from = first; /* of the bytes not copied yet */
    for (char next; next = peek(reader), next != '"' && !reader->box->failed;) {
        if ((uint8_t)next < 32) {
            return fail(reader, "a string is not closed, or contains a control character");
        }
        reader->at++;
        if (next == '\\') {
            buffer_add(&buffer, reader->text + from, reader->at - 1 - from, reader->untrusted);
            read_escape(reader, &buffer);
            from = reader->at;
        }
    }
    struct value *value;
    if (from == first) {
        value = value_text(reader->box, reader->text + from, reader->at - from);
    } else {
        buffer_add(&buffer, reader->text + from, reader->at - from, reader->untrusted);
        value = buffer_value(&buffer);
    }
    reader->at++;
    return value;
}

static size_t skip_digits(struct reader *reader) {
    const size_t from = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9') {
        reader->at++;
    }
    return reader->at - from;
}

static struct value *read_number(struct reader *reader) {
    const size_t from = reader->at;
    const bool negative = skip_word(reader, "-");
    const char *digits = reader->text + reader->at;
    const size_t whole = skip_digits(reader);
    bool good = whole == 1 || (whole && digits[0] != '0');
    bool integer = true;
    if (good && skip_word(reader, ".")) {
        integer = false;
        good = skip_digits(reader) != 0;
    }
    if (good && (peek(reader) | 32) == 'e') {
        reader->at++;
        integer = false;
        reader->at += peek(reader) == '-' || peek(reader) == '+';
        good = skip_digits(reader) != 0;
    }
    if (!good) {
        reader->at = from;
        return fail(reader, "expected a value");
    }
    uint64_t size;
    if (integer && integer_read(digits, whole, 10, &size) && size <= (uint64_t)INT64_MAX + negative) {
        return value_int(reader->box, (int64_t)(negative ? 0 - size : size));
    }
    double number;
    sandbox_step(reader->box, 20);
    number_read(digits, (size_t)(reader->text + reader->at - digits), &number);
    struct value *value = value_float(reader->box, negative ? -number : number);
    if (integer && !reader->box->failed) {
        value->real.digits = reader->text + from;
        value->real.digits_bytes = reader->at - from;
    }
    return value;
}

static struct value *read_value(struct reader *reader);

static bool is_untrusted_key(const struct value *key) {
    return value_is_text(key, "messages") || value_is_text(key, "tools") || value_is_text(key, "documents");
}

/* Reads the items of an array or the entries of an object, after the opening bracket. */
static struct value *read_items(struct reader *reader, enum value_kind kind, char end) {
    struct sandbox *box = reader->box;
    struct value *value = value_new(box, kind);
    const bool outer = reader->untrusted;
    if (skip(reader, end)) {
        return value;
    }
    do {
        if (kind == VALUE_LIST) {
            list_add(box, value, read_value(reader));
            continue;
        }
        if (!skip(reader, '"')) {
            return fail(reader, "expected a key");
        }
        struct value *key = read_string(reader);
        key->untrusted = outer;
        if (!skip(reader, ':')) {
            return fail(reader, "expected ':'");
        }
        reader->untrusted = outer || (reader->code == QN_ERR_ARGUMENT && box->depth == 1 && is_untrusted_key(key));
        dict_set(box, value, key, read_value(reader));
        reader->untrusted = outer;
    } while (!box->failed && skip(reader, ','));
    return skip(reader, end) ? value : fail(reader, end == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
}

static struct value *read_any_value(struct reader *reader) {
    if (skip(reader, '{')) {
        return read_items(reader, VALUE_DICT, '}');
    }
    if (skip(reader, '[')) {
        return read_items(reader, VALUE_LIST, ']');
    }
    if (skip(reader, '"')) {
        return read_string(reader);
    }
    const bool yes = skip_word(reader, "true");
    if (yes || skip_word(reader, "false")) {
        struct value *value = value_new(reader->box, VALUE_BOOL);
        if (!reader->box->failed) {
            value->integer = yes;
        }
        return value;
    }
    return skip_word(reader, "null") ? value_new(reader->box, VALUE_NONE) : read_number(reader);
}

static struct value *read_value(struct reader *reader) {
    struct sandbox *box = reader->box;
    struct value *value = &box->scrap;
    if (box->depth >= DEPTH_LIMIT) {
        fail(reader, "nested too deeply");
    }
    if (sandbox_enter(box)) {
        value = read_any_value(reader);
        value->untrusted = reader->untrusted;
    }
    box->depth--;
    return value;
}

struct value *json_read(struct sandbox *box, const char *text, size_t bytes, bool untrusted, int code) {
    struct reader reader = {box, text, bytes, 0, code, untrusted};
    struct value *value = read_value(&reader);
    skip_space(&reader);
    return reader.at < bytes ? fail(&reader, "unexpected text after the value") : value;
}
