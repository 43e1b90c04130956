/* NFC: decomposes all characters, orders their marks by combining class, and composes what composes. The tables are in
 * unicode_data.c; Hangul syllables are computed. */
#include "engine/text/unicode/nfc.h"

#include "engine/text/unicode/unicode.h"
#include "engine/text/unicode/unicode_data.h"
#include "engine/text/unicode/utf8.h"

#define MAX_PARTS    4         /* characters of a decomposition */
#define FIRST_CHANGE 0xcc      /* first byte of U+0300: text of lower characters is in NFC */
#define RAW          0x110000u /* plus a byte that is not valid UTF-8 */

/* Hangul: LV or LVT syllables of 19 leading consonants, 21 vowels and 27 trailing consonants. */
#define HANGUL     0xac00u
#define HANGUL_END 0xd7a4u
#define LEADING    0x1100u
#define VOWEL      0x1161u
#define TRAILING   0x11a7u /* one before the first */
#define LEADINGS   19u
#define VOWELS     21u
#define TRAILINGS  28u /* with none */

struct part {
    uint32_t code;
    uint32_t class; /* combining class; 0: starts a new group of marks */
};

/* The part of a sorted table that belongs to the plane of a character; none above plane 1. */
struct span {
    size_t low;
    size_t high;
};
static struct span span_of(uint32_t code, size_t low, size_t all) {
    switch (code >> 16) {
    case 0:
        return (struct span){0, low};
    case 1:
        return (struct span){low, all};
    default:
        return (struct span){0, 0};
    }
}

static const struct unicode_pair *find_pair(uint32_t code) {
    const uint32_t in_plane = code & 0xffff;
    struct span span = span_of(code, UNICODE_PAIRS_0, UNICODE_PAIRS);
    while (span.low < span.high) {
        const size_t middle = (span.low + span.high) / 2;
        if (unicode_pairs[middle].code == in_plane) {
            return &unicode_pairs[middle];
        }
        if (unicode_pairs[middle].code < in_plane) {
            span.low = middle + 1;
        } else {
            span.high = middle;
        }
    }
    return NULL;
}

static uint32_t combining_class(uint32_t code) {
    const uint32_t in_plane = code & 0xffff;
    struct span span = span_of(code, UNICODE_MARKS_0, UNICODE_MARKS);
    while (span.low < span.high) {
        const size_t middle = (span.low + span.high) / 2;
        const struct unicode_marks *marks = &unicode_marks[middle];
        if (in_plane < marks->code) {
            span.high = middle;
        } else if (in_plane - marks->code < marks->length) {
            return marks->class;
        } else {
            span.low = middle + 1;
        }
    }
    return 0;
}

/* Returns the number of characters of the canonical decomposition. */
static size_t decompose(uint32_t code, uint32_t out[MAX_PARTS]) {
    if (code >= HANGUL && code < HANGUL_END) {
        const uint32_t syllable = code - HANGUL;
        out[0] = LEADING + syllable / (VOWELS * TRAILINGS);
        out[1] = VOWEL + syllable / TRAILINGS % VOWELS;
        out[2] = TRAILING + syllable % TRAILINGS;
        return out[2] == TRAILING ? 2 : 3;
    }
    uint32_t seconds[MAX_PARTS]; /* last first */
    size_t n = 0;
    for (const struct unicode_pair *pair; (pair = find_pair(code)) != NULL; n++) {
        seconds[n] = (code & 0x10000) | pair->second;
        code = (code & 0x10000) | pair->first;
    }
    out[0] = unicode_decomposed(code);
    for (size_t i = 0; i < n; i++) {
        out[1 + i] = seconds[n - 1 - i];
    }
    return 1 + n;
}

/* The composite of two characters; 0 if there is none. */
static uint32_t compose(uint32_t first, uint32_t second) {
    if (first - LEADING < LEADINGS && second - VOWEL < VOWELS) {
        return HANGUL + ((first - LEADING) * VOWELS + second - VOWEL) * TRAILINGS;
    }
    if (first >= HANGUL && first < HANGUL_END && (first - HANGUL) % TRAILINGS == 0 && second > TRAILING &&
        second < TRAILING + TRAILINGS) {
        return first + second - TRAILING;
    }
    const uint32_t wanted = first << 16 | (second & 0xffff);
    struct span span = span_of(first, UNICODE_COMPOSITES_0, UNICODE_COMPOSITES);
    while (span.low < span.high && first >> 16 == second >> 16) {
        const size_t middle = (span.low + span.high) / 2;
        const struct unicode_pair *pair = &unicode_pairs[unicode_composites[middle]];
        const uint32_t found = (uint32_t)pair->first << 16 | pair->second;
        if (found == wanted) {
            return (first & 0x10000) | pair->code;
        }
        if (found < wanted) {
            span.low = middle + 1;
        } else {
            span.high = middle;
        }
    }
    return 0;
}

/* Reads the character at the start of text. A byte that does not begin a valid one becomes RAW + the byte. */
static size_t read_character(const uint8_t *text, size_t bytes, uint32_t *code) {
    uint8_t again[4];
    const size_t width = utf8_read(text, bytes, code);
    if (*code <= 0x10ffff && utf8_write(again, *code) == width && memcmp(again, text, width) == 0) {
        return width;
    }
    *code = RAW + text[0];
    return 1;
}

/* Fills parts, which may be null, and returns their number. */
static size_t decompose_text(const uint8_t *text, size_t bytes, struct part *parts) {
    size_t count = 0;
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        uint32_t decomposed[MAX_PARTS];
        at += read_character(text + at, bytes - at, &code);
        const size_t n = decompose(code, decomposed);
        for (size_t i = 0; parts && i < n; i++) {
            parts[count + i] = (struct part){decomposed[i], combining_class(decomposed[i])};
        }
        count += n;
    }
    return count;
}

/* Sorts marks by class; those of the same class stay in order. Takes linear time, however many marks follow one
 * another. other: (n) */
static void sort_marks(struct part *marks, struct part *other, size_t n) {
    size_t start[257] = {0};
    for (size_t i = 0; i < n; i++) {
        start[marks[i].class + 1]++;
    }
    for (size_t class = 1; class < 257; class ++) {
        start[class] += start[class - 1];
    }
    for (size_t i = 0; i < n; i++) {
        other[start[marks[i].class]++] = marks[i];
    }
    memcpy(marks, other, n * sizeof(*marks));
}

static void order_marks(struct part *parts, struct part *other, size_t count) {
    for (size_t begin = 0, end; begin < count; begin = end) {
        bool sorted = true;
        for (end = begin + 1; end < count && parts[end].class; end++) {
            sorted = sorted && (parts[end - 1].class <= parts[end].class || end - 1 == begin);
        }
        const size_t first = begin + (parts[begin].class == 0); /* a text may begin with marks */
        if (!sorted || first == begin) {
            sort_marks(parts + first, other, end - first);
        }
    }
}

/* Composes in place; returns the number of characters. */
static size_t compose_text(struct part *parts, size_t count) {
    struct part *starter = NULL;
    uint32_t last = 0; /* class of the character before, or 0 right after the starter */
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct part part = parts[i];
        const uint32_t composite = starter && (last < part.class || last == 0) ? compose(starter->code, part.code) : 0;
        if (composite) {
            starter->code = composite;
            continue;
        }
        parts[n] = part;
        starter = part.class == 0 ? &parts[n] : starter;
        last = part.class;
        n++;
    }
    return n;
}

static size_t write_text(uint8_t *out, const struct part *parts, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].code >= RAW) {
            out[bytes++] = (uint8_t)(parts[i].code - RAW);
        } else {
            bytes += utf8_write(out + bytes, parts[i].code);
        }
    }
    return bytes;
}

bool nfc_normalize(const uint8_t **text, size_t *bytes, struct arena *scratch) {
    size_t plain = 0;
    while (plain < *bytes && (*text)[plain] < FIRST_CHANGE) {
        plain++;
    }
    if (plain == *bytes) {
        return true;
    }
    const size_t count = decompose_text(*text, *bytes, NULL);
    struct part *parts = ARENA_ARRAY(scratch, struct part, count);
    struct part *other = ARENA_ARRAY(scratch, struct part, count);
    if (parts == NULL || other == NULL) {
        return false;
    }
    decompose_text(*text, *bytes, parts);
    order_marks(parts, other, count);
    const size_t composed = compose_text(parts, count);
    uint8_t *out = (uint8_t *)other; /* a character takes at most 4 bytes, a part 8 */
    *bytes = write_text(out, parts, composed);
    *text = out;
    return true;
}
