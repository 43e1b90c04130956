/* What the parts of the schema compiler share: conjunctions, the rules made for them, errors.
 *
 * A conjunction is a set of atoms, each a condition that a JSON value must meet. "The value conforms to this schema" is
 * an atom, and so is "it does not". Every place where the schema allows a value has a conjunction: the value of a
 * property, say, must conform to its schema in `properties` and to those of all patterns that match its name. Equal
 * conjunctions share one rule, which is how recursive schemas end. */
#ifndef ENGINE_GRAMMAR_SCHEMA_COMPILER_H
#define ENGINE_GRAMMAR_SCHEMA_COMPILER_H

#include "engine/grammar/rules.h"
#include "engine/grammar/schema.h"

/* Kinds of JSON values, as bits. A number is INTEGER or FRACTION by its value. */
enum json_type {
    TYPE_NULL = 1,
    TYPE_FALSE = 2,
    TYPE_TRUE = 4,
    TYPE_INTEGER = 8,
    TYPE_FRACTION = 16,
    TYPE_STRING = 32,
    TYPE_ARRAY = 64,
    TYPE_OBJECT = 128,
    TYPE_NUMBER = TYPE_INTEGER | TYPE_FRACTION,
    TYPE_ANY = 255,
};

enum atom_kind {
    ATOM_IS,     /* conforms to the schema `value` */
    ATOM_IS_NOT, /* does not */
    ATOM_TYPE,   /* its type is among the bits `index` */
    ATOM_FAILS,  /* violates the keyword of entry `index` of the schema `value`; it is of the type that the keyword is
                    for */
    ATOM_EQUALS, /* equals `value` */
    ATOM_DIFFERS,
    ATOM_PRESENT,        /* an object has the property named `value`; other types conform */
    ATOM_ABSENT,         /* an object has it not; other types conform */
    ATOM_PROPERTY_FAILS, /* a property violates entry `index` of `properties` in the schema `value`, if it is there */
    ATOM_ITEM_FAILS,     /* item `index` violates the schema for its place (schema_prefix) in the schema `value` */
    ATOM_REST_FAILS,     /* an item behind those violates schema_rest */
};

struct atom {
    const struct value *value;
    uint32_t kind, index;
};

struct atoms {
    struct atom *items; /* (count) */
    size_t count, capacity;
};

struct conjunction {
    struct atoms atoms; /* sorted */
    uint32_t hash, rule;
};

struct resource {
    const char *uri; /* (bytes) absolute or empty, without a fragment */
    size_t bytes;
    const struct value *schema;
};

struct anchor {
    const struct value *name, *schema;
    uint32_t resource;
    bool dynamic;
};

struct place {
    const struct value *schema;
    uint32_t resource; /* in which it is */
};

struct schema_compiler {
    struct sandbox *box;
    struct regular *regular;
    struct rules *rules;
    const struct schema_options *options;
    const struct value *root;
    struct conjunction *conjunctions; /* (n_conjunctions) those from n_done on still lack states */
    size_t n_conjunctions, conjunctions_capacity, n_done;
    uint32_t *index; /* (slots) conjunction + 1, by hash; 0: free */
    size_t slots;
    struct resource *resources; /* (n_resources) the first is the document */
    size_t n_resources, resources_capacity;
    struct anchor *anchors; /* (n_anchors) */
    size_t n_anchors, anchors_capacity;
    struct place *places; /* (place_slots) schemas by address; null: free */
    size_t n_places, place_slots;
    const struct value *no; /* the schema false */
    /* Languages: any character and text inside a string; what separates things. */
    uint32_t character, string, comma, colon, open_object, close_object, open_array, close_array;
};

/* Records that a keyword of a schema is refused, with its JSON pointer. keyword may be null: the schema itself. Returns
 * null. */
void *schema_fail(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                  const char *reason);
/* The same for a keyword as the schema has it. */
void *schema_fail_key(struct schema_compiler *compiler, const struct value *schema, const struct value *key,
                      const char *reason);
/* The value of a keyword; null if the schema lacks it, or is no object. */
const struct value *schema_get(struct schema_compiler *compiler, const struct value *schema, const char *keyword);
/* A number of things: a whole number of at least 0, at most NO_LIMIT - 1. Fails for other values. */
uint32_t schema_count(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                      const struct value *value);

void atoms_add(struct schema_compiler *compiler, struct atoms *atoms, enum atom_kind kind, const struct value *value,
               uint32_t index);
void atoms_add_all(struct schema_compiler *compiler, struct atoms *atoms, const struct atoms *other);
/* The rule for values that meet all atoms. Sorts them. Its states are made later. */
uint32_t schema_rule(struct schema_compiler *compiler, struct atoms *atoms);
/* Whether no value can meet the atoms, as far as is obvious. */
bool atoms_never(struct schema_compiler *compiler, const struct atoms *atoms);

/* The text of a string inside the quotes: written in the usual way; in every way; as a string value. */
uint32_t schema_text(struct schema_compiler *compiler, const struct value *string);
uint32_t schema_text_any(struct schema_compiler *compiler, const struct value *string);
bool schema_text_matches(struct schema_compiler *compiler, uint32_t node, const struct value *string);
/* The language of a `pattern`, inside the quotes. */
uint32_t schema_pattern(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                        const struct value *pattern);

#endif
