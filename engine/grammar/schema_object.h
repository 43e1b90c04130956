/* The objects of a branch. */
#ifndef ENGINE_GRAMMAR_SCHEMA_OBJECT_H
#define ENGINE_GRAMMAR_SCHEMA_OBJECT_H

#include "engine/grammar/schema_branches.h"

/* The first state of their texts, which goes on to `next`; STUCK if there are none. */
uint32_t object_states(struct schema_compiler *compiler, const struct branch *branch, uint32_t next);

#endif
