/* engine/text/json: JSON and the values it is made of.
 *
 * It holds values (value.h), strings, dicts, text under construction (buffer.h), exact conversion of numbers, printing
 * as Python does it, and reading and writing of JSON. Input is text that may be hostile. Output is a value in a
 * sandbox, which bounds memory, work and nesting, or the sandbox's error.
 *
 * The template interpreter is built on this folder, which must not depend on it, on tokenizers or on models. */
#ifndef ENGINE_TEXT_JSON_JSON_H
#define ENGINE_TEXT_JSON_JSON_H

#include "engine/text/json/sandbox.h"

/* Reads one JSON value. If a key occurs twice, its last value counts, in the position of the first. Strings without
 * escapes point into the text. Lone surrogates become U+FFFD. All of the value is marked as `untrusted` says.
 *
 * Errors have the given code, or are QN_ERR_LIMIT or QN_ERR_MEMORY. The code QN_ERR_ARGUMENT means that this is a
 * template's context: then errors name the offset in the JSON, and everything under the top-level keys messages, tools
 * and documents is untrusted. */
struct value *json_read(struct sandbox *box, const char *text, size_t bytes, bool untrusted, int code);

#endif
