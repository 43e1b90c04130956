/* The numbers, strings and other values without members that a branch allows. */
#ifndef ENGINE_GRAMMAR_SCHEMA_SCALARS_H
#define ENGINE_GRAMMAR_SCHEMA_SCALARS_H

#include "engine/grammar/schema_branches.h"

/* Their texts. */
uint32_t scalars_node(struct schema_compiler *compiler, const struct branch *branch);
/* The texts of all strings that meet the atoms, inside the quotes: for propertyNames. */
uint32_t scalars_strings(struct schema_compiler *compiler, const struct atoms *atoms);

#endif
