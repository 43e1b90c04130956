/* Formats error messages into the record, without the C library and safe against hostile text. */
#include "platform/error.h"

#include <stdarg.h>

#include "platform/memory.h"

struct qn_error last_error;

const struct qn_error *qn_last_error(void) { return &last_error; }

struct line {
    char *at;
    size_t left; /* bytes that may still be written, besides the final zero */
};

static void put(struct line *line, char c) {
    if (line->left) {
        *line->at++ = c;
        line->left--;
    }
}

static void put_unsigned(struct line *line, unsigned long long value) {
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n) {
        put(line, digits[--n]);
    }
}

static void put_signed(struct line *line, long long value) {
    if (value < 0) {
        put(line, '-');
    }
    put_unsigned(line, value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value);
}

/* Bytes of the UTF-8 sequence that starts with this byte; 0 for bytes that start none. The caller handles ASCII. */
static size_t sequence_bytes(uint8_t first) {
    if (first < 0xc2 || first >= 0xf5) {
        return 0;
    }
    if (first < 0xe0) {
        return 2;
    }
    return first < 0xf0 ? 3 : 4;
}

/* Bytes of the printable, well-formed UTF-8 character at text; 0 when there is none. */
static size_t printable_bytes(const uint8_t *text, size_t bytes) {
    const uint8_t first = text[0];
    if (first >= 0x20 && first < 0x7f) {
        return 1;
    }
    const size_t length = sequence_bytes(first);
    if (length == 0 || length > bytes) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const uint8_t second = text[1];
    const int overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const int not_a_code_point = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    const int control = first == 0xc2 && second < 0xa0;
    return overlong || not_a_code_point || control ? 0 : length;
}

static void put_text(struct line *line, const char *text, size_t bytes) {
    static const char hex[] = "0123456789abcdef";
    const uint8_t *at = (const uint8_t *)text;
    while (bytes && line->left) {
        size_t length = printable_bytes(at, bytes);
        if (length > line->left) {
            break;
        }
        if (length == 0) {
            put(line, '\\');
            put(line, 'x');
            put(line, hex[*at >> 4]);
            put(line, hex[*at & 15]);
            length = 1;
        } else {
            for (size_t i = 0; i < length; i++) {
                put(line, (char)at[i]);
            }
        }
        at += length;
        bytes -= length;
    }
}

static void put_format(struct line *line, const char *format, va_list values) {
    for (; *format; format++) {
        if (*format != '%') {
            put(line, *format);
            continue;
        }
        format++;
        const char *text;
        int bytes;
        switch (*format) {
        case 's':
            text = va_arg(values, const char *);
            put_text(line, text, strlen(text));
            break;
        case '.': /* %.*s */
            format += 2;
            bytes = va_arg(values, int);
            put_text(line, va_arg(values, const char *), bytes < 0 ? 0 : (size_t)bytes);
            break;
        case 'd':
            put_signed(line, va_arg(values, int));
            break;
        case 'u':
            put_unsigned(line, va_arg(values, unsigned));
            break;
        case 'z': /* %zu */
            format++;
            put_unsigned(line, va_arg(values, size_t));
            break;
        case 'l': /* %lld, %llu */
            format += 2;
            if (*format == 'd') {
                put_signed(line, va_arg(values, long long));
            } else {
                put_unsigned(line, va_arg(values, unsigned long long));
            }
            break;
        default:
            put(line, *format);
        }
    }
}

int error_set_list(struct qn_error *error, int code, uint64_t offset, const char *format, va_list values) {
    struct line line = {error->text, sizeof(error->text) - 1};
    put_format(&line, format, values);
    *line.at = 0;
    error->code = code;
    error->offset = offset;
    error->text_bytes = (uint32_t)(line.at - error->text);
    return code;
}

int error_set(struct qn_error *error, int code, uint64_t offset, const char *format, ...) {
    va_list values;
    va_start(values, format);
    error_set_list(error, code, offset, format, values);
    va_end(values);
    return code;
}
