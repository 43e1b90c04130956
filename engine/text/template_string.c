/* What filters and methods do with strings. Each byte of a result keeps the provenance of the byte it comes from. */
#include "engine/text/template_interp.h"
#include "engine/text/unicode.h"

/* Capital letters beyond ASCII, and what to add for the small one; 1 where the two alternate, from a capital on. */
static const struct {
    uint16_t from, to;
    int16_t add;
} capitals[] = {
    {0x00c0, 0x00d6, 32}, {0x00d8, 0x00de, 32},   {0x0100, 0x012f, 1},  {0x0132, 0x0137, 1},  {0x0139, 0x0148, 1},
    {0x014a, 0x0177, 1},  {0x0178, 0x0178, -121}, {0x0179, 0x017e, 1},  {0x0386, 0x0386, 38}, {0x0388, 0x038a, 37},
    {0x038c, 0x038c, 64}, {0x038e, 0x038f, 63},   {0x0391, 0x03a1, 32}, {0x03a3, 0x03ab, 32}, {0x0400, 0x040f, 80},
    {0x0410, 0x042f, 32}, {0x0460, 0x0481, 1},    {0x048a, 0x04bf, 1},  {0x04c1, 0x04ce, 1},  {0x04d0, 0x052f, 1},
    {0x0531, 0x0556, 48}, {0x1e00, 0x1e95, 1},    {0x1ea0, 0x1eff, 1},
};

static uint32_t change_case(uint32_t code, bool upper) {
    if (code < 128) {
        const uint32_t first = upper ? 'a' : 'A';
        return code >= first && code < first + 26 ? code ^ 32 : code;
    }
    for (size_t i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
        const uint32_t from = capitals[i].from;
        const uint32_t to = capitals[i].to;
        if (capitals[i].add == 1 && code >= from && code <= to) {
            const bool small = (code - from) & 1;
            return small == upper ? (small ? code - 1 : code + 1) : code;
        }
        const uint32_t capital = upper ? code - (uint32_t)capitals[i].add : code;
        if (capitals[i].add != 1 && capital >= from && capital <= to) {
            return upper ? capital : code + (uint32_t)capitals[i].add;
        }
    }
    return code;
}

struct value *string_case(struct interp *interp, const struct value *string, enum letter_case to) {
    if (string == NULL) {
        return NULL;
    }
    struct buffer buffer = {.heap = &interp->heap};
    const uint8_t *text = (const uint8_t *)string->string.text;
    bool start = true; /* of a word */
    for (size_t at = 0; at < string->string.bytes && !interp->heap.failed;) {
        uint32_t code;
        const size_t bytes = utf8_read(text + at, string->string.bytes - at, &code);
        const bool untrusted = string->string.mask ? string->string.mask[at] : string->untrusted;
        const bool upper = to == CASE_UPPER || (to != CASE_LOWER && start);
        const uint32_t changed = change_case(code, upper);
        uint8_t out[4];
        if (code == 0xdf && upper) {
            buffer_text(&buffer, to == CASE_UPPER ? "SS" : "Ss", untrusted);
        } else if (changed == code) {
            buffer_slice(&buffer, string, at, at + bytes);
        } else {
            buffer_add(&buffer, (const char *)out, utf8_write(out, changed), untrusted);
        }
        if (to == CASE_TITLE) {
            start = unicode_class(code) != CLASS_LETTER;
        } else if (to == CASE_WORDS) {
            start = code == '-' || code == '(' || code == '{' || code == '[' || code == '<' || space_char(code);
        } else {
            start = false;
        }
        at += bytes;
    }
    return buffer_value(&buffer);
}

static bool has_character(const struct value *characters, const char *text, size_t bytes) {
    for (size_t at = 0; at + bytes <= characters->string.bytes; at++) {
        if (memcmp(characters->string.text + at, text, bytes) == 0) {
            return true;
        }
    }
    return false;
}

struct value *string_strip(struct interp *interp, const struct value *string, const struct value *characters,
                           enum strip_sides sides) {
    struct heap *heap = &interp->heap;
    const char *text = string->string.text;
    size_t from = 0;
    size_t to = string->string.bytes;
    if (!heap_step(heap, to / 64)) {
        return NULL;
    }
    if (characters == NULL || characters->kind == VALUE_NONE) {
        from = sides & STRIP_LEFT ? space_before(text, to) : 0;
        to -= sides & STRIP_RIGHT ? space_after(text + from, to - from) : 0;
        return value_slice(heap, string, from, to);
    }
    if (argument_string(interp, characters) == NULL) {
        return NULL;
    }
    const size_t work = characters->string.bytes / 16 + 1; /* of one look at the characters */
    uint32_t code;
    while (sides & STRIP_LEFT && from < to && heap_step(heap, work)) {
        const size_t bytes = utf8_read((const uint8_t *)text + from, to - from, &code);
        if (!has_character(characters, text + from, bytes)) {
            break;
        }
        from += bytes;
    }
    while (sides & STRIP_RIGHT && from < to && heap_step(heap, work)) {
        size_t start = to - 1;
        while (start > from && to - start < 4 && ((uint8_t)text[start] & 0xc0) == 0x80) {
            start--;
        }
        if (!has_character(characters, text + start, to - start)) {
            break;
        }
        to = start;
    }
    return value_slice(heap, string, from, to);
}

struct value *string_replace(struct interp *interp, const struct value *string, const struct value *from,
                             const struct value *to, int64_t count) {
    struct heap *heap = &interp->heap;
    struct buffer buffer = {.heap = heap};
    const char *text = string->string.text;
    const size_t bytes = string->string.bytes;
    size_t at = 0;
    for (; count != 0 && !heap->failed; count -= count > 0) {
        const size_t found = text_find(heap, text, bytes, at, from->string.text, from->string.bytes);
        if (found == SIZE_MAX) {
            break;
        }
        buffer_slice(&buffer, string, at, found);
        buffer_string(&buffer, to);
        at = found + from->string.bytes;
        if (from->string.bytes == 0) { /* between all characters */
            uint32_t code;
            const size_t width = at < bytes ? utf8_read((const uint8_t *)text + at, bytes - at, &code) : 0;
            buffer_slice(&buffer, string, at, at + width);
            at += width;
            if (width == 0) {
                break;
            }
        }
    }
    buffer_slice(&buffer, string, at, bytes);
    return buffer_value(&buffer);
}

struct value *string_join(struct interp *interp, const struct value *separator, const struct value *list) {
    struct buffer buffer = {.heap = &interp->heap};
    for (size_t i = 0; i < list->list.count && heap_step(&interp->heap, 1); i++) {
        if (i && separator) {
            buffer_string(&buffer, separator);
        }
        buffer_print(&buffer, list->list.items[i]);
    }
    return buffer_value(&buffer);
}

size_t string_line(const struct value *string, size_t from, size_t *end) {
    const uint8_t *text = (const uint8_t *)string->string.text;
    while (from < string->string.bytes) {
        uint32_t code;
        const size_t bytes = utf8_read(text + from, string->string.bytes - from, &code);
        *end = from;
        from += bytes;
        if (code == '\r' && from < string->string.bytes && text[from] == '\n') {
            return from + 1;
        }
        if ((code >= 10 && code <= 13) || (code >= 0x1c && code <= 0x1e) || code == 0x85 || code == 0x2028 ||
            code == 0x2029) {
            return from;
        }
    }
    *end = from;
    return from;
}

/* Bare digits: without white space around, sign and single underscores between. Returns their number, 0 for none. */
static size_t bare(const struct value *string, char digits[64], bool *negative) {
    const char *text = string->string.text;
    const size_t from = space_before(text, string->string.bytes);
    const size_t end = string->string.bytes - space_after(text + from, string->string.bytes - from);
    size_t at = from;
    size_t count = 0;
    *negative = at < end && text[at] == '-';
    at += at < end && (text[at] == '-' || text[at] == '+');
    for (; at < end; at++) {
        if (text[at] == '_' && count && at + 1 < end && text[at + 1] != '_') {
            continue;
        }
        if (count == 64 || text[at] == '_') {
            return 0;
        }
        digits[count++] = text[at];
    }
    return count;
}

bool float_parse(const struct value *string, double *number) {
    char digits[64];
    bool negative;
    const size_t bytes = bare(string, digits, &negative);
    const struct value word = {.kind = VALUE_STRING, .string = {.text = digits, .bytes = bytes}};
    for (size_t i = 0; i < bytes; i++) {
        digits[i] |= digits[i] >= 'A' && digits[i] <= 'Z' ? 32 : 0;
    }
    if (value_is_text(&word, "inf") || value_is_text(&word, "infinity")) {
        *number = __builtin_inf();
    } else if (value_is_text(&word, "nan")) {
        *number = __builtin_nan("");
    } else if (!number_read(digits, bytes, number)) {
        return false;
    }
    *number = negative ? -*number : *number;
    return true;
}

bool integer_parse(const struct value *string, int64_t base, int64_t *integer) {
    char digits[64];
    bool negative;
    size_t bytes = bare(string, digits, &negative);
    const char *from = digits;
    if (bytes > 2 && digits[0] == '0' && (base == 0 || base == 2 || base == 8 || base == 16)) {
        const char letter = (char)(digits[1] | 32);
        const int64_t named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
        if (named && (base == 0 || base == named)) {
            base = named;
            from += 2;
            bytes -= 2;
        }
    }
    uint64_t size;
    if (base < 0 || base == 1 || base > 36 || !integer_read(from, bytes, base ? (unsigned)base : 10, &size) ||
        size > (uint64_t)INT64_MAX) {
        return false;
    }
    *integer = negative ? -(int64_t)size : (int64_t)size;
    return true;
}
