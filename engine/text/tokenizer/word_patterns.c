/* Patterns that match whole words. See enum word_rule for the expressions. */
#include "engine/text/tokenizer/word_patterns.h"

#include "engine/text/unicode/unicode.h"

/* Stands for the end of the text. */
#define NOTHING UINT32_MAX

static uint32_t code_at(const struct characters *text, size_t at, size_t end) {
    return at < end ? text->codes[at] : NOTHING;
}

static size_t class_run(const struct characters *text, size_t at, size_t end, unsigned class) {
    while (is_class(text, at, end, class)) {
        at++;
    }
    return at;
}

static bool is_line_end(uint32_t code) { return code == '\r' || code == '\n'; }

/* The length of 's 't 're 've 'm 'll or 'd at `at`; 0 if there is none. fold: 32 to accept upper case too, otherwise 0.
 */
static size_t contraction(const struct characters *text, size_t at, size_t end, uint32_t fold) {
    if (code_at(text, at, end) != '\'' || at + 1 >= end) {
        return 0;
    }
    const uint32_t first = code_at(text, at + 1, end) | fold;
    const uint32_t second = code_at(text, at + 2, end) | fold;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
        return 2;
    }
    return ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l') ? 3 : 0;
}

static bool is_han(uint32_t code) {
    return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) ||
           (code >= 0x20000 && code <= 0x2a6df) || (code >= 0x2a700 && code <= 0x2ebef) ||
           (code >= 0xf900 && code <= 0xfaff) || (code >= 0x2f800 && code <= 0x2fa1f);
}

static bool is_joined(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    return (is_class(text, at, end, CLASS_LETTER) && !((rule & WORD_HAN) && is_han(text->codes[at]))) ||
           ((rule & (WORD_MARKS | WORD_DEEPSEEK)) && is_class(text, at, end, CLASS_MARK));
}

/* [^\r\n\p{L}\p{N}], for DeepSeek [^\r\n\p{L}\p{P}\p{S}] */
static bool is_leading(const struct characters *text, size_t at, uint32_t rule) {
    const unsigned class = text->classes[at];
    if (is_line_end(text->codes[at]) || class == CLASS_LETTER) {
        return false;
    }
    return rule & WORD_DEEPSEEK ? class != CLASS_PUNCTUATION && class != CLASS_SYMBOL : class != CLASS_NUMBER;
}

enum letter_kind { LETTER_NONE, LETTER_UPPER, LETTER_LOWER, LETTER_OTHER };

static enum letter_kind letter_kind(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    if (!is_joined(text, at, end, rule)) {
        return LETTER_NONE;
    }
    const uint32_t code = text->codes[at];
    if (code >= 'A' && code <= 'Z') {
        return LETTER_UPPER;
    }
    return code >= 'a' && code <= 'z' ? LETTER_LOWER : LETTER_OTHER;
}

/* With U for [A-Z], l for [a-z] and o for all other letters: [Uo]*[lo]+. Returns `at` if there is no match. */
static size_t lower_word(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t upper_end = at;
    size_t after_other = at; /* end of the last o, to which [Uo]* backtracks if no l follows */
    enum letter_kind kind;
    while ((kind = letter_kind(text, upper_end, end, rule)) == LETTER_UPPER || kind == LETTER_OTHER) {
        upper_end++;
        after_other = kind == LETTER_OTHER ? upper_end : after_other;
    }
    if (kind != LETTER_LOWER) {
        return after_other;
    }
    do {
        kind = letter_kind(text, ++upper_end, end, rule);
    } while (kind == LETTER_LOWER || kind == LETTER_OTHER);
    return upper_end;
}

/* [Uo]+[lo]* where [Uo]*[lo]+ does not match: neither an o nor an l can follow, so this is U+. */
static size_t upper_word(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    while (letter_kind(text, at, end, rule) == LETTER_UPPER) {
        at++;
    }
    return at;
}

/* [^\r\n\p{L}\p{N}]?[Uo]*[lo]+|[^\r\n\p{L}\p{N}]?[Uo]+[lo]* */
static size_t cased_letters(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    const bool leading = is_leading(text, at, rule);
    size_t word = leading ? lower_word(text, at + 1, end, rule) : at;
    if (word > at + 1) {
        return word;
    }
    word = lower_word(text, at, end, rule);
    if (word > at) {
        return word;
    }
    word = leading ? upper_word(text, at + 1, end, rule) : at;
    return word > at + 1 ? word : upper_word(text, at, end, rule);
}

/* (?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+ */
static size_t phrase(const struct characters *text, size_t at, size_t end) {
    while (is_class(text, at, end, CLASS_LETTER)) {
        at = class_run(text, at + 1, end, CLASS_MARK);
        at += code_at(text, at, end) == ' ' && is_class(text, at + 1, end, CLASS_LETTER);
    }
    return at;
}

static size_t letters(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    if (rule & WORD_CASED) {
        return cased_letters(text, at, end, rule);
    }
    size_t start = at;
    if (!is_joined(text, at, end, rule)) {
        start++;
        if (!is_leading(text, at, rule) || !is_joined(text, start, end, rule)) {
            return at;
        }
    }
    if (rule & WORD_PHRASES) {
        return phrase(text, start, end);
    }
    while (is_joined(text, start, end, rule)) {
        start++;
    }
    return start;
}

static bool is_symbol(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    if (at >= end) {
        return false;
    }
    const unsigned class = text->classes[at];
    if (rule & WORD_DEEPSEEK) {
        return class == CLASS_PUNCTUATION || class == CLASS_SYMBOL;
    }
    return class != CLASS_SPACE && class != CLASS_LETTER && class != CLASS_NUMBER &&
           !((rule & WORD_SYMBOLS_NO_MARKS) && class == CLASS_MARK);
}

static size_t symbols(const struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t last = at + (text->codes[at] == ' ');
    if (!is_symbol(text, last, end, rule)) {
        return at;
    }
    while (is_symbol(text, last, end, rule)) {
        last++;
    }
    while (rule & (WORD_TAIL_LINES | WORD_TAIL_SLASHES | WORD_TAIL_ONE)) {
        const uint32_t code = code_at(text, last, end);
        if (!is_line_end(code) && (code != '/' || (rule & WORD_TAIL_LINES))) {
            break;
        }
        last++;
        if (rule & WORD_TAIL_ONE) {
            break;
        }
    }
    return last;
}

/* The first of \s{512}(?!\S), \s{256}(?!\S), ... \s{4}(?!\S), \s{1,2}(?!\S), \s */
static size_t power_of_two(size_t at, size_t run, size_t end) {
    const size_t most = run == end ? run - at : run - at - 1;
    size_t part = 512;
    while (part > 1 && part > most) {
        part /= 2;
    }
    return at + part;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+; the rule may change or omit the first alternative. */
static size_t spaces(struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t run = at;
    size_t after_line = at;
    if ((rule & WORD_LINE_ONE) && is_line_end(text->codes[at])) {
        return at + 1;
    }
    if ((rule & WORD_SPACES_POWERS) && at < text->run_end) {
        return power_of_two(at, text->run_end, end);
    }
    while (is_class(text, run, end, CLASS_SPACE)) {
        after_line = is_line_end(text->codes[run++]) ? run : after_line;
    }
    if (after_line > at && (rule & WORD_LINES)) {
        return after_line;
    }
    if (run > at && (rule & WORD_SPACES_POWERS)) {
        text->run_end = run;
        return power_of_two(at, run, end);
    }
    return run < end && run > at + 1 ? run - 1 : run;
}

static bool is_letter(uint32_t code) { return (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z'); }

/* [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+ */
static size_t marked_letters(const struct characters *text, size_t at, size_t end) {
    const uint32_t code = text->codes[at];
    size_t last = at + 1;
    if (code <= ' ' || code >= 127 || is_letter(code) || (code >= '0' && code <= '9')) {
        return at;
    }
    while (is_letter(code_at(text, last, end))) {
        last++;
    }
    return last > at + 1 ? last : at;
}

size_t match_words(struct characters *text, size_t at, size_t end, uint32_t rule) {
    size_t last = at;
    if (rule & WORD_CONTRACTIONS) {
        last += contraction(text, at, end, 32);
    } else if (rule & WORD_HAN) {
        while (is_han(code_at(text, last, end))) {
            last++;
        }
    } else if (rule & WORD_DEEPSEEK) {
        last = marked_letters(text, at, end);
    }
    if (last > at) {
        return last;
    }
    last = letters(text, at, end, rule);
    if (last > at) {
        return rule & WORD_SUFFIXES ? last + contraction(text, last, end, 32) : last;
    }
    if (is_class(text, at, end, CLASS_NUMBER) && (rule & (WORD_NUMBER | WORD_NUMBERS_3 | WORD_NUMBERS))) {
        size_t limit = rule & WORD_NUMBERS_3 && end - at > 3 ? at + 3 : end;
        limit = rule & WORD_NUMBER ? at + 1 : limit;
        return class_run(text, at, limit, CLASS_NUMBER);
    }
    last = symbols(text, at, end, rule);
    return last > at ? last : spaces(text, at, end, rule);
}

size_t match_gpt2(struct characters *text, size_t at, size_t end, uint32_t rule) {
    const size_t length = contraction(text, at, end, 0);
    const size_t start = at + (text->codes[at] == ' ');
    size_t last = start;
    if (length) {
        return at + length;
    }
    if (is_class(text, start, end, CLASS_LETTER) || is_class(text, start, end, CLASS_NUMBER)) {
        return class_run(text, start, end, text->classes[start]);
    }
    while (is_symbol(text, last, end, 0)) {
        last++;
    }
    return last > start ? last : spaces(text, at, end, rule);
}
