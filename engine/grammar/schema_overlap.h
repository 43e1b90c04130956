/* A quick test whether two schemas exclude each other. It keeps the alternatives of oneOf small. */
#ifndef ENGINE_GRAMMAR_SCHEMA_OVERLAP_H
#define ENGINE_GRAMMAR_SCHEMA_OVERLAP_H

#include "engine/grammar/schema_choices.h"

/* False only if no value conforms to both: their types differ, or they ask for different constants, directly or in a
 * property that one of them requires. */
bool schemas_may_overlap(struct schema_compiler *compiler, const struct value *a, const struct value *b);

#endif
