/* JSON Schema, draft 2020-12. Of earlier drafts, it also takes `items` as a list with `additionalItems`,
 * `dependencies`, `definitions`, and the flags exclusiveMinimum and exclusiveMaximum.
 *
 * The compiler treats a schema as a set of values. It rewrites keywords that combine schemas (allOf, anyOf, oneOf, not,
 * if, dependentSchemas, $ref) into alternatives of plain conditions, negations included, and makes one rule for each
 * set of conditions that a place in the document needs. A keyword that it cannot enforce is an error that names its
 * JSON pointer. Keywords that only describe (title, default, examples, contentEncoding ...) and keywords that JSON
 * Schema does not know are no conditions and are ignored, as the specification asks.
 *
 * The grammar accepts one way to write a value, except for spellings within strings:
 * - members in the order of the schema's `properties`, then required ones, then all others, in any order;
 * - no white space, unless the options allow it;
 * - numbers without a superfluous fraction where the type is integer, and without an exponent wherever a keyword looks
 *   at the number's value. */
#ifndef ENGINE_GRAMMAR_SCHEMA_H
#define ENGINE_GRAMMAR_SCHEMA_H

#include "engine/grammar/rules.h"

struct schema_options {
    bool white_space;   /* allow up to 40 bytes of white space between tokens, instead of none */
    bool ignore_format; /* `format` only describes, as it does by default in the specification */
};

/* Adds the rules of a schema; rules->root is then the rule of a document. Errors are recorded in the sandbox:
 * QN_ERR_ARGUMENT, QN_ERR_LIMIT, QN_ERR_MEMORY. */
void schema_compile(struct rules *rules, const char *text, size_t bytes, const struct schema_options *options);

#endif
