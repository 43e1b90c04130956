/* Arrays: items at places with conditions of their own, then a loop for the rest.
 *
 * One counter counts the items of the loop, another one those that `contains` is about. An item that contains counts is
 * either counted or not; it may be both if no maximum is asked for, because then it does no harm not to count an item.
 */
#include "engine/grammar/schema_array.h"

#include "engine/grammar/schema_keywords.h"

#define ITEMS       0u /* counters */
#define FOUND       1u
#define MOST_PLACES 1000u

struct array {
    struct schema_compiler *compiler;
    const struct branch *branch;
    uint32_t places;   /* items with conditions of their own */
    uint32_t min, max; /* items */
    bool impossible;
    /* Of the items from place `from` on, between `least` and `most` must (or must not) conform to `wanted`. */
    const struct value *wanted; /* null: no such condition */
    enum atom_kind wanted_kind;
    uint32_t from, least, most;
};

/* ---- reading the branch ---- */

static void raise_to(uint32_t *value, uint32_t least) { *value = *value < least ? least : *value; }
static void lower_to(uint32_t *value, uint32_t most) { *value = *value > most ? most : *value; }

/* Adds the condition that between `least` and `most` items conform, or do not. */
static void want(struct array *array, const struct value *schema, const char *keyword, enum atom_kind kind,
                 const struct value *wanted, uint32_t from, uint32_t least, uint32_t most) {
    if (array->wanted) {
        schema_fail(array->compiler, schema, keyword, "is not supported together with another condition of its kind");
    }
    array->wanted = wanted;
    array->wanted_kind = kind;
    array->from = from;
    array->least = least;
    array->most = most;
    array->impossible |= least > most;
    raise_to(&array->places, from);
}

static uint32_t count_of(struct array *array, const struct value *schema, const char *keyword, uint32_t usual) {
    const struct value *value = schema_get(array->compiler, schema, keyword);
    return value ? schema_count(array->compiler, schema, keyword, value) : usual;
}

static void read_schema(struct array *array, const struct value *schema) {
    struct schema_compiler *compiler = array->compiler;
    if (schema->kind != VALUE_DICT) {
        return;
    }
    raise_to(&array->places, (uint32_t)schema_prefix(compiler, schema)->list.count);
    raise_to(&array->min, count_of(array, schema, "minItems", 0));
    lower_to(&array->max, count_of(array, schema, "maxItems", NO_LIMIT));
    const struct value *contains = schema_get(compiler, schema, "contains");
    if (contains) {
        const uint32_t least = count_of(array, schema, "minContains", 1);
        const uint32_t most = count_of(array, schema, "maxContains", NO_LIMIT);
        if (least || most != NO_LIMIT) {
            want(array, schema, "contains", ATOM_IS, contains, 0, least, most);
        }
    }
}

static void read_failure(struct array *array, const struct value *schema, const struct value *key) {
    uint32_t count;
    const struct value *contains = schema_get(array->compiler, schema, "contains");
    if (value_is_text(key, "minItems")) {
        count = count_of(array, schema, "minItems", 0);
        array->impossible |= count == 0;
        lower_to(&array->max, count ? count - 1 : 0);
    } else if (value_is_text(key, "maxItems")) {
        raise_to(&array->min, count_of(array, schema, "maxItems", 0) + 1);
    } else if (value_is_text(key, "contains")) {
        count = count_of(array, schema, "minContains", 1);
        array->impossible |= count == 0;
        want(array, schema, "contains", ATOM_IS, contains, 0, 0, count ? count - 1 : 0);
    } else if (value_is_text(key, "maxContains")) {
        want(array, schema, "contains", ATOM_IS, contains, 0, count_of(array, schema, "maxContains", 0) + 1, NO_LIMIT);
    }
}

static void read_branch(struct array *array) {
    for (size_t i = 0; i < array->branch->opened.count && !array->compiler->box->failed; i++) {
        const struct atom *atom = &array->branch->opened.items[i];
        const struct value *value = atom->value;
        if (atom->kind == ATOM_IS) {
            read_schema(array, value);
        } else if (atom->kind == ATOM_FAILS) {
            read_failure(array, value, value->dict.entries[atom->index].key);
        } else if (atom->kind == ATOM_REST_FAILS) {
            want(array, value, "items", ATOM_IS_NOT, schema_rest(array->compiler, value),
                 (uint32_t)schema_prefix(array->compiler, value)->list.count, 1, NO_LIMIT);
        } else if (atom->kind == ATOM_ITEM_FAILS) {
            raise_to(&array->places, atom->index + 1);
            raise_to(&array->min, atom->index + 1);
        } else if (atom->kind == ATOM_EQUALS && value->kind == VALUE_LIST) {
            raise_to(&array->places, (uint32_t)value->list.count);
            raise_to(&array->min, (uint32_t)value->list.count);
            lower_to(&array->max, (uint32_t)value->list.count);
        }
    }
}

/* ---- items ---- */

/* The conditions on the item at a place. */
static struct atoms item_atoms(struct array *array, uint32_t place) {
    struct schema_compiler *compiler = array->compiler;
    struct atoms atoms = {0};
    for (size_t i = 0; i < array->branch->opened.count && !compiler->box->failed; i++) {
        const struct atom *atom = &array->branch->opened.items[i];
        const struct value *value = atom->value;
        const struct value *prefix = NULL;
        const struct value *items = NULL;
        if (atom->kind == ATOM_IS || atom->kind == ATOM_ITEM_FAILS) {
            prefix = schema_prefix(compiler, value);
            items = schema_rest(compiler, value);
        }
        if (atom->kind == ATOM_ITEM_FAILS && atom->index == place) {
            atoms_add(compiler, &atoms, ATOM_IS_NOT, prefix->list.items[place], 0);
        } else if (atom->kind == ATOM_IS && place < prefix->list.count) {
            atoms_add(compiler, &atoms, ATOM_IS, prefix->list.items[place], 0);
        } else if (atom->kind == ATOM_IS && items) {
            atoms_add(compiler, &atoms, ATOM_IS, items, 0);
        } else if (atom->kind == ATOM_EQUALS && value->kind == VALUE_LIST && place < value->list.count) {
            atoms_add(compiler, &atoms, ATOM_EQUALS, value->list.items[place], 0);
        }
    }
    return atoms;
}

static uint32_t check(struct array *array, uint8_t counter, uint32_t limit, uint32_t next) {
    return limit ? rules_add(array->compiler->rules,
                             (struct rule_state){.kind = STATE_CHECK, .counter = counter, .limit = limit, .next = next})
                 : next;
}

static uint32_t add(struct array *array, uint8_t counter, uint32_t min, uint32_t max, uint32_t next) {
    return rules_add(
        array->compiler->rules,
        (struct rule_state){
            .kind = STATE_ADD, .counter = counter, .limit = max, .stop = max == NO_LIMIT ? min : max, .next = next});
}

/* The state of an item that meets the atoms. */
static uint32_t call(struct array *array, struct atoms *atoms, uint32_t place, uint32_t next) {
    struct schema_compiler *compiler = array->compiler;
    if (atoms_never(compiler, atoms)) {
        return STUCK;
    }
    const uint32_t state = rules_call(compiler->rules, schema_rule(compiler, atoms), next);
    return place ? rules_bytes(compiler->rules, compiler->comma, state) : state;
}

/* The state of the item at a place; `next` follows it. */
static uint32_t item(struct array *array, uint32_t place, uint32_t next) {
    struct schema_compiler *compiler = array->compiler;
    struct atoms atoms = item_atoms(array, place);
    if (array->wanted == NULL || place < array->from) {
        return call(array, &atoms, place, next);
    }
    struct atoms found = {0};
    atoms_add_all(compiler, &found, &atoms);
    atoms_add(compiler, &found, array->wanted_kind, array->wanted, 0);
    if (array->most != NO_LIMIT) {
        atoms_add(compiler, &atoms, array->wanted_kind == ATOM_IS ? ATOM_IS_NOT : ATOM_IS, array->wanted, 0);
    }
    const uint32_t counted = add(array, FOUND, array->least, array->most, call(array, &found, place, next));
    uint32_t other = call(array, &atoms, place, next);
    if (array->max != NO_LIMIT) { /* all places are known then: leave room for what is still missing */
        const uint32_t left = array->max - place - 1;
        other = check(array, FOUND, array->least > left ? array->least - left : 0, other);
    }
    return rules_split(compiler->rules, counted, other);
}

/* The state behind the last place: more items of the same kind. */
static uint32_t loop(struct array *array, uint32_t close) {
    struct rules *rules = array->compiler->rules;
    const uint32_t min = array->min > array->places ? array->min - array->places : 0;
    const uint32_t max = array->max == NO_LIMIT ? NO_LIMIT : array->max - array->places;
    const uint32_t loop = rules_split(rules, STUCK, check(array, ITEMS, min, close));
    uint32_t body = item(array, array->places, loop);
    if (min || max != NO_LIMIT) {
        body = add(array, ITEMS, min, max, body);
    }
    if (!array->compiler->box->failed) {
        rules->states[loop].a = body;
    }
    return loop;
}

/* Refuses what the counters cannot do, and settles how many places are treated one by one. */
static void settle(struct array *array) {
    struct schema_compiler *compiler = array->compiler;
    raise_to(&array->places, 1); /* the first item has no comma */
    struct atoms rest = item_atoms(array, array->places);
    if (atoms_never(compiler, &rest)) {
        lower_to(&array->max, array->places);
    }
    for (size_t i = 0; i < array->branch->opened.count && array->max > 1; i++) {
        const struct atom *atom = &array->branch->opened.items[i];
        const struct value *unique = atom->kind == ATOM_IS ? schema_get(compiler, atom->value, "uniqueItems") : NULL;
        if (unique && !(unique->kind == VALUE_BOOL && !unique->integer)) {
            schema_fail(compiler, atom->value, "uniqueItems", "is not supported");
        }
    }
    if (array->wanted && array->max != NO_LIMIT) {
        raise_to(&array->places, array->max);
    }
    if (array->places > MOST_PLACES && array->max > MOST_PLACES) {
        sandbox_fail_limit(compiler->box, "JSON Schema: too many items with conditions of their own");
    }
    array->impossible |= array->min > array->max;
}

uint32_t array_states(struct schema_compiler *compiler, const struct branch *branch, uint32_t next) {
    struct rules *rules = compiler->rules;
    struct array array = {.compiler = compiler, .branch = branch, .max = NO_LIMIT};
    read_branch(&array);
    if (!compiler->box->failed) {
        settle(&array);
    }
    if (array.impossible || compiler->box->failed) {
        return STUCK;
    }
    const uint32_t close =
        check(&array, FOUND, array.wanted ? array.least : 0, rules_bytes(rules, compiler->close_array, next));
    uint32_t state = close;
    uint32_t place = array.max;
    if (array.max > array.places) {
        state = loop(&array, close);
        place = array.places;
    }
    while (place-- > 0 && !compiler->box->failed) {
        const uint32_t more = item(&array, place, state);
        state = place >= array.min ? rules_split(rules, more, close) : more;
    }
    return rules_bytes(rules, compiler->open_array, state);
}
