/* Opens atoms: schemas into their keywords, and their complements into choices of violations. */
#include "engine/grammar/schema_branches.h"

#include "engine/grammar/decimal.h"
#include "engine/grammar/schema_keywords.h"
#include "engine/grammar/schema_negation.h"
#include "engine/grammar/schema_overlap.h"
#include "engine/grammar/schema_references.h"
#include "engine/text/json/value_dict.h"

#define MOST_BRANCHES   5000u /* of one conjunction */
#define MOST_REFERENCES 1000u /* in a chain */

/* ---- what conforms ---- */

static void open_enum(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                      const struct value *list) {
    unsigned types = 0;
    for (size_t i = 0; i < list->list.count; i++) {
        types |= schema_type_of(compiler, list->list.items[i]);
    }
    branch->types &= types;
    if ((branch->types & (TYPE_ARRAY | TYPE_OBJECT)) == 0) {
        return; /* scalars are left to the languages of numbers and strings */
    }
    struct choice *choice = choice_add(compiler, branch, schema, "enum");
    for (size_t i = 0; i < list->list.count; i++) {
        atoms_add(compiler, choice_alternative(compiler, choice), ATOM_EQUALS, list->list.items[i], 0);
    }
}

/* One alternative for each schema of a list. */
static void open_any(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                     const struct value *list, bool exactly_one) {
    struct choice *choice = choice_add(compiler, branch, schema, exactly_one ? "oneOf" : "anyOf");
    for (size_t i = 0; i < list->list.count && !compiler->box->failed; i++) {
        struct atoms *atoms = choice_alternative(compiler, choice);
        atoms_add(compiler, atoms, ATOM_IS, list->list.items[i], 0);
        for (size_t k = 0; k < list->list.count && exactly_one; k++) {
            if (k != i && schemas_may_overlap(compiler, list->list.items[i], list->list.items[k])) {
                atoms_add(compiler, atoms, ATOM_IS_NOT, list->list.items[k], 0);
            }
        }
    }
}

static void open_if(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                    const struct value *condition) {
    const struct value *then = schema_get(compiler, schema, "then");
    const struct value *otherwise = schema_get(compiler, schema, "else");
    if (then == NULL && otherwise == NULL) {
        return;
    }
    struct choice *choice = choice_add(compiler, branch, schema, "if");
    struct atoms *atoms = choice_alternative(compiler, choice);
    atoms_add(compiler, atoms, ATOM_IS, condition, 0);
    if (then) {
        atoms_add(compiler, atoms, ATOM_IS, then, 0);
    }
    atoms = choice_alternative(compiler, choice);
    atoms_add(compiler, atoms, ATOM_IS_NOT, condition, 0);
    if (otherwise) {
        atoms_add(compiler, atoms, ATOM_IS, otherwise, 0);
    }
}

/* If a property is there, others must be (a list of names), or the object must conform to a schema. */
static void open_dependent(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                           const char *keyword, const struct value *dict) {
    for (size_t i = 0; i < dict->dict.count && !compiler->box->failed; i++) {
        const struct entry *entry = &dict->dict.entries[i];
        struct choice *choice = choice_add(compiler, branch, schema, keyword);
        atoms_add(compiler, choice_alternative(compiler, choice), ATOM_ABSENT, entry->key, 0);
        struct atoms *atoms = choice_violation(compiler, choice, TYPE_OBJECT, ATOM_PRESENT, entry->key, 0);
        const struct value *names = entry->value;
        if (names->kind != VALUE_LIST) {
            atoms_add(compiler, atoms, ATOM_IS, names, 0);
            continue;
        }
        for (size_t k = 0; k < names->list.count; k++) {
            atoms_add(compiler, atoms, ATOM_PRESENT, names->list.items[k], 0);
        }
    }
}

/* Whether references lead from a target to the schema that refers to it, without a value in between. */
static bool leads_back(struct schema_compiler *compiler, const struct value *schema, const struct value *target) {
    const struct value key = {.kind = VALUE_STRING, .string = {.text = "$ref", .bytes = 4}};
    for (unsigned i = 0; i < MOST_REFERENCES && target && target != schema; i++) {
        const struct value *reference = schema_get(compiler, target, "$ref");
        if (reference == NULL) {
            return false;
        }
        target = references_find(compiler, target, &key, reference);
    }
    return target != NULL;
}

static void open_keyword(struct schema_compiler *compiler, struct branch *branch, const struct value *schema,
                         const struct entry *entry) {
    const struct value *value = entry->value;
    struct atoms *todo = &branch->todo;
    switch (schema_keyword(entry->key)) {
    case KEYWORD_REFUSED:
        schema_fail_key(compiler, schema, entry->key, "is not supported");
        break;
    case KEYWORD_REF:
        value = references_find(compiler, schema, entry->key, value);
        if (value && leads_back(compiler, schema, value)) {
            schema_fail_key(compiler, schema, entry->key, "leads back to itself");
        } else if (value) {
            atoms_add(compiler, todo, ATOM_IS, value, 0);
        }
        break;
    case KEYWORD_TYPE:
        branch->types &= schema_types(compiler, schema, value);
        break;
    case KEYWORD_ENUM:
        open_enum(compiler, branch, schema, schema_list(compiler, schema, "enum", value));
        break;
    case KEYWORD_CONST:
        atoms_add(compiler, todo, ATOM_EQUALS, value, 0);
        break;
    case KEYWORD_ALL_OF:
        value = schema_list(compiler, schema, "allOf", value);
        for (size_t i = 0; i < value->list.count; i++) {
            atoms_add(compiler, todo, ATOM_IS, value->list.items[i], 0);
        }
        break;
    case KEYWORD_ANY_OF:
        open_any(compiler, branch, schema, schema_list(compiler, schema, "anyOf", value), false);
        break;
    case KEYWORD_ONE_OF:
        open_any(compiler, branch, schema, schema_list(compiler, schema, "oneOf", value), true);
        break;
    case KEYWORD_NOT:
        atoms_add(compiler, todo, ATOM_IS_NOT, value, 0);
        break;
    case KEYWORD_IF:
        open_if(compiler, branch, schema, value);
        break;
    case KEYWORD_DEPENDENT:
        open_dependent(compiler, branch, schema, "dependencies", schema_dict(compiler, schema, "dependencies", value));
        break;
    default: /* conditions on one type are left to its rules */
        break;
    }
}

static void open_schema(struct schema_compiler *compiler, struct branch *branch, const struct value *schema) {
    if (schema->kind == VALUE_BOOL) {
        branch->types = schema->integer ? branch->types : 0;
        return;
    }
    if (schema->kind != VALUE_DICT) {
        schema_fail(compiler, schema, NULL, "a schema must be an object or a boolean");
        return;
    }
    for (size_t i = 0; i < schema->dict.count && !compiler->box->failed; i++) {
        open_keyword(compiler, branch, schema, &schema->dict.entries[i]);
    }
}

/* ---- branches ---- */

static bool contradict(const struct atom *a, const struct atom *b) {
    return a->value == b->value &&
           ((a->kind == ATOM_IS && b->kind == ATOM_IS_NOT) || (a->kind == ATOM_EQUALS && b->kind == ATOM_DIFFERS));
}

static void open_atom(struct schema_compiler *compiler, struct branch *branch, struct atom atom) {
    for (size_t i = 0; i < branch->opened.count; i++) {
        const struct atom *other = &branch->opened.items[i];
        if (other->kind == atom.kind && other->value == atom.value && other->index == atom.index) {
            return;
        }
        if (contradict(other, &atom) || contradict(&atom, other)) {
            branch->types = 0;
            return;
        }
    }
    regular_step(compiler->regular, 1 + branch->opened.count / 4);
    unsigned type;
    switch (atom.kind) {
    case ATOM_TYPE:
        branch->types &= atom.index;
        return;
    case ATOM_IS:
        open_schema(compiler, branch, atom.value);
        break;
    case ATOM_IS_NOT:
        negation_open(compiler, branch, atom.value);
        break;
    case ATOM_EQUALS:
        branch->types &= schema_type_of(compiler, atom.value);
        break;
    case ATOM_DIFFERS:
        type = schema_type_of(compiler, atom.value);
        branch->types &= type & (TYPE_NULL | TYPE_FALSE | TYPE_TRUE) ? ~type : TYPE_ANY;
        if (branch->types & type & (TYPE_ARRAY | TYPE_OBJECT)) {
            schema_fail(compiler, atom.value, NULL, "the complement of an array or object is not supported");
        }
        break;
    default:
        break;
    }
    atoms_add(compiler, &branch->opened, atom.kind, atom.value, atom.index);
}

static void push(struct schema_compiler *compiler, struct branches *branches, const struct branch *branch) {
    struct branch *stack =
        sandbox_grow(compiler->box, branches->stack, branches->count, &branches->capacity, sizeof(struct branch));
    if (stack) {
        branches->stack = stack;
        stack[branches->count++] = *branch;
    }
}

void branches_start(struct schema_compiler *compiler, struct branches *branches, const struct atoms *atoms) {
    *branches = (struct branches){0};
    struct branch first = {.types = TYPE_ANY};
    atoms_add_all(compiler, &first.todo, atoms);
    push(compiler, branches, &first);
}

/* Whether the types alone rule an alternative out. */
static bool ruled_out(const struct branch *branch, const struct atoms *alternative) {
    unsigned types = branch->types;
    for (size_t i = 0; i < alternative->count; i++) {
        types &= alternative->items[i].kind == ATOM_TYPE ? alternative->items[i].index : TYPE_ANY;
    }
    return types == 0;
}

/* Makes a branch for each alternative of the last choice. */
static void decide(struct schema_compiler *compiler, struct branches *branches, struct branch *branch) {
    const struct choice choice = branch->choices[--branch->n_choices];
    for (size_t i = choice.count; i-- > 0 && !compiler->box->failed;) { /* the first one ends up on top */
        if (ruled_out(branch, &choice.alternatives[i])) {
            continue;
        }
        if (++branches->total > MOST_BRANCHES) {
            schema_fail(compiler, choice.schema, choice.keyword, "leads to too many combinations of alternatives");
        }
        struct branch copy = {.types = branch->types};
        atoms_add_all(compiler, &copy.opened, &branch->opened);
        atoms_add_all(compiler, &copy.todo, &choice.alternatives[i]);
        for (size_t k = 0; k < branch->n_choices; k++) {
            struct choice *other = choice_add(compiler, &copy, NULL, NULL);
            if (other) {
                *other = branch->choices[k];
                other->capacity = other->count; /* shared: not to be added to */
            }
        }
        push(compiler, branches, &copy);
    }
}

bool branches_next(struct schema_compiler *compiler, struct branches *branches, struct branch *branch) {
    while (branches->count && !compiler->box->failed) {
        *branch = branches->stack[--branches->count];
        for (size_t i = 0; i < branch->todo.count && branch->types && !compiler->box->failed; i++) {
            open_atom(compiler, branch, branch->todo.items[i]); /* this may add to the list */
        }
        if (branch->types && branch->n_choices) {
            decide(compiler, branches, branch);
        } else if (branch->types && !compiler->box->failed) {
            return true;
        }
    }
    return false;
}
