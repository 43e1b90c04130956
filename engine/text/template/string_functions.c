/* String functions shared by filters and methods. */
#include "engine/text/template/string_functions.h"

#include "engine/text/json/buffer.h"
#include "engine/text/json/number.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"
#include "engine/text/template/builtin.h"
#include "engine/text/unicode/unicode.h"

/* Ranges of upper-case letters, and the distance to the lower-case letter. A distance of 1 means that the cases
 * alternate, beginning with upper case. */
static const struct {
    uint16_t from, to;
    int16_t add;
} capitals[] = {
    {'A', 'Z', 32},       {0x00c0, 0x00d6, 32}, {0x00d8, 0x00de, 32}, {0x0100, 0x012f, 1},    {0x0132, 0x0137, 1},
    {0x0139, 0x0148, 1},  {0x014a, 0x0177, 1},  {0x0179, 0x017e, 1},  {0x0386, 0x0386, 38},   {0x0388, 0x038a, 37},
    {0x038c, 0x038c, 64}, {0x038e, 0x038f, 63}, {0x0391, 0x03a1, 32}, {0x03a3, 0x03ab, 32},   {0x0400, 0x040f, 80},
    {0x0410, 0x042f, 32}, {0x0460, 0x0481, 1},  {0x048a, 0x04bf, 1},  {0x04c1, 0x04ce, 1},    {0x04d0, 0x052f, 1},
    {0x0531, 0x0556, 48}, {0x1e00, 0x1e95, 1},  {0x1ea0, 0x1eff, 1},  {0x0178, 0x0178, -121},
};

static uint32_t change_case(uint32_t code, bool upper) {
    for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
        const uint32_t first = capitals[i].from;
        const bool alternate = capitals[i].add == 1;
        const uint32_t add = (uint32_t)capitals[i].add;
        const uint32_t capital = upper && !alternate ? code - add : code;
        if (capital < first || capital > capitals[i].to) {
            continue;
        }
        if (!alternate) {
            return upper ? capital : code + add;
        }
        const bool small = (code - first) & 1;
        if (small != upper) {
            return code;
        }
        return small ? code - 1 : code + 1;
    }
    return code;
}

struct value *string_case(struct sandbox *box, const struct value *string, enum letter_case to) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    bool start = true; /* of a word */
    for (size_t at = 0; at < string->string.bytes && !box->failed;) {
        const uint32_t next = string_char(string, at);
        const uint32_t code = CHAR_CODE(next);
        const size_t bytes = CHAR_BYTES(next);
        const bool untrusted = untrusted_at(string, at);
        const bool upper = to == CASE_UPPER || (to != CASE_LOWER && start);
        const uint32_t changed = change_case(code, upper);
        if (code == 0xdf && upper) {
            buffer_text(&buffer, to == CASE_UPPER ? "SS" : "Ss", untrusted);
        } else if (changed != code) {
            buffer_code(&buffer, changed, untrusted);
        } else {
            buffer_slice(&buffer, string, at, at + bytes);
        }
        start = (to == CASE_TITLE && unicode_class(code) != CLASS_LETTER) ||
                (to == CASE_WORDS &&
                 (code == '-' || code == '(' || code == '{' || code == '[' || code == '<' || space_char(code)));
        at += bytes;
    }
    return buffer_value(&buffer);
}

static bool is_among(struct sandbox *box, const struct value *characters, const struct value *character) {
    return text_find(box, characters, 0, characters->string.bytes, character, false) != SIZE_MAX;
}

struct value *string_strip(struct sandbox *box, const struct value *string, const struct value *characters,
                           enum strip_sides sides) {
    size_t from = 0;
    size_t to = string->string.bytes;
    sandbox_step(box, to / 64);
    if (characters == NULL || characters->kind == VALUE_NONE) {
        from = sides & STRIP_LEFT ? space_before(string->string.text, to) : 0;
        to -= sides & STRIP_RIGHT ? space_after(string->string.text + from, to - from) : 0;
        return value_slice(box, string, from, to);
    }
    characters = argument_string(box, characters);
    while (sides & STRIP_LEFT && from < to && sandbox_step(box, 1)) {
        const size_t bytes = CHAR_BYTES(string_char(string, from));
        if (!is_among(box, characters, value_slice(box, string, from, from + bytes))) {
            break;
        }
        from += bytes;
    }
    while (sides & STRIP_RIGHT && from < to && sandbox_step(box, 1)) {
        size_t start = to - 1;
        while (start > from && to - start < 4 && ((uint8_t)string->string.text[start] & 0xc0) == 0x80) {
            start--;
        }
        if (!is_among(box, characters, value_slice(box, string, start, to))) {
            break;
        }
        to = start;
    }
    return value_slice(box, string, from, to);
}

struct value *string_replace(struct sandbox *box, const struct value *string, const struct value *from,
                             const struct value *to, ptrdiff_t count) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    const size_t bytes = string->string.bytes;
    size_t at = 0;
    for (; count != 0; count -= count > 0) {
        const size_t found = text_find(box, string, at, bytes, from, false);
        if (found == SIZE_MAX || box->failed) {
            break;
        }
        buffer_slice(&buffer, string, at, found);
        buffer_string(&buffer, to);
        at = found + from->string.bytes;
        if (from->string.bytes == 0) { /* an empty string matches between all characters */
            if (at == bytes) {
                break;
            }
            at += CHAR_BYTES(string_char(string, at));
            buffer_slice(&buffer, string, found, at);
        }
    }
    buffer_slice(&buffer, string, at, bytes);
    return buffer_value(&buffer);
}

struct value *string_join(struct sandbox *box, const struct value *separator, const struct value *list) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    for (size_t i = 0; i < list->list.count && sandbox_step(box, 1); i++) {
        if (i && separator) {
            buffer_string(&buffer, separator);
        }
        buffer_print(&buffer, list->list.items[i]);
    }
    return buffer_value(&buffer);
}

size_t string_line(const struct value *string, size_t from, size_t *end) {
    while (from < string->string.bytes) {
        const uint32_t code = CHAR_CODE(string_char(string, from));
        *end = from;
        from += CHAR_BYTES(string_char(string, from));
        if ((code >= 10 && code <= 13) || (code >= 0x1c && code <= 0x1e) || code == 0x85 || code >> 1 == 0x2028 >> 1) {
            return from + (code == '\r' && from < string->string.bytes && string->string.text[from] == '\n');
        }
    }
    *end = from;
    return from;
}

/* Copies the digits of a number without surrounding white space, sign, and single underscores between digits. Returns
 * their count, 0 if there are too many. */
static size_t bare_digits(const struct value *string, char digits[64], bool *negative) {
    const char *text = string->string.text;
    size_t at = space_before(text, string->string.bytes);
    const size_t end = string->string.bytes - space_after(text + at, string->string.bytes - at);
    size_t count = 0;
    *negative = at < end && text[at] == '-';
    at += at < end && (text[at] == '-' || text[at] == '+');
    for (; at < end && count < 64; at++) {
        if (text[at] != '_' || count == 0 || at + 1 == end || text[at + 1] == '_') {
            digits[count++] = text[at];
        }
    }
    return at < end ? 0 : count;
}

/* Marks a number as untrusted if it was read from untrusted text. */
static struct value *mark_source(struct sandbox *box, const struct value *string, struct value *number) {
    number->untrusted = string->untrusted || string->string.mask;
    return box->failed ? &box->scrap : number;
}

struct value *float_parse(struct sandbox *box, const struct value *string) {
    char digits[64];
    bool negative;
    double number;
    const size_t bytes = bare_digits(string, digits, &negative);
    if (bytes == 3 && memcmp(digits, "inf", 3) == 0) {
        number = __builtin_inf();
    } else if (!number_read(digits, bytes, &number)) {
        return NULL;
    }
    return mark_source(box, string, value_float(box, negative ? -number : number));
}

struct value *integer_parse(struct sandbox *box, const struct value *string, ptrdiff_t base) {
    char digits[64];
    bool negative;
    uint64_t size;
    const size_t bytes = bare_digits(string, digits, &negative);
    const bool prefix = base == 16 && bytes > 2 && digits[0] == '0' && (digits[1] | 32) == 'x';
    if (base < 2 || base > 36 ||
        !integer_read(digits + (prefix ? 2 : 0), bytes - (prefix ? 2 : 0), (unsigned)base, &size) || size > INT64_MAX) {
        return NULL;
    }
    return mark_source(box, string, value_int(box, negative ? -(int64_t)size : (int64_t)size));
}
