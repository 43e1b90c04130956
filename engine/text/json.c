#include "engine/text/json.h"

#include "engine/text/unicode.h"

struct reader {
    struct heap *heap;
    const char *text; /* (bytes) */
    size_t bytes, at;
    int code;
    bool untrusted;
};

static struct value *wrong(struct reader *reader, const char *what) {
    if (reader->code == QN_ERR_ARGUMENT) {
        reader->heap->at = reader->at;
    }
    return FAIL(reader->heap, reader->code, "JSON: %s at byte %zu", what, reader->at);
}

static char peek(const struct reader *reader) { return reader->at < reader->bytes ? reader->text[reader->at] : '\0'; }

static char skip_space(struct reader *reader) {
    for (;; reader->at++) {
        const char next = peek(reader);
        if (next != ' ' && next != '\n' && next != '\t' && next != '\r') {
            return next;
        }
    }
}

static bool skip(struct reader *reader, char expected) {
    const bool there = skip_space(reader) == expected && reader->at < reader->bytes;
    reader->at += there;
    return there;
}

static bool skip_word(struct reader *reader, const char *word) {
    const size_t bytes = strlen(word);
    if (reader->bytes - reader->at < bytes || memcmp(reader->text + reader->at, word, bytes) != 0) {
        return false;
    }
    reader->at += bytes;
    return true;
}

/* The four digits after \u; false when they are not. */
static bool read_hex(const struct reader *reader, size_t at, uint32_t *code) {
    uint64_t value = 0;
    const bool read = reader->bytes - at >= 4 && integer_read(reader->text + at, 4, 16, &value);
    *code = (uint32_t)value;
    return read;
}

/* What follows a backslash. */
static bool read_escape(struct reader *reader, struct buffer *buffer) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char next = peek(reader);
    for (size_t i = 0; names[i] && reader->at < reader->bytes; i++) {
        if (next == names[i]) {
            reader->at++;
            buffer_fill(buffer, meanings[i], 1, reader->untrusted);
            return true;
        }
    }
    uint32_t code;
    if (next != 'u' || !read_hex(reader, reader->at + 1, &code)) {
        return false;
    }
    reader->at += 5;
    uint32_t low;
    if (code >= 0xd800 && code < 0xdc00 && reader->bytes - reader->at >= 6 &&
        memcmp(reader->text + reader->at, "\\u", 2) == 0 && read_hex(reader, reader->at + 2, &low) && low >= 0xdc00 &&
        low < 0xe000) {
        reader->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    }
    if (code >= 0xd800 && code < 0xe000) {
        code = REPLACEMENT;
    }
    uint8_t text[4];
    buffer_add(buffer, (const char *)text, utf8_write(text, code), reader->untrusted);
    return true;
}

static struct value *read_string(struct reader *reader) { /* after the quote */
    struct buffer buffer = {.heap = reader->heap};
    const size_t first = reader->at;
    size_t from = first; /* of bytes not yet copied */
    for (;;) {
        if (reader->at >= reader->bytes) {
            return wrong(reader, "a string without an end");
        }
        const char next = reader->text[reader->at];
        if (next == '"') {
            break;
        }
        if ((uint8_t)next < 32) {
            return wrong(reader, "a control character in a string");
        }
        reader->at++;
        if (next == '\\') {
            buffer_add(&buffer, reader->text + from, reader->at - 1 - from, reader->untrusted);
            if (!read_escape(reader, &buffer)) {
                return wrong(reader, "an unknown escape");
            }
            from = reader->at;
        }
    }
    struct value *value;
    if (from == first) {
        value = value_text(reader->heap, reader->text + from, reader->at - from);
    } else {
        buffer_add(&buffer, reader->text + from, reader->at - from, reader->untrusted);
        value = buffer_value(&buffer);
    }
    if (value) {
        value->untrusted = reader->untrusted;
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
    const bool negative = peek(reader) == '-';
    reader->at += negative;
    const char *digits = reader->text + reader->at;
    const size_t whole = skip_digits(reader);
    bool good = whole != 0 && (whole == 1 || digits[0] != '0');
    bool integer = true;
    if (good && peek(reader) == '.') {
        reader->at++;
        integer = false;
        good = skip_digits(reader) != 0;
    }
    if (good && (peek(reader) == 'e' || peek(reader) == 'E')) {
        reader->at++;
        integer = false;
        reader->at += peek(reader) == '-' || peek(reader) == '+';
        good = skip_digits(reader) != 0;
    }
    if (!good) {
        reader->at = from;
        return wrong(reader, "not a value");
    }
    uint64_t size;
    if (integer && integer_read(digits, whole, 10, &size) && size <= (uint64_t)INT64_MAX + negative) {
        return value_int(reader->heap, negative ? (int64_t)(0 - size) : (int64_t)size);
    }
    double number;
    number_read(digits, (size_t)(reader->text + reader->at - digits), &number);
    struct value *value = value_float(reader->heap, negative ? -number : number);
    if (value && integer) {
        value->real.digits = reader->text + from;
        value->real.digits_bytes = reader->at - from;
    }
    return value;
}

static struct value *read_value(struct reader *reader);

static struct value *read_array(struct reader *reader) {
    struct value *list = value_list(reader->heap, VALUE_LIST, 0);
    if (list == NULL || skip(reader, ']')) {
        return list;
    }
    do {
        if (!list_add(reader->heap, list, read_value(reader))) {
            return NULL;
        }
    } while (skip(reader, ','));
    return skip(reader, ']') ? list : wrong(reader, "',' or ']' expected");
}

static bool distrusted(const struct value *key) {
    return value_is_text(key, "messages") || value_is_text(key, "tools") || value_is_text(key, "documents");
}

static struct value *read_object(struct reader *reader) {
    struct heap *heap = reader->heap;
    struct value *dict = value_new(heap, VALUE_DICT);
    if (dict == NULL || skip(reader, '}')) {
        return dict;
    }
    const bool outer = reader->untrusted;
    do {
        if (!skip(reader, '"')) {
            return wrong(reader, "a key expected");
        }
        struct value *key = read_string(reader);
        if (key == NULL) {
            return NULL;
        }
        if (!skip(reader, ':')) {
            return wrong(reader, "':' expected");
        }
        reader->untrusted = outer || (reader->code == QN_ERR_ARGUMENT && heap->depth == 1 && distrusted(key));
        if (!dict_set(heap, dict, key, read_value(reader))) {
            return NULL;
        }
        reader->untrusted = outer;
    } while (skip(reader, ','));
    return skip(reader, '}') ? dict : wrong(reader, "',' or '}' expected");
}

static struct value *read_any(struct reader *reader) {
    struct heap *heap = reader->heap;
    const char next = skip_space(reader);
    if (next == '{') {
        reader->at++;
        return read_object(reader);
    }
    if (next == '[') {
        reader->at++;
        return read_array(reader);
    }
    if (next == '"') {
        reader->at++;
        return read_string(reader);
    }
    if (skip_word(reader, "true") || skip_word(reader, "false")) {
        struct value *value = value_new(heap, VALUE_BOOL);
        if (value) {
            value->integer = next == 't';
        }
        return value;
    }
    return skip_word(reader, "null") ? value_new(heap, VALUE_NONE) : read_number(reader);
}

static struct value *read_value(struct reader *reader) {
    if (reader->code == QN_ERR_ARGUMENT) {
        reader->heap->at = reader->at;
    }
    if (reader->heap->depth >= DEPTH_LIMIT) {
        return FAIL(reader->heap, QN_ERR_LIMIT, "JSON: nested deeper than %u levels", DEPTH_LIMIT);
    }
    struct value *value = heap_enter(reader->heap) ? read_any(reader) : NULL;
    if (value) {
        value->untrusted = reader->untrusted;
    }
    reader->heap->depth--;
    return value;
}

struct value *json_read(struct heap *heap, const char *text, size_t bytes, bool untrusted, int code) {
    struct reader reader = {heap, text, bytes, 0, code, untrusted};
    const uint32_t depth = heap->depth;
    struct value *value = read_value(&reader);
    heap->depth = depth;
    skip_space(&reader);
    return value && reader.at < bytes ? wrong(&reader, "something after the value") : value;
}
