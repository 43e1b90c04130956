/* A text that grows, in a block of the host's memory. */
#ifndef ENGINE_OUTPUT_TEXT_H
#define ENGINE_OUTPUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *at; /* (bytes) */
    size_t bytes, capacity;
    bool failed; /* memory was refused; the text stays as it was */
};

void text_put(struct text *text, char byte);
void text_add(struct text *text, const char *bytes, size_t count);
void text_drop(struct text *text, size_t count); /* its first bytes */
void text_free(struct text *text);
/* Appends a byte of a JSON string's content, escaped where necessary. */
void text_put_json(struct text *text, char byte);

#endif
