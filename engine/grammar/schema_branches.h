/* The alternatives of a conjunction. A conjunction's atoms are opened: a schema into its keywords, a keyword that
 * combines schemas into further atoms or into a choice. Each way to decide all choices is a branch, whose atoms are
 * conditions on one type of value each. The union of the branches' values is the conjunction's. */
#ifndef ENGINE_GRAMMAR_SCHEMA_BRANCHES_H
#define ENGINE_GRAMMAR_SCHEMA_BRANCHES_H

#include "engine/grammar/schema_choices.h"

struct branches {
    struct branch *stack; /* (count) */
    size_t count, capacity;
    size_t total; /* made so far */
};

void branches_start(struct schema_compiler *compiler, struct branches *branches, const struct atoms *atoms);
/* The next branch; false if there are no more, or after an error. Its types are not 0, and nothing is to do. */
bool branches_next(struct schema_compiler *compiler, struct branches *branches, struct branch *branch);

#endif
