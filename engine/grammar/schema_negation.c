/* The complement of a schema. A value does not conform if it violates at least one keyword, so each keyword adds the
 * ways to violate it, and one of them is chosen. A keyword that has no conditions adds none. */
#include "engine/grammar/schema_negation.h"

#include "engine/grammar/schema_keywords.h"
#include "engine/grammar/schema_references.h"

struct negation {
    struct schema_compiler *compiler;
    struct choice *choice;
    const struct value *schema;
};

static void add(struct negation *negation, enum atom_kind kind, const struct value *value) {
    atoms_add(negation->compiler, choice_alternative(negation->compiler, negation->choice), kind, value, 0);
}

static void add_of_type(struct negation *negation, unsigned types, enum atom_kind kind, const struct value *value,
                        size_t index) {
    choice_violation(negation->compiler, negation->choice, types, kind, value, (uint32_t)index);
}

static bool is_bool(const struct value *value, bool truth) {
    return value->kind == VALUE_BOOL && (value->integer != 0) == truth;
}

/* One alternative in which the value equals none. */
static void violate_enum(struct negation *negation, const struct value *list) {
    struct atoms *atoms = choice_alternative(negation->compiler, negation->choice);
    for (size_t i = 0; i < list->list.count; i++) {
        atoms_add(negation->compiler, atoms, ATOM_DIFFERS, list->list.items[i], 0);
    }
}

/* One alternative in which the value conforms to none. */
static void violate_all(struct negation *negation, const struct value *list) {
    struct atoms *atoms = choice_alternative(negation->compiler, negation->choice);
    for (size_t i = 0; i < list->list.count; i++) {
        atoms_add(negation->compiler, atoms, ATOM_IS_NOT, list->list.items[i], 0);
    }
}

/* None conforms, or two do. */
static void violate_one_of(struct negation *negation, const struct value *list) {
    violate_all(negation, list);
    for (size_t i = 0; i < list->list.count; i++) {
        for (size_t k = 0; k < i && !negation->compiler->box->failed; k++) {
            struct atoms *atoms = choice_alternative(negation->compiler, negation->choice);
            atoms_add(negation->compiler, atoms, ATOM_IS, list->list.items[i], 0);
            atoms_add(negation->compiler, atoms, ATOM_IS, list->list.items[k], 0);
        }
    }
}

static void violate_if(struct negation *negation, const struct value *condition) {
    static const char *const names[] = {"then", "else"};
    for (int i = 0; i < 2; i++) {
        const struct value *part = schema_get(negation->compiler, negation->schema, names[i]);
        if (part) {
            struct atoms *atoms = choice_alternative(negation->compiler, negation->choice);
            atoms_add(negation->compiler, atoms, i ? ATOM_IS_NOT : ATOM_IS, condition, 0);
            atoms_add(negation->compiler, atoms, ATOM_IS_NOT, part, 0);
        }
    }
}

static void violate_dependent(struct negation *negation, const struct value *dict) {
    struct schema_compiler *compiler = negation->compiler;
    for (size_t i = 0; i < dict->dict.count && !compiler->box->failed; i++) {
        const struct entry *entry = &dict->dict.entries[i];
        const bool names = entry->value->kind == VALUE_LIST;
        for (size_t k = 0; k < (names ? entry->value->list.count : 1); k++) {
            struct atoms *atoms =
                choice_violation(compiler, negation->choice, TYPE_OBJECT, ATOM_PRESENT, entry->key, 0);
            atoms_add(compiler, atoms, names ? ATOM_ABSENT : ATOM_IS_NOT,
                      names ? entry->value->list.items[k] : entry->value, 0);
        }
    }
}

static void violate_properties(struct negation *negation, const struct value *dict) {
    for (size_t i = 0; i < dict->dict.count && !negation->compiler->box->failed; i++) {
        struct atoms *atoms = choice_violation(negation->compiler, negation->choice, TYPE_OBJECT, ATOM_PRESENT,
                                               dict->dict.entries[i].key, 0);
        atoms_add(negation->compiler, atoms, ATOM_PROPERTY_FAILS, negation->schema, (uint32_t)i);
    }
}

/* A property of a free name, or an item, must violate a schema. Only for the schema false can that be told from the
 * name alone. */
static void violate_members(struct negation *negation, size_t index, const char *keyword, const struct value *value) {
    if (is_bool(value, false)) {
        add_of_type(negation, TYPE_OBJECT, ATOM_FAILS, negation->schema, index);
    } else if (!is_bool(value, true) && !(value->kind == VALUE_DICT && value->dict.count == 0)) {
        schema_fail(negation->compiler, negation->schema, keyword, "its complement is not supported");
    }
}

static void violate_applicator(struct negation *negation, const struct entry *entry) {
    struct schema_compiler *compiler = negation->compiler;
    const struct value *schema = negation->schema;
    const struct value *value = entry->value;
    switch (schema_keyword(entry->key)) {
    case KEYWORD_ALL_OF:
        value = schema_list(compiler, schema, "allOf", value);
        for (size_t i = 0; i < value->list.count; i++) {
            add(negation, ATOM_IS_NOT, value->list.items[i]);
        }
        break;
    case KEYWORD_ANY_OF:
        violate_all(negation, schema_list(compiler, schema, "anyOf", value));
        break;
    case KEYWORD_ONE_OF:
        violate_one_of(negation, schema_list(compiler, schema, "oneOf", value));
        break;
    case KEYWORD_NOT:
        add(negation, ATOM_IS, value);
        break;
    case KEYWORD_IF:
        violate_if(negation, value);
        break;
    case KEYWORD_REF:
        value = references_find(compiler, schema, entry->key, value);
        if (value) {
            add(negation, ATOM_IS_NOT, value);
        }
        break;
    case KEYWORD_DEPENDENT:
        violate_dependent(negation, schema_dict(compiler, schema, "dependencies", value));
        break;
    default:
        break;
    }
}

static void violate_object(struct negation *negation, const struct entry *entry, size_t index) {
    struct schema_compiler *compiler = negation->compiler;
    const struct value *schema = negation->schema;
    const struct value *value = entry->value;
    switch (schema_keyword(entry->key)) {
    case KEYWORD_PROPERTIES:
        violate_properties(negation, schema_dict(compiler, schema, "properties", value));
        break;
    case KEYWORD_REQUIRED:
        value = schema_list(compiler, schema, "required", value);
        for (size_t i = 0; i < value->list.count; i++) {
            add_of_type(negation, TYPE_OBJECT, ATOM_ABSENT, value->list.items[i], 0);
        }
        break;
    case KEYWORD_PROPERTY_COUNT:
    case KEYWORD_PROPERTY_NAMES:
        add_of_type(negation, TYPE_OBJECT, ATOM_FAILS, schema, index);
        break;
    case KEYWORD_ADDITIONAL_PROPERTIES:
        violate_members(negation, index, "additionalProperties", value);
        break;
    case KEYWORD_PATTERN_PROPERTIES:
        value = schema_dict(compiler, schema, "patternProperties", value);
        for (size_t i = 0; i < value->dict.count; i++) {
            if (!is_bool(value->dict.entries[i].value, true)) {
                schema_fail(compiler, schema, "patternProperties", "its complement is not supported");
            }
        }
        break;
    default:
        break;
    }
}

/* An item violates the schema for its place, or that for the rest. */
static void violate_items(struct negation *negation) {
    const struct value *prefix = schema_prefix(negation->compiler, negation->schema);
    for (size_t i = 0; i < prefix->list.count && !negation->compiler->box->failed; i++) {
        add_of_type(negation, TYPE_ARRAY, ATOM_ITEM_FAILS, negation->schema, i);
    }
    if (schema_rest(negation->compiler, negation->schema)) {
        add_of_type(negation, TYPE_ARRAY, ATOM_REST_FAILS, negation->schema, 0);
    }
}

static void violate_array(struct negation *negation, const struct entry *entry, size_t index) {
    struct schema_compiler *compiler = negation->compiler;
    const struct value *schema = negation->schema;
    const struct value *value = entry->value;
    const struct value *most = schema_get(compiler, schema, "maxContains");
    switch (schema_keyword(entry->key)) {
    case KEYWORD_ITEM_COUNT:
        add_of_type(negation, TYPE_ARRAY, ATOM_FAILS, schema, index);
        break;
    case KEYWORD_CONTAINS: /* too few, or too many; maxContains stands for the latter */
        add_of_type(negation, TYPE_ARRAY, ATOM_FAILS, schema, index);
        for (size_t i = 0; most && i < schema->dict.count; i++) {
            if (schema->dict.entries[i].value == most) {
                add_of_type(negation, TYPE_ARRAY, ATOM_FAILS, schema, i);
            }
        }
        break;
    case KEYWORD_UNIQUE_ITEMS:
        if (!is_bool(value, false)) {
            schema_fail(compiler, schema, "uniqueItems", "its complement is not supported");
        }
        break;
    default:
        break;
    }
}

static void violate_keyword(struct negation *negation, const struct entry *entry, size_t index) {
    struct schema_compiler *compiler = negation->compiler;
    const struct value *schema = negation->schema;
    switch (schema_keyword(entry->key)) {
    case KEYWORD_REFUSED:
        schema_fail_key(compiler, schema, entry->key, "is not supported in a complement");
        break;
    case KEYWORD_TYPE:
        add_of_type(negation, TYPE_ANY & ~schema_types(compiler, schema, entry->value), ATOM_TYPE, NULL, TYPE_ANY);
        break;
    case KEYWORD_ENUM:
        violate_enum(negation, schema_list(compiler, schema, "enum", entry->value));
        break;
    case KEYWORD_CONST:
        add(negation, ATOM_DIFFERS, entry->value);
        break;
    case KEYWORD_NUMBER:
        if (entry->value->kind != VALUE_BOOL) { /* a flag of draft 4: part of the bound's own violation */
            add_of_type(negation, TYPE_NUMBER, ATOM_FAILS, schema, index);
        }
        break;
    case KEYWORD_FORMAT:
        if (compiler->options->ignore_format) {
            break;
        }
        add_of_type(negation, TYPE_STRING, ATOM_FAILS, schema, index);
        break;
    case KEYWORD_STRING:
        add_of_type(negation, TYPE_STRING, ATOM_FAILS, schema, index);
        break;
    default:
        violate_applicator(negation, entry);
        violate_object(negation, entry, index);
        violate_array(negation, entry, index);
    }
}

void negation_open(struct schema_compiler *compiler, struct branch *branch, const struct value *schema) {
    if (schema->kind == VALUE_BOOL) {
        branch->types = schema->integer ? 0 : branch->types;
        return;
    }
    if (schema->kind != VALUE_DICT) {
        schema_fail(compiler, schema, NULL, "a schema must be an object or a boolean");
        return;
    }
    struct negation negation = {compiler, choice_add(compiler, branch, schema, NULL), schema};
    for (size_t i = 0; i < schema->dict.count && !compiler->box->failed; i++) {
        violate_keyword(&negation, &schema->dict.entries[i], i);
    }
    violate_items(&negation);
}
