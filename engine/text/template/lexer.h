/* Splits a template into tokens. trim_blocks and lstrip_blocks are on: white space between the start of a line and a
 * block tag is removed, and so is one newline after the tag. */
#ifndef ENGINE_TEXT_TEMPLATE_LEXER_H
#define ENGINE_TEXT_TEMPLATE_LEXER_H

#include "engine/text/json/sandbox.h"

enum token_kind {
    TOKEN_END,
    TOKEN_TEXT, /* outside tags, stripped as the tags around it demand */
    TOKEN_PRINT_BEGIN,
    TOKEN_PRINT_END,
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_OPERATOR
};

/* Operators of two characters are numbered by both. */
#define PAIR(a, b) ((unsigned)(a) << 8 | (unsigned)(b))

struct token {
    enum token_kind kind;
    unsigned operation;  /* of an operator: its character, or PAIR */
    size_t at, bytes;    /* in the template */
    struct value *value; /* of text, strings and numbers */
};

/* The lexer looks ahead without checks: its text must be followed by this many zero bytes. */
#define LEXER_ZEROS 8

struct lexer {
    struct sandbox *box;
    const char *text; /* (bytes + LEXER_ZEROS), newlines as \n */
    size_t bytes, at;
    enum { LEXER_OUTSIDE, LEXER_AT_TAG, LEXER_INSIDE } state;
    char mark;         /* of the current tag: { % or # */
    bool line_start;   /* the last thing read ended with a newline */
    unsigned brackets; /* open ones */
};

/* After an error every token is TOKEN_END. */
void lexer_next(struct lexer *lexer, struct token *token);

#endif
