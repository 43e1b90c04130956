/* JSON, in and out. */
#ifndef ENGINE_TEXT_JSON_H
#define ENGINE_TEXT_JSON_H

#include "engine/text/value.h"

/* Reads one JSON value, hostile or not; of equal keys the last wins, at the place of the first. Strings without
 * escapes point into the text. Lone surrogates become U+FFFD. `untrusted` is the provenance of all of it.
 * code QN_ERR_ARGUMENT says that this is the template's context: errors are of that code and name the offset in the
 * JSON, and what lies under the top-level keys messages, tools and documents is untrusted all the same. Otherwise
 * errors are of `code`. QN_ERR_LIMIT and QN_ERR_MEMORY too. */
struct value *json_read(struct interp *in, const char *text, size_t bytes, bool untrusted, int code);

struct json_style {
    const struct value *indent;              /* string, or number of spaces; null: all on one line */
    const struct value *between, *after_key; /* separators; null: Python's defaults */
    bool ascii, sorted;
};
/* As Python's json.dumps. What stands around a value is of the value's own provenance. */
void json_write(struct buffer *buffer, const struct value *value, const struct json_style *style);

#endif
