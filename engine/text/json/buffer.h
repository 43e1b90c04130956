/* Text under construction. It records which bytes are untrusted. */
#ifndef ENGINE_TEXT_JSON_BUFFER_H
#define ENGINE_TEXT_JSON_BUFFER_H

#include "engine/text/json/sandbox.h"

#define STRING_LIMIT ((size_t)64 << 20) /* bytes of a text */

struct buffer {
    struct sandbox *box;
    char *text;    /* (bytes) */
    uint8_t *mask; /* (bytes) 1 where untrusted, once there are bytes of both kinds */
    size_t bytes, capacity;
    bool untrusted; /* holds for all bytes while there is no mask */
};

void buffer_start(struct buffer *buffer, struct sandbox *box);
/* Each of these appends. */
void buffer_add(struct buffer *buffer, const char *text, size_t bytes, bool untrusted);
void buffer_fill(struct buffer *buffer, char byte, size_t count, bool untrusted);
void buffer_put(struct buffer *buffer, char byte, bool untrusted);
void buffer_text(struct buffer *buffer, const char *literal, bool untrusted);
void buffer_code(struct buffer *buffer, uint32_t code, bool untrusted); /* a code point as UTF-8 */
void buffer_slice(struct buffer *buffer, const struct value *string, size_t from, size_t to); /* bytes [from, to) */
void buffer_string(struct buffer *buffer, const struct value *string);
/* The text as a string value. It shares the buffer's memory, so the buffer must not be used any more. */
struct value *buffer_value(struct buffer *buffer);

#endif
