/* Writes values as JSON. */
#ifndef ENGINE_TEXT_JSON_JSON_WRITE_H
#define ENGINE_TEXT_JSON_JSON_WRITE_H

#include "engine/text/json/buffer.h"

struct json_style {
    const struct value *indent;  /* a string, or a number of spaces; null: all on one line */
    const struct value *between; /* separator of items; null: as in Python */
    const struct value *after_key;
    bool ascii, sorted;
};

/* Appends what Python's json.dumps gives. Brackets, quotes and separators are as trusted as the value they belong to.
 */
void json_write(struct buffer *buffer, const struct value *value, const struct json_style *style);

#endif
