/* The complement of a schema: a choice among the ways to violate it. */
#ifndef ENGINE_GRAMMAR_SCHEMA_NEGATION_H
#define ENGINE_GRAMMAR_SCHEMA_NEGATION_H

#include "engine/grammar/schema_choices.h"

/* Adds to the branch that its values do not conform to the schema. */
void negation_open(struct schema_compiler *compiler, struct branch *branch, const struct value *schema);

#endif
