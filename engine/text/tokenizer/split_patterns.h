/* Small patterns that some pre-tokenizers apply before or after the word patterns. */
#ifndef ENGINE_TEXT_TOKENIZER_SPLIT_PATTERNS_H
#define ENGINE_TEXT_TOKENIZER_SPLIT_PATTERNS_H

#include "engine/text/tokenizer/pattern.h"

enum character_set {
    SET_CJK,
    SET_CJK_KANA,
    SET_AFMOE,
    SET_HANGUL,
    SET_WIDE_PUNCTUATION,
    SET_BOPOMOFO,
    SET_LETTERS,
    SET_PUNCTUATION
};

/* The rule is a class. */
size_t match_one(struct characters *text, size_t at, size_t end, uint32_t rule);        /* \p{rule} */
size_t match_three(struct characters *text, size_t at, size_t end, uint32_t rule);      /* \p{rule}{1,3} */
size_t match_run(struct characters *text, size_t at, size_t end, uint32_t rule);        /* \p{rule}+ */
size_t match_spaced_run(struct characters *text, size_t at, size_t end, uint32_t rule); /* \s?\p{rule}+ */
/* The rule is an enum character_set. */
size_t match_set(struct characters *text, size_t at, size_t end, uint32_t rule);        /* [rule]+ */
size_t match_spaced_set(struct characters *text, size_t at, size_t end, uint32_t rule); /* \s?[rule]+ */
/* [\p{P}$+<=>^~|]+, with ` if the rule is 1 */
size_t match_punctuation(struct characters *text, size_t at, size_t end, uint32_t rule);

/* The others ignore the rule. */
/* [HANGUL]+|[WIDE_PUNCTUATION]+|[BOPOMOFO]+|[CJK_KANA]+ */
size_t match_youtu(struct characters *text, size_t at, size_t end, uint32_t rule);
size_t match_digits(struct characters *text, size_t at, size_t end, uint32_t rule);    /* [0-9][0-9][0-9] */
size_t match_line_end(struct characters *text, size_t at, size_t end, uint32_t rule);  /* [\r\n] */
size_t match_lines(struct characters *text, size_t at, size_t end, uint32_t rule);     /* [^\n]+|[\n]+ */
size_t match_non_space(struct characters *text, size_t at, size_t end, uint32_t rule); /* \S+ */
size_t match_trailing(struct characters *text, size_t at, size_t end, uint32_t rule);  /* \s+$ */
size_t match_bloom(struct characters *text, size_t at, size_t end, uint32_t rule);
size_t match_thousands(struct characters *text, size_t at, size_t end, uint32_t rule); /* (?=(\d{3})+(?!\d)) */
/* Groups of three of \p{N}, counted from the end of the number. */
size_t match_thousands_afmoe(struct characters *text, size_t at, size_t end, uint32_t rule);
size_t match_sentinel(struct characters *text, size_t at, size_t end, uint32_t rule); /* <sentinel:[0-9]+> */
size_t match_image(struct characters *text, size_t at, size_t end, uint32_t rule);    /* IMGIMG[A-I]{1,4}Z */
size_t match_blank(struct characters *text, size_t at, size_t end, uint32_t rule);    /* [\t\n]|    |   */
size_t match_symbol(struct characters *text, size_t at, size_t end, uint32_t rule);   /* [\p{P}!-/:-@\[-`{-~] */

#endif
