/* The arrays of a branch. */
#ifndef ENGINE_GRAMMAR_SCHEMA_ARRAY_H
#define ENGINE_GRAMMAR_SCHEMA_ARRAY_H

#include "engine/grammar/schema_branches.h"

/* The first state of their texts, which goes on to `next`; STUCK if there are none. */
uint32_t array_states(struct schema_compiler *compiler, const struct branch *branch, uint32_t next);

#endif
