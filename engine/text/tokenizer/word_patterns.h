/* Patterns that match whole words: GPT-2's expression and its many descendants. */
#ifndef ENGINE_TEXT_TOKENIZER_WORD_PATTERNS_H
#define ENGINE_TEXT_TOKENIZER_WORD_PATTERNS_H

#include "engine/text/tokenizer/pattern.h"

/* Most expressions are one alternation, tried in the order below. The rule selects the alternatives and their form. */
enum word_rule {
    WORD_CONTRACTIONS = 1,       /* (?i:'s|'t|'re|'ve|'m|'ll|'d) */
    WORD_SUFFIXES = 2,           /* the same after letters, as part of the word */
    WORD_HAN = 4,                /* [\p{Han}]+, which then do not count as letters */
    WORD_MARKS = 8,              /* [^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+ instead of \p{L}+ */
    WORD_CASED = 16,             /* upper case, then lower case: see cased_letters in word_patterns.c */
    WORD_PHRASES = 32,           /* [^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+ */
    WORD_NUMBER = 64,            /* \p{N} */
    WORD_NUMBERS_3 = 128,        /* \p{N}{1,3} */
    WORD_NUMBERS = 256,          /* \p{N}+ */
    WORD_SYMBOLS_NO_MARKS = 512, /*  ?[^\s\p{L}\p{M}\p{N}]+ instead of  ?[^\s\p{L}\p{N}]+ */
    WORD_DEEPSEEK = 1024,        /* [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+ */
    WORD_TAIL_LINES = 2048,      /* [\r\n]* after symbols */
    WORD_TAIL_SLASHES = 4096,    /* [\r\n/]* after symbols */
    WORD_TAIL_ONE = 8192,        /* [\r\n/]? after symbols */
    WORD_LINES = 16384,          /* \s*[\r\n]+ */
    WORD_LINE_ONE = 32768,       /* [\r\n] */
    WORD_SPACES_POWERS = 65536   /* \s{512}(?!\S)|\s{256}(?!\S)|... instead of \s+(?!\S)|\s+ */
};

size_t match_words(struct characters *text, size_t at, size_t end, uint32_t rule);
/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
size_t match_gpt2(struct characters *text, size_t at, size_t end, uint32_t rule);

#endif
