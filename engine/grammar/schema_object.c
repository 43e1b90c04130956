/* Objects: the declared properties in their order, then all others.
 *
 * The names that are not declared are divided by the patterns that they match (and by other conditions on names),
 * because each part asks for another value. A counter counts the members if their number is limited; another one those
 * that a violated condition on names needs at least one of. */
#include "engine/grammar/schema_object.h"

#include "engine/grammar/automaton.h"
#include "engine/grammar/schema_keywords.h"
#include "engine/grammar/schema_scalars.h"
#include "engine/text/json/value_dict.h"

#define MEMBERS   0u /* counters */
#define WITNESSES 1u

struct property {
    const struct value *name;
    bool required, absent;
    bool witness; /* see struct object */
    uint32_t rule;
};

/* A condition on names: a pattern with the schema that it leads to, or the one that a name must violate. */
struct name_set {
    uint32_t node;
    const struct value *owner; /* schema with patternProperties; null for the condition */
    const struct value *schema;
};

struct object {
    struct schema_compiler *compiler;
    const struct branch *branch;
    struct value *numbers;       /* dict from a name to its property's number */
    struct property *properties; /* (count) */
    size_t count, capacity;
    struct name_set *sets; /* (n_sets) */
    size_t n_sets, sets_capacity;
    uint32_t names;            /* that propertyNames allows; NO_LIMIT: all */
    const struct value *fails; /* the schema whose condition on names must be violated by some member; null: none */
    uint32_t fails_names;      /* the names that violate it */
    uint32_t min, max;         /* members */
    const struct value *min_schema; /* that asks for min */
    bool impossible;
    /* While states are made: the first states of what follows, at the start of the object and behind a member. */
    uint32_t first, more;
    bool has_others; /* members with names that are not declared are possible */
};

/* ---- reading the branch ---- */

static struct property *declare(struct object *object, const struct value *name) {
    struct schema_compiler *compiler = object->compiler;
    static struct property scrap;
    if (name->kind != VALUE_STRING) {
        schema_fail(compiler, name, NULL, "the name of a property must be a string");
        return &scrap;
    }
    const struct value *number = dict_get(compiler->box, object->numbers, name);
    if (number && !compiler->box->failed) {
        return &object->properties[number->integer];
    }
    struct property *properties =
        sandbox_grow(compiler->box, object->properties, object->count, &object->capacity, sizeof(struct property));
    if (properties == NULL || !regular_step(compiler->regular, 1)) {
        return &scrap;
    }
    object->properties = properties;
    properties[object->count] = (struct property){.name = name};
    dict_set(compiler->box, object->numbers, (struct value *)(uintptr_t)name,
             value_int(compiler->box, (int64_t)object->count));
    return &properties[object->count++];
}

static void add_set(struct object *object, uint32_t node, const struct value *owner, const struct value *schema) {
    struct name_set *sets = sandbox_grow(object->compiler->box, object->sets, object->n_sets, &object->sets_capacity,
                                         sizeof(struct name_set));
    if (sets) {
        object->sets = sets;
        sets[object->n_sets++] = (struct name_set){node, owner, schema};
    }
}

static void restrict_names(struct object *object, const struct value *schema) {
    struct atoms atoms = {0};
    atoms_add(object->compiler, &atoms, ATOM_IS, schema, 0);
    const uint32_t node = scalars_strings(object->compiler, &atoms);
    object->names = object->names == NO_LIMIT ? node : regular_and(object->compiler->regular, object->names, node);
}

static void raise_min(struct object *object, const struct value *schema, uint32_t min) {
    if (min > object->min) {
        object->min = min;
        object->min_schema = schema;
    }
}

static void lower_max(struct object *object, uint32_t max) { object->max = max < object->max ? max : object->max; }

static void read_keyword(struct object *object, const struct value *schema, const struct entry *entry) {
    struct schema_compiler *compiler = object->compiler;
    const struct value *value = entry->value;
    switch (schema_keyword(entry->key)) {
    case KEYWORD_PROPERTIES:
        value = schema_dict(compiler, schema, "properties", value);
        for (size_t i = 0; i < value->dict.count; i++) {
            declare(object, value->dict.entries[i].key);
        }
        break;
    case KEYWORD_PATTERN_PROPERTIES:
        value = schema_dict(compiler, schema, "patternProperties", value);
        for (size_t i = 0; i < value->dict.count && !compiler->box->failed; i++) {
            const struct entry *pattern = &value->dict.entries[i];
            add_set(object, schema_pattern(compiler, schema, "patternProperties", pattern->key), schema,
                    pattern->value);
        }
        break;
    case KEYWORD_PROPERTY_NAMES:
        restrict_names(object, value);
        break;
    case KEYWORD_PROPERTY_COUNT:
        if (value_is_text(entry->key, "minProperties")) {
            raise_min(object, schema, schema_count(compiler, schema, "minProperties", value));
        } else {
            lower_max(object, schema_count(compiler, schema, "maxProperties", value));
        }
        break;
    default:
        break;
    }
}

static void read_required(struct object *object, const struct value *schema) {
    const struct value *list = schema_get(object->compiler, schema, "required");
    if (list) {
        list = schema_list(object->compiler, schema, "required", list);
        for (size_t i = 0; i < list->list.count; i++) {
            declare(object, list->list.items[i])->required = true;
        }
    }
}

/* The names that a schema's additionalProperties are for, or that its propertyNames does not allow. */
static uint32_t other_names(struct object *object, const struct value *schema, const struct entry *entry) {
    struct schema_compiler *compiler = object->compiler;
    struct regular *regular = compiler->regular;
    struct atoms atoms = {0};
    if (schema_keyword(entry->key) == KEYWORD_PROPERTY_NAMES) {
        atoms_add(compiler, &atoms, ATOM_IS, entry->value, 0);
        return regular_and(regular, compiler->string, regular_not(regular, scalars_strings(compiler, &atoms)));
    }
    uint32_t node = compiler->string;
    const struct value *properties = schema_get(compiler, schema, "properties");
    const struct value *patterns = schema_get(compiler, schema, "patternProperties");
    for (size_t i = 0; properties && i < properties->dict.count && !compiler->box->failed; i++) {
        const uint32_t name = schema_text_any(compiler, properties->dict.entries[i].key);
        node = regular_and(regular, node, regular_not(regular, name));
    }
    for (size_t i = 0; patterns && i < patterns->dict.count && !compiler->box->failed; i++) {
        const uint32_t pattern = schema_pattern(compiler, schema, "patternProperties", patterns->dict.entries[i].key);
        node = regular_and(regular, node, regular_not(regular, pattern));
    }
    return node;
}

/* A keyword that is violated. */
static void read_failure(struct object *object, const struct value *schema, const struct entry *entry) {
    struct schema_compiler *compiler = object->compiler;
    const bool min = value_is_text(entry->key, "minProperties");
    uint32_t count;
    switch (schema_keyword(entry->key)) {
    case KEYWORD_PROPERTY_COUNT:
        count = schema_count(compiler, schema, min ? "minProperties" : "maxProperties", entry->value);
        if (!min) {
            raise_min(object, schema, count + 1);
        } else if (count) {
            lower_max(object, count - 1);
        }
        object->impossible |= min && count == 0;
        break;
    case KEYWORD_PROPERTY_NAMES:
    case KEYWORD_ADDITIONAL_PROPERTIES:
        if (object->fails) {
            schema_fail_key(compiler, schema, entry->key, "too many conditions on names are violated at once");
        }
        object->fails = schema;
        object->fails_names = other_names(object, schema, entry);
        add_set(object, object->fails_names, NULL, NULL);
        break;
    default:
        break;
    }
}

static void read_atom(struct object *object, const struct atom *atom) {
    const struct value *value = atom->value;
    const struct value *names;
    switch (atom->kind) {
    case ATOM_IS:
        for (size_t i = 0; value->kind == VALUE_DICT && i < value->dict.count; i++) {
            read_keyword(object, value, &value->dict.entries[i]);
        }
        break;
    case ATOM_FAILS:
        read_failure(object, value, &value->dict.entries[atom->index]);
        break;
    case ATOM_EQUALS:
        for (size_t i = 0; value->kind == VALUE_DICT && i < value->dict.count; i++) {
            declare(object, value->dict.entries[i].key)->required = true;
        }
        break;
    case ATOM_PRESENT:
        declare(object, value)->required = true;
        break;
    case ATOM_ABSENT:
        declare(object, value)->absent = true;
        break;
    case ATOM_PROPERTY_FAILS:
        names = schema_get(object->compiler, value, "properties");
        declare(object, names->dict.entries[atom->index].key);
        break;
    default:
        break;
    }
}

static void read_branch(struct object *object) {
    const struct atoms *atoms = &object->branch->opened;
    /* `properties` first: they give the order */
    for (size_t i = 0; i < atoms->count && !object->compiler->box->failed; i++) {
        read_atom(object, &atoms->items[i]);
    }
    for (size_t i = 0; i < atoms->count && !object->compiler->box->failed; i++) {
        if (atoms->items[i].kind == ATOM_IS) {
            read_required(object, atoms->items[i].value);
        }
    }
}

/* ---- values ---- */

/* Adds the conditions that a schema sets for the value of a name: `declared` or, if that is null, a name of a part of
 * the others, where in[i] tells whether it is in set i. */
static void add_value_atoms(struct object *object, const struct value *schema, const struct value *declared,
                            const bool *in, struct atoms *atoms) {
    struct schema_compiler *compiler = object->compiler;
    const struct value *properties = schema_get(compiler, schema, "properties");
    const struct value *own = declared && properties ? dict_get(compiler->box, properties, declared) : NULL;
    bool matched = own != NULL;
    if (own) {
        atoms_add(compiler, atoms, ATOM_IS, own, 0);
    }
    for (size_t i = 0; i < object->n_sets; i++) {
        if (object->sets[i].owner == schema && in[i]) {
            atoms_add(compiler, atoms, ATOM_IS, object->sets[i].schema, 0);
            matched = true;
        }
    }
    const struct value *others = schema_get(compiler, schema, "additionalProperties");
    if (!matched && others) {
        atoms_add(compiler, atoms, ATOM_IS, others, 0);
    }
}

static struct atoms value_atoms(struct object *object, const struct value *declared, const bool *in) {
    struct schema_compiler *compiler = object->compiler;
    struct atoms atoms = {0};
    for (size_t i = 0; i < object->branch->opened.count && !compiler->box->failed; i++) {
        const struct atom *atom = &object->branch->opened.items[i];
        const struct value *value = atom->value;
        if (atom->kind == ATOM_IS && value->kind == VALUE_DICT) {
            add_value_atoms(object, value, declared, in, &atoms);
        } else if (atom->kind == ATOM_EQUALS && value->kind == VALUE_DICT) {
            const struct value *member = declared ? dict_get(compiler->box, value, declared) : NULL;
            atoms_add(compiler, &atoms, member ? ATOM_EQUALS : ATOM_IS, member ? member : compiler->no, 0);
        } else if (atom->kind == ATOM_PROPERTY_FAILS && declared) {
            const struct entry *entry = &schema_get(compiler, value, "properties")->dict.entries[atom->index];
            if (value_equal(compiler->box, entry->key, declared)) {
                atoms_add(compiler, &atoms, ATOM_IS_NOT, entry->value, 0);
            }
        }
    }
    return atoms;
}

static void settle_properties(struct object *object) {
    struct schema_compiler *compiler = object->compiler;
    bool *in = sandbox_take(compiler->box, object->n_sets + 1, sizeof(bool));
    for (size_t i = 0; i < object->count && !compiler->box->failed; i++) {
        struct property *property = &object->properties[i];
        for (size_t k = 0; k < object->n_sets; k++) {
            in[k] = schema_text_matches(compiler, object->sets[k].node, property->name);
        }
        property->witness = object->fails && schema_text_matches(compiler, object->fails_names, property->name);
        struct atoms atoms = value_atoms(object, property->name, in);
        property->absent |= atoms_never(compiler, &atoms);
        property->absent |= object->names != NO_LIMIT && !schema_text_matches(compiler, object->names, property->name);
        object->impossible |= property->required && property->absent;
        property->rule = property->absent ? 0 : schema_rule(compiler, &atoms);
    }
}

/* ---- states ---- */

/* Before a member: counts it. */
static uint32_t count_member(struct object *object, uint32_t next, uint32_t room, bool witness) {
    struct rules *rules = object->compiler->rules;
    if (witness) {
        next = rules_add(
            rules,
            (struct rule_state){.kind = STATE_ADD, .counter = WITNESSES, .limit = NO_LIMIT, .stop = 1, .next = next});
    }
    if (object->max == NO_LIMIT && object->min == 0) {
        return next;
    }
    const uint32_t stop = object->max == NO_LIMIT ? object->min : object->max;
    return rules_add(rules, (struct rule_state){.kind = STATE_ADD,
                                                .counter = MEMBERS,
                                                .limit = object->max == NO_LIMIT ? NO_LIMIT : object->max - room,
                                                .stop = stop,
                                                .next = next});
}

static uint32_t check(struct object *object, uint8_t counter, uint32_t limit, uint32_t next) {
    return limit ? rules_add(object->compiler->rules,
                             (struct rule_state){.kind = STATE_CHECK, .counter = counter, .limit = limit, .next = next})
                 : next;
}

/* A member whose name is of the language `name`; `comma`: not the first one. */
static uint32_t member(struct object *object, uint32_t name, bool comma, uint32_t rule, uint32_t next) {
    struct schema_compiler *compiler = object->compiler;
    struct regular *regular = compiler->regular;
    const uint32_t quote = regular_range(regular, '"', '"');
    uint32_t key =
        regular_cat(regular, quote, regular_cat(regular, name, regular_cat(regular, quote, compiler->colon)));
    key = comma ? regular_cat(regular, compiler->comma, key) : key;
    return rules_bytes(compiler->rules, key, rules_call(compiler->rules, rule, next));
}

/* Adds the members whose names are in `names` and in the sets that in[] tells, to both loops. */
static void emit_part(struct object *object, uint32_t names, const bool *in) {
    struct schema_compiler *compiler = object->compiler;
    struct atoms atoms = value_atoms(object, NULL, in);
    if (atoms_never(compiler, &atoms)) {
        return;
    }
    bool witness = false;
    for (size_t i = 0; i < object->n_sets; i++) {
        witness |= in[i] && object->sets[i].owner == NULL;
    }
    const uint32_t rule = schema_rule(compiler, &atoms);
    const uint32_t loop = object->more; /* a split whose `a` is set last: here, a chain of splits grows from it */
    for (int comma = 0; comma < 2 && !compiler->box->failed; comma++) {
        const uint32_t state = count_member(object, member(object, names, comma, rule, loop), 0, witness);
        if (comma) {
            const uint32_t split = rules_split(compiler->rules, state, compiler->rules->states[loop].a);
            compiler->rules->states[loop].a = split;
        } else {
            object->first = rules_split(compiler->rules, state, object->first);
        }
    }
    object->has_others = true;
}

/* Divides names by the sets from `set` on, and adds each part that is not empty. The recursion is as deep as there are
 * sets; there are few that a name can be in at the same time. */
static void divide(struct object *object, uint32_t names, size_t set, bool *in) {
    struct regular *regular = object->compiler->regular;
    if (!automaton_live(regular, names)) {
        return;
    }
    if (set == object->n_sets) {
        emit_part(object, names, in);
        return;
    }
    const uint32_t node = object->sets[set].node;
    in[set] = true;
    divide(object, regular_and(regular, names, node), set + 1, in);
    in[set] = false;
    divide(object, regular_and(regular, names, regular_not(regular, node)), set + 1, in);
}

static void emit_others(struct object *object) {
    struct schema_compiler *compiler = object->compiler;
    struct regular *regular = compiler->regular;
    const size_t from = regular->work_count;
    for (size_t i = 0; i < object->count; i++) {
        regular_push(regular, schema_text_any(compiler, object->properties[i].name));
    }
    const uint32_t declared = regular_or_all(regular, from);
    uint32_t names = object->names == NO_LIMIT ? compiler->string : object->names;
    if (declared != REGULAR_EMPTY) {
        names = regular_and(regular, names, regular_not(regular, declared));
    }
    if (object->n_sets > 100) {
        sandbox_fail_limit(compiler->box, "an object has more than 100 patterns of names");
    }
    bool *in = sandbox_take(compiler->box, object->n_sets + 1, sizeof(bool));
    if (in) {
        divide(object, names, 0, in);
    }
}

/* `left`: properties that may follow. */
static void emit_property(struct object *object, const struct property *property, uint32_t room, uint32_t left) {
    struct schema_compiler *compiler = object->compiler;
    const uint32_t name = schema_text(compiler, property->name);
    const uint32_t least =
        object->min > left && !object->has_others ? object->min - left : 0; /* to leave this one out */
    uint32_t states[2];
    for (int comma = 0; comma < 2; comma++) {
        const uint32_t state =
            count_member(object, member(object, name, comma, property->rule, object->more), room, property->witness);
        const uint32_t skip = check(object, MEMBERS, least, comma ? object->more : object->first);
        states[comma] = property->required ? state : rules_split(compiler->rules, state, skip);
    }
    object->first = states[0];
    object->more = states[1];
}

static void check_counts(struct object *object, uint32_t required) {
    if (object->min <= required) {
        object->min = 0; /* met anyway */
    }
    object->impossible |= object->max < required || object->max < object->min;
}

uint32_t object_states(struct schema_compiler *compiler, const struct branch *branch, uint32_t next) {
    struct rules *rules = compiler->rules;
    struct object object = {.compiler = compiler, .branch = branch, .names = NO_LIMIT, .max = NO_LIMIT};
    uint32_t required = 0;
    object.numbers = value_new(compiler->box, VALUE_DICT);
    read_branch(&object);
    settle_properties(&object);
    for (size_t i = 0; i < object.count; i++) {
        required += object.properties[i].required;
    }
    check_counts(&object, required);
    if (object.impossible || compiler->box->failed) {
        return STUCK;
    }
    uint32_t close = rules_bytes(rules, compiler->close_object, next);
    close = check(&object, WITNESSES, object.fails != NULL, check(&object, MEMBERS, object.min, close));
    object.first = close;
    object.more = rules_split(rules, STUCK, close);
    emit_others(&object);
    if (object.has_others && object.min > required + 1) {
        /* a name that is not declared may be written twice, but counts once */
        schema_fail(compiler, object.min_schema, NULL,
                    "a minimum number of properties cannot be enforced where `properties` does not name them");
    }
    uint32_t room = 0; /* for the required properties that follow */
    uint32_t left = 0; /* properties that may follow */
    for (size_t i = object.count; i-- > 0 && !compiler->box->failed;) {
        if (!object.properties[i].absent) {
            emit_property(&object, &object.properties[i], room, left++);
            room += object.properties[i].required;
        }
    }
    if (object.min > left && !object.has_others) {
        return STUCK;
    }
    return rules_bytes(rules, compiler->open_object, object.first);
}
