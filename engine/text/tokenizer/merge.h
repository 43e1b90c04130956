/* Pairwise merging of neighbors, best first, which SentencePiece and byte-level BPE share. */
#ifndef ENGINE_TEXT_TOKENIZER_MERGE_H
#define ENGINE_TEXT_TOKENIZER_MERGE_H

#include "engine/text/tokenizer/encoder.h"

/* A piece of text that is, or becomes, one token. */
struct symbol {
    uint32_t start, bytes;   /* in merger.text; 0 bytes: merged into the one before */
    uint32_t previous, next; /* NOT_FOUND at the ends */
    uint32_t hash;
};

struct merger {
    struct encoder *encoder;
    uint8_t *text;          /* (text_capacity) */
    struct symbol *symbols; /* (capacity) */
    uint32_t *keys;         /* (capacity) of the pair of symbol i and its next; the lowest merges first */
    uint32_t *tree;         /* (capacity) winners of a tournament over the keys */
    size_t text_capacity;
    size_t capacity;
    size_t text_bytes;
    size_t count; /* of symbols */
};

/* Empties the merger and makes space for a text and its symbols, fewer than 2^31 of each. False without memory. */
bool merger_reserve(struct merger *merger, size_t text_bytes, size_t symbols);
/* Adds a symbol for the next `bytes` of merger.text, which are already there. */
void merger_add(struct merger *merger, size_t bytes);
/* Merges until no pair of neighbors can. */
void merger_run(struct merger *merger);
/* Puts the tokens of the symbols; byte tokens for symbols that are no token. */
void merger_put_tokens(const struct merger *merger);

#endif
