/* Schemas that exclude each other. */
#include "engine/grammar/schema_overlap.h"

#include "engine/grammar/schema_references.h"
#include "engine/text/json/value_dict.h"

#define DEEPEST 6u

/* The schema that a chain of references leads to. */
static const struct value *target(struct schema_compiler *compiler, const struct value *schema) {
    for (unsigned i = 0; i < DEEPEST && schema->kind == VALUE_DICT; i++) {
        const struct value key = {.kind = VALUE_STRING, .string = {.text = "$ref", .bytes = 4}};
        const struct value *reference = dict_get(compiler->box, schema, &key);
        const struct value *next = reference ? references_find(compiler, schema, &key, reference) : NULL;
        if (next == NULL || schema_get(compiler, schema, "type")) {
            break;
        }
        schema = next;
    }
    return schema;
}

/* The constants that a schema allows, as a list or one value; null if it allows others. */
static const struct value *constants(struct schema_compiler *compiler, const struct value *schema, bool *list) {
    const struct value *value = schema_get(compiler, schema, "const");
    *list = false;
    if (value == NULL) {
        value = schema_get(compiler, schema, "enum");
        *list = value && value->kind == VALUE_LIST;
    }
    return value;
}

static bool constants_differ(struct schema_compiler *compiler, const struct value *a, const struct value *b) {
    bool list_a;
    bool list_b;
    const struct value *of_a = constants(compiler, a, &list_a);
    const struct value *of_b = constants(compiler, b, &list_b);
    if (of_a == NULL || of_b == NULL) {
        return false;
    }
    for (size_t i = 0; i < (list_a ? of_a->list.count : 1); i++) {
        for (size_t k = 0; k < (list_b ? of_b->list.count : 1); k++) {
            const struct value *one = list_a ? of_a->list.items[i] : of_a;
            const struct value *other = list_b ? of_b->list.items[k] : of_b;
            if (!regular_step(compiler->regular, 1) || value_equal(compiler->box, one, other)) {
                return false;
            }
        }
    }
    return true;
}

static unsigned allowed_types(struct schema_compiler *compiler, const struct value *schema) {
    bool list;
    unsigned types = TYPE_ANY;
    const struct value *type = schema_get(compiler, schema, "type");
    if (type) {
        types = schema_types(compiler, schema, type);
    }
    const struct value *values = constants(compiler, schema, &list);
    unsigned constant_types = values ? 0 : TYPE_ANY;
    for (size_t i = 0; values && i < (list ? values->list.count : 1); i++) {
        constant_types |= schema_type_of(compiler, list ? values->list.items[i] : values);
    }
    return types & constant_types;
}

static bool
    requires(struct schema_compiler *compiler, const struct value *schema, const struct value *name)
{
    const struct value *list = schema_get(compiler, schema, "required");
    for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->list.count; i++) {
        if (regular_step(compiler->regular, 1) && value_equal(compiler->box, list->list.items[i], name)) {
            return true;
        }
    }
    return false;
}

static bool may_overlap(struct schema_compiler *compiler, const struct value *a, const struct value *b,
                        unsigned depth) {
    a = target(compiler, a);
    b = target(compiler, b);
    const bool ahead = regular_step(compiler->regular, 16); /* keywords are looked up */
    if (a->kind != VALUE_DICT || b->kind != VALUE_DICT || depth > DEEPEST || !ahead) {
        return true;
    }
    const unsigned types = allowed_types(compiler, a) & allowed_types(compiler, b);
    if (types == 0 || constants_differ(compiler, a, b)) {
        return false;
    }
    const struct value *of_a = schema_get(compiler, a, "properties");
    const struct value *of_b = schema_get(compiler, b, "properties");
    if (types != TYPE_OBJECT || of_a == NULL || of_b == NULL || of_a->kind != VALUE_DICT || of_b->kind != VALUE_DICT) {
        return true;
    }
    for (size_t i = 0; i < of_a->dict.count; i++) {
        const struct entry *entry = &of_a->dict.entries[i];
        const struct value *other = dict_get(compiler->box, of_b, entry->key);
        if (other && regular_step(compiler->regular, 1) && !may_overlap(compiler, entry->value, other, depth + 1) &&
            (requires(compiler, a, entry->key) || requires(compiler, b, entry->key))) {
            return false;
        }
    }
    return true;
}

bool schemas_may_overlap(struct schema_compiler *compiler, const struct value *a, const struct value *b) {
    return may_overlap(compiler, a, b, 0);
}
