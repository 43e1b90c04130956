/* Pre-tokenizers: how a text is split into words before BPE merges the characters of each.
 *
 * Model files name one in tokenizer.ggml.pre. Its definition is a list of regular expressions; each splits the pieces
 * that the one before left. Here they are lists of patterns (pattern.h). They do what llama.cpp's
 * unicode_regex_split does with the expressions, which is not always what their authors meant. */
#ifndef ENGINE_TEXT_TOKENIZER_PRETOKENIZER_H
#define ENGINE_TEXT_TOKENIZER_PRETOKENIZER_H

#include <stdbool.h>

#include "engine/text/tokenizer/pattern.h"
#include "gguf/gguf.h"

#define MAX_PATTERNS 6

enum pretokenizer_flag {
    PRE_IGNORE_MERGES = 1, /* a word that is a token becomes that token without merging */
    PRE_ADD_BOS = 2,       /* unless the file says otherwise */
    PRE_CLEAN = 4,         /* detokenizing removes spaces before punctuation */
    PRE_NO_BOS = 8,        /* there is no default id of bos */
    PRE_RAW = 16,          /* tokens are plain UTF-8, not the printable form of bytes */
    PRE_SPACES = 32,       /* with U+2581 for a space */
    PRE_GEMMA = 64         /* a word of newlines that is a token becomes that token; bos is always added */
};

struct pretokenizer {
    const char *name;
    const struct pattern *patterns; /* MAX_PATTERNS at most, then one whose match is null */
    uint8_t flags;                  /* enum pretokenizer_flag */
};

/* Null if there is none of that name. */
const struct pretokenizer *pretokenizer_find(struct gguf_text name);

/* Iterates over the words of a text. */
struct words {
    const struct pattern *patterns;
    struct characters text;
    size_t ends[MAX_PATTERNS + 1]; /* end of the current piece of each pattern; ends[0] is the end of the text */
    size_t start, end;             /* the current word */
};
void words_start(struct words *words, const struct pattern *patterns, struct characters text);
/* False after the last word. */
bool words_next(struct words *words);

#endif
