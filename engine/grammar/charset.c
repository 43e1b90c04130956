/* Sets of characters as regular languages: ranges of code points are split into ranges of digits, where a digit is a
 * byte of UTF-8, a hexadecimal digit of an escape, or a surrogate. */
#include "engine/grammar/charset.h"

#include "engine/text/unicode/utf8.h"

void charset_add(struct sandbox *box, struct charset *set, uint32_t low, uint32_t high) {
    struct char_range *ranges = sandbox_grow(box, set->ranges, set->count, &set->capacity, sizeof(struct char_range));
    if (ranges) {
        set->ranges = ranges;
        ranges[set->count++] = (struct char_range){low, high};
    }
}

void charset_add_all(struct sandbox *box, struct charset *set, const struct charset *other) {
    for (size_t i = 0; i < other->count; i++) {
        charset_add(box, set, other->ranges[i].low, other->ranges[i].high);
    }
}

void charset_sort(struct sandbox *box, struct charset *set) {
    struct char_range *ranges = set->ranges;
    for (size_t i = 1; i < set->count && sandbox_step(box, 1); i++) { /* insertion: sets are short or nearly sorted */
        const struct char_range range = ranges[i];
        size_t to = i;
        for (; to && ranges[to - 1].low > range.low; to--) {
            ranges[to] = ranges[to - 1];
        }
        sandbox_step(box, (i - to) / 8);
        ranges[to] = range;
    }
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (count && ranges[i].low <= ranges[count - 1].high + 1) {
            if (ranges[i].high > ranges[count - 1].high) {
                ranges[count - 1].high = ranges[i].high;
            }
        } else {
            ranges[count++] = ranges[i];
        }
    }
    set->count = count;
}

void charset_invert(struct sandbox *box, struct charset *set) {
    charset_sort(box, set);
    struct charset outside = {0};
    uint32_t next = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (set->ranges[i].low > next) {
            charset_add(box, &outside, next, set->ranges[i].low - 1);
        }
        next = set->ranges[i].high + 1;
    }
    if (next <= LAST_CHARACTER) {
        charset_add(box, &outside, next, LAST_CHARACTER);
    }
    *set = outside;
}

/* ---- ranges of digits ---- */

/* A way to write numbers as digits of `bits` bits, the most significant first. */
struct writing {
    unsigned bits;
    /* The node of the digits low..high, `left` of which follow. */
    uint32_t (*digit)(struct regular *regular, uint32_t low, uint32_t high, unsigned left);
};

/* The numbers low..high, written with left + 1 digits. The recursion is as deep as there are digits. */
static uint32_t span(struct regular *regular, const struct writing *writing, uint32_t low, uint32_t high,
                     unsigned left) {
    const unsigned shift = writing->bits * left;
    const uint32_t mask = (1u << shift) - 1;
    uint32_t first = low >> shift;
    uint32_t last = high >> shift;
    if (left == 0) {
        return writing->digit(regular, first, last, 0);
    }
    if (first == last) {
        return regular_cat(regular, writing->digit(regular, first, first, left),
                           span(regular, writing, low & mask, high & mask, left - 1));
    }
    uint32_t result = REGULAR_EMPTY;
    if (low & mask) {
        result = regular_cat(regular, writing->digit(regular, first, first, left),
                             span(regular, writing, low & mask, mask, left - 1));
        first++;
    }
    if ((high & mask) != mask) {
        const uint32_t top = regular_cat(regular, writing->digit(regular, last, last, left),
                                         span(regular, writing, 0, high & mask, left - 1));
        result = regular_or(regular, result, top);
        last--; /* last > the first of all, so it does not wrap */
    }
    if (first <= last) {
        const uint32_t middle =
            regular_cat(regular, writing->digit(regular, first, last, left), span(regular, writing, 0, mask, left - 1));
        result = regular_or(regular, result, middle);
    }
    return result;
}

/* A byte of a UTF-8 sequence; in the first byte, the number's length shows. */
static uint32_t utf8_tail(struct regular *regular, uint32_t low, uint32_t high, unsigned left) {
    (void)left;
    return regular_range(regular, (uint8_t)(0x80 | low), (uint8_t)(0x80 | high));
}

static uint32_t hex_digit(struct regular *regular, uint32_t low, uint32_t high, unsigned left) {
    static const char digits[] = "0123456789abcdef";
    struct byte_set set = {{0}};
    (void)left;
    for (uint32_t i = low; i <= high; i++) {
        const unsigned byte = (uint8_t)digits[i];
        set.bits[byte / 64] |= (uint64_t)1 << byte % 64;
        if (i > 9) {
            const unsigned upper = byte - 'a' + 'A';
            set.bits[upper / 64] |= (uint64_t)1 << upper % 64;
        }
    }
    return regular_set(regular, &set);
}

/* \uXXXX for the numbers low..high. */
static uint32_t hex_escape(struct regular *regular, uint32_t low, uint32_t high) {
    static const struct writing hex = {4, hex_digit};
    return regular_cat(regular, regular_text(regular, "\\u", 2), span(regular, &hex, low, high, 3));
}

static uint32_t surrogate(struct regular *regular, uint32_t low, uint32_t high, unsigned left) {
    const uint32_t base = left ? 0xd800 : 0xdc00;
    return hex_escape(regular, base + low, base + high);
}

/* ---- characters ---- */

/* Pushes low..high as UTF-8, where all have the same length of bytes. */
static void push_utf8(struct regular *regular, uint32_t low, uint32_t high) {
    static const struct writing tail = {6, utf8_tail};
    uint8_t first[4];
    uint8_t last[4];
    const size_t bytes = utf8_write(first, low);
    utf8_write(last, high);
    if (bytes == 1) {
        regular_push(regular, regular_range(regular, first[0], last[0]));
        return;
    }
    const unsigned shift = 6 * (unsigned)(bytes - 1);
    const uint32_t mask = (1u << shift) - 1;
    for (uint32_t lead = first[0]; lead <= last[0]; lead++) { /* at most 30 */
        const uint32_t from = lead == first[0] ? low & mask : 0;
        const uint32_t to = lead == last[0] ? high & mask : mask;
        uint32_t end = lead;
        while (from == 0 && to == mask && end + 1 < last[0]) { /* whole leads in one range */
            end++;
        }
        regular_push(regular, regular_cat(regular, regular_range(regular, (uint8_t)lead, (uint8_t)end),
                                          span(regular, &tail, from, to, (unsigned)bytes - 2)));
        lead = end;
    }
}

/* Pushes the escapes of low..high in JSON. */
static void push_escapes(struct regular *regular, uint32_t low, uint32_t high) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    static const struct writing pair = {10, surrogate};
    struct byte_set letters = {{0}};
    for (size_t i = 0; names[i]; i++) {
        const unsigned byte = (uint8_t)names[i];
        if ((uint32_t)meanings[i] >= low && (uint32_t)meanings[i] <= high) {
            letters.bits[byte / 64] |= (uint64_t)1 << byte % 64;
        }
    }
    regular_push(regular, regular_cat(regular, regular_range(regular, '\\', '\\'), regular_set(regular, &letters)));
    if (low < 0x10000) {
        regular_push(regular, hex_escape(regular, low, high));
    } else {
        regular_push(regular, span(regular, &pair, low - 0x10000, high - 0x10000, 1));
    }
}

/* The part of a range that lies in low..high. */
static struct char_range clip(struct char_range range, uint32_t low, uint32_t high) {
    return (struct char_range){range.low > low ? range.low : low, range.high < high ? range.high : high};
}

uint32_t charset_node(struct regular *regular, struct charset *set, enum encoding encoding) {
    /* Parts whose characters take equally many bytes and digits; bytes that JSON does not allow unescaped in between */
    static const struct char_range parts[] = {
        {0, 0x1f},    {0x20, 0x21},  {'"', '"'},      {0x23, 0x5b},     {'\\', '\\'},
        {0x5d, 0x7f}, {0x80, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff}, {0x10000, LAST_CHARACTER},
    };
    charset_sort(regular->box, set);
    const size_t from = regular->work_count;
    for (size_t i = 0; i < set->count && !regular->box->failed; i++) {
        for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
            const struct char_range part = clip(set->ranges[i], parts[k].low, parts[k].high);
            if (part.low > part.high) {
                continue;
            }
            if (encoding == ENCODING_UTF8 || (k != 0 && k != 2 && k != 4)) {
                push_utf8(regular, part.low, part.high);
            }
            if (encoding == ENCODING_JSON) {
                push_escapes(regular, part.low, part.high);
            }
        }
    }
    return regular_or_all(regular, from);
}

uint32_t charset_any(struct regular *regular, enum encoding encoding) {
    struct char_range all = {0, LAST_CHARACTER};
    struct charset set = {&all, 1, 1};
    return charset_node(regular, &set, encoding);
}

uint32_t charset_one(struct regular *regular, uint32_t code, enum encoding encoding) {
    struct char_range one = {code, code};
    struct charset set = {&one, 1, 1};
    return charset_node(regular, &set, encoding);
}
