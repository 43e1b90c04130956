/* Types of tokens. */
#ifndef ENGINE_TEXT_TOKENIZER_TOKEN_TYPE_H
#define ENGINE_TEXT_TOKENIZER_TOKEN_TYPE_H

/* tokenizer.ggml.token_type */
enum token_type {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,
    TOKEN_CONTROL = 3,
    TOKEN_USER_DEFINED = 4,
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6
};

/* Stored with the type in vocabulary.types. */
enum token_flag {
    TOKEN_TYPE_MASK = 7,
    TOKEN_STRIPS_LEFT = 8,   /* removes the white space before it */
    TOKEN_STRIPS_RIGHT = 16, /* and after it */
    TOKEN_GUARDED = 32       /* user-defined, but not parsed in untrusted text */
};

#endif
