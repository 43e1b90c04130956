/* Construction of branches and choices. */
#include "engine/grammar/schema_choices.h"

#include "engine/grammar/decimal.h"

struct choice *choice_add(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                          const char *keyword) {
    struct choice *choices = sandbox_grow(compiler->box, branch->choices, branch->n_choices, &branch->choices_capacity,
                                          sizeof(struct choice));
    if (choices == NULL) {
        return NULL;
    }
    branch->choices = choices;
    choices[branch->n_choices] = (struct choice){.schema = schema, .keyword = keyword};
    return &choices[branch->n_choices++];
}

struct atoms *choice_alternative(struct schema_compiler *compiler, struct choice *choice) {
    static struct atoms scrap;
    struct atoms *alternatives = choice ? sandbox_grow(compiler->box, choice->alternatives, choice->count,
                                                       &choice->capacity, sizeof(struct atoms))
                                        : NULL;
    scrap = (struct atoms){0};
    if (alternatives == NULL) {
        return &scrap;
    }
    choice->alternatives = alternatives;
    alternatives[choice->count] = (struct atoms){0};
    return &alternatives[choice->count++];
}

struct atoms *choice_violation(struct schema_compiler *compiler, struct choice *choice, unsigned types,
                               enum atom_kind kind, const struct value *value, uint32_t index) {
    struct atoms *atoms = choice_alternative(compiler, choice);
    atoms_add(compiler, atoms, ATOM_TYPE, NULL, types);
    atoms_add(compiler, atoms, kind, value, index);
    return atoms;
}

const struct value *schema_list(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                                const struct value *value) {
    static const struct value empty = {.kind = VALUE_LIST};
    if (value->kind == VALUE_LIST) {
        return value;
    }
    schema_fail(compiler, schema, keyword, "must be a list");
    return &empty;
}

const struct value *schema_dict(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                                const struct value *value) {
    static const struct value empty = {.kind = VALUE_DICT};
    if (value->kind == VALUE_DICT) {
        return value;
    }
    schema_fail(compiler, schema, keyword, "must be an object");
    return &empty;
}

const struct value *schema_prefix(struct schema_compiler *compiler, const struct value *schema) {
    static const struct value none = {.kind = VALUE_LIST};
    const struct value *items = schema_get(compiler, schema, "items");
    const struct value *prefix = schema_get(compiler, schema, "prefixItems");
    if (prefix == NULL) {
        return items && items->kind == VALUE_LIST ? items : &none;
    }
    return schema_list(compiler, schema, "prefixItems", prefix);
}

const struct value *schema_rest(struct schema_compiler *compiler, const struct value *schema) {
    const struct value *items = schema_get(compiler, schema, "items");
    const bool earlier = items && items->kind == VALUE_LIST && schema_get(compiler, schema, "prefixItems") == NULL;
    return earlier ? schema_get(compiler, schema, "additionalItems") : items;
}

static unsigned named_type(struct schema_compiler *compiler, const struct value *schema, const struct value *name) {
    static const struct {
        const char *name;
        unsigned types;
    } names[] = {{"null", TYPE_NULL},       {"boolean", TYPE_FALSE | TYPE_TRUE},
                 {"integer", TYPE_INTEGER}, {"number", TYPE_NUMBER},
                 {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
                 {"object", TYPE_OBJECT}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (value_is_text(name, names[i].name)) {
            return names[i].types;
        }
    }
    schema_fail(compiler, schema, "type", "names a type that JSON Schema does not know");
    return 0;
}

unsigned schema_types(struct schema_compiler *compiler, const struct value *schema, const struct value *value) {
    unsigned types = 0;
    if (value->kind != VALUE_LIST) {
        return named_type(compiler, schema, value);
    }
    for (size_t i = 0; i < value->list.count; i++) {
        types |= named_type(compiler, schema, value->list.items[i]);
    }
    return types;
}

unsigned schema_type_of(struct schema_compiler *compiler, const struct value *value) {
    struct decimal decimal;
    switch (value->kind) {
    case VALUE_NONE:
        return TYPE_NULL;
    case VALUE_BOOL:
        return value->integer ? TYPE_TRUE : TYPE_FALSE;
    case VALUE_INT:
        return TYPE_INTEGER;
    case VALUE_FLOAT:
        return decimal_read(compiler->box, value, &decimal) && !decimal_is_integer(&decimal) ? TYPE_FRACTION
                                                                                             : TYPE_INTEGER;
    case VALUE_STRING:
        return TYPE_STRING;
    case VALUE_LIST:
        return TYPE_ARRAY;
    default:
        return TYPE_OBJECT;
    }
}
