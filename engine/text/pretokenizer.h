/* Pre-tokenizers: how a text is cut into words before BPE merges within each.
 *
 * Model files name one in tokenizer.ggml.pre. The definitions are regular expressions; here each is a list of stages
 * that cut the pieces of the stage before, and each stage a small function that says which expression it is. They do
 * what llama.cpp does with the expression, which is not always what its author meant. */
#ifndef ENGINE_TEXT_PRETOKENIZER_H
#define ENGINE_TEXT_PRETOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"

/* A text as code points. */
struct characters {
    const uint32_t *codes;  /* (count) */
    const uint8_t *classes; /* (count) enum unicode_class */
    size_t count;
    size_t run_end; /* end of the run that a stage is cutting up, so that it need not be measured again */
};

/* End of the match that starts at `at`, or `at` when there is none. Nothing from `end` on is looked at; at < end. */
typedef size_t (*stage_match)(struct characters *text, size_t at, size_t end, uint32_t rule);

struct stage {
    stage_match match; /* null ends the list */
    uint32_t rule;
};

#define MAX_STAGES 6

enum pretokenizer_flag {
    PRE_IGNORE_MERGES = 1, /* a word that is a token is that token */
    PRE_ADD_BOS = 2,       /* unless the file says otherwise */
    PRE_CLEAN = 4,         /* detokenising takes off spaces before punctuation */
    PRE_NO_BOS = 8,        /* no default for the id of bos */
    PRE_RAW = 16,          /* tokens are plain UTF-8, not the printable form of bytes */
    PRE_SPACES = 32,       /* with U+2581 for a space */
    PRE_GEMMA = 64         /* a word of newlines that is a token is that token; bos is added whatever the file says */
};

struct pretokenizer {
    const char *name;
    const struct stage *stages; /* MAX_STAGES at most */
    uint8_t flags;              /* enum pretokenizer_flag */
};

/* Null when there is none of that name. */
const struct pretokenizer *pretokenizer_find(struct gguf_text name);

/* Goes through the words of a text. */
struct words {
    const struct stage *stages;
    struct characters text;
    size_t ends[MAX_STAGES + 1]; /* of the piece of each stage; ends[0] is the text's */
    size_t start, end;           /* of the word */
};
void words_start(struct words *words, const struct stage *stages, struct characters text);
/* False after the last. */
bool words_next(struct words *words);

/* ---- stages: words.c ------------------------------------------------------------------------------------ */

/* Most expressions are one alternation, tried in this order; the rule says which parts it has and how they are. */
enum word_rule {
    WORD_CONTRACTIONS = 1,       /* (?i:'s|'t|'re|'ve|'m|'ll|'d) */
    WORD_SUFFIXES = 2,           /* the same after letters, as part of the word */
    WORD_HAN = 4,                /* [\p{Han}]+, which then are no letters */
    WORD_MARKS = 8,              /* [^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+ instead of \p{L}+ */
    WORD_CASED = 16,             /* upper case, then lower case: see cased_letters */
    WORD_PHRASES = 32,           /* [^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+ */
    WORD_NUMBER = 64,            /* \p{N} */
    WORD_NUMBERS_3 = 128,        /* \p{N}{1,3} */
    WORD_NUMBERS = 256,          /* \p{N}+ */
    WORD_SYMBOLS_NO_MARKS = 512, /*  ?[^\s\p{L}\p{M}\p{N}]+ instead of  ?[^\s\p{L}\p{N}]+ */
    WORD_DEEPSEEK = 1024,        /* [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+ */
    WORD_TAIL_LINES = 2048,      /* [\r\n]* after symbols */
    WORD_TAIL_SLASHES = 4096,    /* [\r\n/]* */
    WORD_TAIL_ONE = 8192,        /* [\r\n/]? */
    WORD_LINES = 16384,          /* \s*[\r\n]+ */
    WORD_LINE_ONE = 32768,       /* [\r\n] */
    WORD_SPACES_HALVE = 65536    /* \s{512}(?!\S)|\s{256}(?!\S)|... instead of \s+(?!\S)|\s+ */
};
size_t match_words(struct characters *text, size_t at, size_t end, uint32_t rule);
/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
size_t match_gpt2(struct characters *text, size_t at, size_t end, uint32_t rule);

/* ---- stages: stages.c, the expression beside each -------------------------------------------------------- */

enum character_set {
    SET_CJK,
    SET_CJK_KANA,
    SET_AFMOE,
    SET_HANGUL,
    SET_WIDE_MARKS,
    SET_BOPOMOFO,
    SET_LETTERS,
    SET_MARKS
};

size_t match_one(struct characters *text, size_t at, size_t end, uint32_t rule);        /* \p{rule} */
size_t match_three(struct characters *text, size_t at, size_t end, uint32_t rule);      /* \p{rule}{1,3} */
size_t match_run(struct characters *text, size_t at, size_t end, uint32_t rule);        /* \p{rule}+ */
size_t match_spaced_run(struct characters *text, size_t at, size_t end, uint32_t rule); /* \s?\p{rule}+ */
size_t match_set(struct characters *text, size_t at, size_t end, uint32_t rule);        /* [rule]+ */
size_t match_spaced_set(struct characters *text, size_t at, size_t end, uint32_t rule); /* \s?[rule]+ */
size_t match_youtu(struct characters *text, size_t at, size_t end, uint32_t rule);      /* four sets in turn */
size_t match_marks(struct characters *text, size_t at, size_t end, uint32_t rule);     /* [\p{P}$+<=>^~|]+, ` by rule */
size_t match_digits(struct characters *text, size_t at, size_t end, uint32_t rule);    /* [0-9][0-9][0-9] */
size_t match_line(struct characters *text, size_t at, size_t end, uint32_t rule);      /* [\r\n] */
size_t match_lines(struct characters *text, size_t at, size_t end, uint32_t rule);     /* [^\n]+|[\n]+ */
size_t match_spaceless(struct characters *text, size_t at, size_t end, uint32_t rule); /* \S+ */
size_t match_trailing(struct characters *text, size_t at, size_t end, uint32_t rule);  /* \s+$ */
size_t match_bloom(struct characters *text, size_t at, size_t end, uint32_t rule);
size_t match_groups(struct characters *text, size_t at, size_t end, uint32_t rule);
size_t match_groups_afmoe(struct characters *text, size_t at, size_t end, uint32_t rule);
size_t match_sentinel(struct characters *text, size_t at, size_t end, uint32_t rule); /* <sentinel:[0-9]+> */
size_t match_image(struct characters *text, size_t at, size_t end, uint32_t rule);    /* IMGIMG[A-I]{1,4}Z */
size_t match_blank(struct characters *text, size_t at, size_t end, uint32_t rule);    /* [\t\n]|    |   */
size_t match_sign(struct characters *text, size_t at, size_t end, uint32_t rule);     /* [\p{P}!-/:-@\[-`{-~] */

#endif
