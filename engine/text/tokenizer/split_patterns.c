/* Small patterns. split_patterns.h has the expression of each. */
#include "engine/text/tokenizer/split_patterns.h"

#include "engine/text/unicode/unicode.h"

static bool is_digit(const struct characters *text, size_t at, size_t end) {
    return at < end && text->codes[at] >= '0' && text->codes[at] <= '9';
}

size_t match_run(struct characters *text, size_t at, size_t end, uint32_t rule) {
    while (is_class(text, at, end, rule)) {
        at++;
    }
    return at;
}

size_t match_one(struct characters *text, size_t at, size_t end, uint32_t rule) {
    return at + is_class(text, at, end, rule);
}

size_t match_three(struct characters *text, size_t at, size_t end, uint32_t rule) {
    return match_run(text, at, end - at > 3 ? at + 3 : end, rule);
}

size_t match_spaced_run(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const size_t start = at + is_class(text, at, end, CLASS_SPACE);
    const size_t last = match_run(text, start, end, rule);
    return last > start ? last : at;
}

struct range {
    uint32_t first, last;
};

static const struct range cjk[] = {{0x0800, 0x9fa5}, {0xac00, 0xd7ff}, {0, 0}};
static const struct range cjk_kana[] = {{0x3040, 0x30ff}, {0x4e00, 0x9fa5}, {0, 0}};
/* The range from U+4E00 was meant to be two, to U+9FFF and from U+F900. llama.cpp's source has U+8C48, the canonical
 * equivalent of U+F900. */
static const struct range afmoe[] = {
    {0x0e40, 0x0eff}, {0x1000, 0x109f}, {0x1100, 0x11ff}, {0x1780, 0x17ff}, {0x2f00, 0x2fdf},
    {0x3040, 0x30ff}, {0x3400, 0x4dbf}, {0x4e00, 0xfaff}, {0xff65, 0xff9f}, {0, 0}};
static const struct range hangul[] = {{0x3131, 0x318e}, {0xac00, 0xd7a3}, {0, 0}};
static const struct range wide_punctuation[] = {
    {0x2014, 0x2014}, {0x2018, 0x2019}, {0x201c, 0x201d}, {0x2026, 0x2026}, {0x3001, 0x303f},
    {0xfe30, 0xfe4f}, {0xff01, 0xff01}, {0xff0c, 0xff0c}, {0xff1a, 0xff1b}, {0, 0}};
static const struct range bopomofo[] = {{0x3105, 0x312f}, {0, 0}};
static const struct range punctuation[] = {
    {0x0021, 0x002f}, {0x003a, 0x007e}, {0x2018, 0x201f}, {0x3000, 0x3002}, {0xff01, 0xff0f}, {0xff1a, 0xff5e}, {0, 0}};
/* Latin, Greek, Cyrillic and similar scripts, as listed in DeepSeek's tokenizer. */
static const struct range letters[] = {
    {0x0041, 0x005a},   {0x0061, 0x007a},   {0x00b5, 0x00b5},   {0x00c0, 0x00d6},   {0x00d8, 0x00f6},
    {0x00f8, 0x01ba},   {0x01bc, 0x01bf},   {0x01c4, 0x0293},   {0x0295, 0x02af},   {0x0370, 0x0373},
    {0x0376, 0x0377},   {0x037b, 0x037d},   {0x037f, 0x037f},   {0x0386, 0x0386},   {0x0388, 0x038a},
    {0x038c, 0x038c},   {0x038e, 0x03a1},   {0x03a3, 0x03f5},   {0x03f7, 0x0481},   {0x048a, 0x052f},
    {0x0531, 0x0556},   {0x10a0, 0x10c5},   {0x13a0, 0x13f5},   {0x13f8, 0x13fd},   {0x1c90, 0x1cba},
    {0x1cbd, 0x1cbf},   {0x1d00, 0x1d2b},   {0x1d6b, 0x1d77},   {0x1d79, 0x1d9a},   {0x1e00, 0x1f15},
    {0x1f18, 0x1f1d},   {0x1f20, 0x1f45},   {0x1f48, 0x1f4d},   {0x1f50, 0x1f57},   {0x1f59, 0x1f59},
    {0x1f5b, 0x1f5b},   {0x1f5d, 0x1f5d},   {0x1f5f, 0x1f7d},   {0x1f80, 0x1fb4},   {0x1fb6, 0x1fbc},
    {0x1fbe, 0x1fbe},   {0x1fc2, 0x1fc4},   {0x1fc6, 0x1fcc},   {0x1fd0, 0x1fd3},   {0x1fd6, 0x1fdb},
    {0x1fe0, 0x1fec},   {0x1ff2, 0x1ff4},   {0x1ff6, 0x1ffc},   {0x2102, 0x2102},   {0x2107, 0x2107},
    {0x210a, 0x2113},   {0x2115, 0x2115},   {0x2119, 0x211d},   {0x2124, 0x2124},   {0x2126, 0x2126},
    {0x2128, 0x2128},   {0x212a, 0x212d},   {0x212f, 0x2134},   {0x2139, 0x2139},   {0x213c, 0x213f},
    {0x2145, 0x2149},   {0x214e, 0x214e},   {0x2183, 0x2184},   {0x2c00, 0x2c7b},   {0x2c7e, 0x2ce4},
    {0x2ceb, 0x2cee},   {0x2cf2, 0x2cf3},   {0xa640, 0xa66d},   {0xa680, 0xa69b},   {0xa722, 0xa76f},
    {0xa771, 0xa787},   {0xa78b, 0xa78e},   {0xab70, 0xabbf},   {0xfb00, 0xfb06},   {0xfb13, 0xfb17},
    {0xff21, 0xff3a},   {0xff41, 0xff5a},   {0x10400, 0x1044f}, {0x104b0, 0x104d3}, {0x104d8, 0x104fb},
    {0x10c80, 0x10cb2}, {0x10cc0, 0x10cf2}, {0x118a0, 0x118df}, {0x1e900, 0x1e943}, {0, 0}};

static const struct range *const sets[] = {[SET_CJK] = cjk,
                                           [SET_CJK_KANA] = cjk_kana,
                                           [SET_AFMOE] = afmoe,
                                           [SET_HANGUL] = hangul,
                                           [SET_WIDE_PUNCTUATION] = wide_punctuation,
                                           [SET_BOPOMOFO] = bopomofo,
                                           [SET_LETTERS] = letters,
                                           [SET_PUNCTUATION] = punctuation};

/* White space is in no set, even where a range contains it: llama.cpp replaces it before matching. */
size_t match_set(struct characters *text, size_t at, size_t end, uint32_t rule) {
    for (; at < end && text->classes[at] != CLASS_SPACE; at++) {
        const struct range *range = sets[rule];
        while (range->last && (text->codes[at] < range->first || text->codes[at] > range->last)) {
            range++;
        }
        if (range->last == 0) {
            break;
        }
    }
    return at;
}

size_t match_spaced_set(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const size_t start = at + is_class(text, at, end, CLASS_SPACE);
    const size_t last = match_set(text, start, end, rule);
    return last > start ? last : at;
}

size_t match_youtu(struct characters *text, size_t at, size_t end, uint32_t rule) {
    static const uint8_t alternatives[] = {SET_HANGUL, SET_WIDE_PUNCTUATION, SET_BOPOMOFO, SET_CJK_KANA};
    size_t last = at;
    (void)rule;
    for (size_t i = 0; last == at && i < sizeof(alternatives); i++) {
        last = match_set(text, at, end, alternatives[i]);
    }
    return last;
}

static bool is_one_of(uint32_t code, const char *list) {
    while (*list && (uint32_t)*list != code) {
        list++;
    }
    return *list != 0;
}

size_t match_punctuation(struct characters *text, size_t at, size_t end, uint32_t rule) {
    while (at < end && (text->classes[at] == CLASS_PUNCTUATION || is_one_of(text->codes[at], "$+<=>^~|") ||
                        (rule && text->codes[at] == '`'))) {
        at++;
    }
    return at;
}

size_t match_symbol(struct characters *text, size_t at, size_t end, uint32_t rule) {
    (void)rule;
    (void)end;
    return at + (text->classes[at] == CLASS_PUNCTUATION || is_one_of(text->codes[at], "$+<=>^`|~"));
}

size_t match_digits(struct characters *text, size_t at, size_t end, uint32_t rule) {
    (void)rule;
    return is_digit(text, at, end) && is_digit(text, at + 1, end) && is_digit(text, at + 2, end) ? at + 3 : at;
}

size_t match_line_end(struct characters *text, size_t at, size_t end, uint32_t rule) {
    (void)rule;
    (void)end;
    return at + (text->codes[at] == '\r' || text->codes[at] == '\n');
}

size_t match_lines(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const bool line = text->codes[at] == '\n';
    (void)rule;
    while (at < end && (text->codes[at] == '\n') == line) {
        at++;
    }
    return at;
}

size_t match_non_space(struct characters *text, size_t at, size_t end, uint32_t rule) {
    (void)rule;
    while (at < end && text->classes[at] != CLASS_SPACE) {
        at++;
    }
    return at;
}

/* Also matches the text before the trailing spaces; otherwise trying each space of a long text would take quadratic
 * time. */
size_t match_trailing(struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t start = end;
    (void)rule;
    while (start > at && text->classes[start - 1] == CLASS_SPACE) {
        start--;
    }
    return start > at ? start : end;
}

static bool is_bloom(const struct characters *text, size_t at, size_t end) {
    if (at >= end || text->classes[at] == CLASS_SPACE) {
        return false;
    }
    switch (text->codes[at]) {
    case 0x2026:
    case 0x3002:
    case 0xff0c:
    case 0x3001:
    case 0x0964:
    case 0x06d4:
    case 0x060c:
        return false;
    default:
        return !is_one_of(text->codes[at], "(|.,!?)");
    }
}

size_t match_bloom(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const size_t start = at + (text->codes[at] == ' ');
    size_t last = start;
    (void)rule;
    while (is_bloom(text, last, end)) {
        last++;
    }
    return last > start ? last : at;
}

/* (?=(\d{3})+(?!\d)) matches nothing but cuts before each group of three digits, counted from the end of the number.
 * The piece up to the next cut is the match. */
size_t match_thousands(struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t from = at;
    (void)rule;
    for (;;) {
        while (from < end && !is_digit(text, from, end)) {
            from++;
        }
        if (from == end) {
            return end;
        }
        if (from >= text->run_end) {
            text->run_end = from;
            while (is_digit(text, text->run_end, end)) {
                text->run_end++;
            }
        }
        const size_t first = from + (text->run_end - from) % 3;
        const size_t cut = first == at ? at + 3 : first;
        if (cut < text->run_end) {
            return cut;
        }
        from = text->run_end;
    }
}

/* As in llama.cpp's unicode_regex_split_custom_afmoe, the text before a number belongs to its first group. */
size_t match_thousands_afmoe(struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t start = at;
    (void)rule;
    while (start < end && text->classes[start] != CLASS_NUMBER) {
        start++;
    }
    if (start >= text->run_end) {
        text->run_end = match_run(text, start, end, CLASS_NUMBER);
    }
    const size_t count = text->run_end - start;
    return count == 0 ? end : start + (count % 3 ? count % 3 : 3);
}

static size_t match_text(const struct characters *text, size_t at, size_t end, const char *wanted) {
    size_t last = at;
    for (; *wanted; wanted++, last++) {
        if (last >= end || text->codes[last] != (uint32_t)*wanted) {
            return at;
        }
    }
    return last;
}

size_t match_sentinel(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const size_t start = match_text(text, at, end, "<sentinel:");
    size_t last = start;
    (void)rule;
    while (last > at && is_digit(text, last, end)) {
        last++;
    }
    return last > start && last < end && text->codes[last] == '>' ? last + 1 : at;
}

size_t match_image(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const size_t start = match_text(text, at, end, "IMGIMG");
    size_t last = start;
    (void)rule;
    while (start > at && last < end && last - start < 4 && text->codes[last] >= 'A' && text->codes[last] <= 'I') {
        last++;
    }
    return last > start && last < end && text->codes[last] == 'Z' ? last + 1 : at;
}

size_t match_blank(struct characters *text, size_t at, size_t end, uint32_t rule) {
    (void)rule;
    if (text->codes[at] == '\t' || text->codes[at] == '\n') {
        return at + 1;
    }
    const size_t four = match_text(text, at, end, "    ");
    return four > at ? four : match_text(text, at, end, "  ");
}
