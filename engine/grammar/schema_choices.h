/* Branches of a conjunction under construction, and the choices that they still have to make. */
#ifndef ENGINE_GRAMMAR_SCHEMA_CHOICES_H
#define ENGINE_GRAMMAR_SCHEMA_CHOICES_H

#include "engine/grammar/schema_compiler.h"

struct choice {
    struct atoms *alternatives; /* (count) */
    size_t count, capacity;
    const struct value *schema; /* whose keyword it comes from */
    const char *keyword;
};

struct branch {
    unsigned types;      /* that are still possible */
    struct atoms opened; /* without duplicates */
    struct atoms todo;
    struct choice *choices; /* (n_choices) undecided */
    size_t n_choices, choices_capacity;
};

/* Adds a choice that a keyword of a schema makes. Null after an error. */
struct choice *choice_add(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                          const char *keyword);
/* Adds an alternative without atoms, and returns it. The choice may be null, after an error. */
struct atoms *choice_alternative(struct schema_compiler *compiler, struct choice *choice);
/* An alternative with a condition on the type, and another atom. */
struct atoms *choice_violation(struct schema_compiler *compiler, struct choice *choice, unsigned types,
                               enum atom_kind kind, const struct value *value, uint32_t index);

/* The value of a keyword that must be a list, or an object; an empty one after an error. */
const struct value *schema_list(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                                const struct value *value);
const struct value *schema_dict(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                                const struct value *value);
/* The schemas for the first items of an array, as a list; and that for the rest, null if there is none. They are
 * `prefixItems` and `items`; in drafts before 2020-12, a list in `items`, and `additionalItems`. */
const struct value *schema_prefix(struct schema_compiler *compiler, const struct value *schema);
const struct value *schema_rest(struct schema_compiler *compiler, const struct value *schema);

/* The types that the keyword `type` of a schema allows. */
unsigned schema_types(struct schema_compiler *compiler, const struct value *schema, const struct value *value);
/* The type bit of an instance. A number's is INTEGER or FRACTION. */
unsigned schema_type_of(struct schema_compiler *compiler, const struct value *value);

#endif
