/* Numbers and strings: each keyword is a regular language, and a branch is their intersection. */
#include "engine/grammar/schema_scalars.h"

#include "engine/grammar/decimal.h"
#include "engine/grammar/formats.h"
#include "engine/grammar/schema_keywords.h"

/* ---- numbers ---- */

struct number_limits {
    unsigned types; /* TYPE_INTEGER, TYPE_FRACTION or both */
    uint32_t node;  /* NO_LIMIT: no condition yet */
    bool closed;    /* the node has numbers of these types only */
};

static void limit_number(struct schema_compiler *compiler, struct number_limits *limits, uint32_t node, bool closed) {
    limits->node = limits->node == NO_LIMIT ? node : regular_and(compiler->regular, limits->node, node);
    limits->closed |= closed;
}

/* Adds a keyword, or its complement. */
static void number_keyword(struct schema_compiler *compiler, struct number_limits *limits, const struct value *schema,
                           const struct entry *entry, bool fails) {
    struct regular *regular = compiler->regular;
    const struct value *value = entry->value;
    struct decimal decimal;
    uint32_t node;
    bool closed = limits->types == TYPE_NUMBER && !fails;
    if (value->kind == VALUE_BOOL && entry->key->string.bytes > 10) {
        return; /* in draft 4, exclusiveMinimum and exclusiveMaximum are flags of the bounds */
    }
    if (!value_is(value, KIND(INT) | KIND(FLOAT)) || !decimal_read(compiler->box, value, &decimal)) {
        schema_fail_key(compiler, schema, entry->key, "must be a number of at most 400 digits");
        return;
    }
    if (value_is_text(entry->key, "multipleOf")) {
        const bool positive = decimal.count && !decimal.negative;
        const bool whole = limits->types == TYPE_INTEGER;
        node = positive ? decimal_multiples(regular, &decimal, whole) : REGULAR_EMPTY;
        if (node == REGULAR_EMPTY) {
            schema_fail_key(compiler, schema, entry->key, "must be above 0, with digits that fit 31 bits");
        }
        closed |= whole && !fails;
    } else {
        const bool own = entry->key->string.bytes > 7; /* exclusiveMinimum, exclusiveMaximum */
        const bool minimum = entry->key->string.text[own ? 10 : 1] == 'i';
        const struct value *flag = schema_get(compiler, schema, minimum ? "exclusiveMinimum" : "exclusiveMaximum");
        const bool exclusive = own || (flag && flag->kind == VALUE_BOOL && flag->integer);
        node = minimum ? decimal_above(regular, &decimal, exclusive) : decimal_below(regular, &decimal, exclusive);
    }
    limit_number(compiler, limits, fails ? regular_not(regular, node) : node, closed);
}

/* The numbers of a list, or one number; `equal`: in every way to write them. */
static uint32_t numbers_of(struct schema_compiler *compiler, const struct value *value, bool equal) {
    struct regular *regular = compiler->regular;
    const size_t from = regular->work_count;
    const bool list = value->kind == VALUE_LIST;
    for (size_t i = 0; i < (list ? value->list.count : 1) && !compiler->box->failed; i++) {
        const struct value *number = list ? value->list.items[i] : value;
        struct decimal decimal;
        if (!value_is(number, KIND(INT) | KIND(FLOAT))) {
            continue;
        }
        if (!decimal_read(compiler->box, number, &decimal)) {
            schema_fail(compiler, number, NULL, "has more than 400 digits");
            continue;
        }
        regular_push(regular, equal ? decimal_equal(regular, &decimal) : decimal_literal(regular, &decimal));
    }
    return regular_or_all(regular, from);
}

static void number_schema(struct schema_compiler *compiler, struct number_limits *limits, const struct value *schema) {
    for (size_t i = 0; schema->kind == VALUE_DICT && i < schema->dict.count && !compiler->box->failed; i++) {
        const struct entry *entry = &schema->dict.entries[i];
        const enum keyword keyword = schema_keyword(entry->key);
        if (keyword == KEYWORD_NUMBER) {
            number_keyword(compiler, limits, schema, entry, false);
        } else if (keyword == KEYWORD_ENUM) {
            limit_number(compiler, limits, numbers_of(compiler, entry->value, false), limits->types == TYPE_NUMBER);
        }
    }
}

static void number_atom(struct schema_compiler *compiler, struct number_limits *limits, const struct atom *atom) {
    const struct value *value = atom->value;
    switch (atom->kind) {
    case ATOM_IS:
        number_schema(compiler, limits, value);
        break;
    case ATOM_FAILS:
        if (schema_keyword(value->dict.entries[atom->index].key) == KEYWORD_NUMBER) {
            number_keyword(compiler, limits, value, &value->dict.entries[atom->index], true);
        }
        break;
    case ATOM_EQUALS:
        limit_number(compiler, limits, numbers_of(compiler, value, false), limits->types == TYPE_NUMBER);
        break;
    case ATOM_DIFFERS:
        if (value_is(value, KIND(INT) | KIND(FLOAT))) {
            limit_number(compiler, limits, regular_not(compiler->regular, numbers_of(compiler, value, true)), false);
        }
        break;
    default:
        break;
    }
}

static uint32_t numbers(struct schema_compiler *compiler, const struct branch *branch) {
    struct regular *regular = compiler->regular;
    struct number_limits limits = {branch->types & TYPE_NUMBER, NO_LIMIT, false};
    for (size_t i = 0; limits.types && i < branch->opened.count && !compiler->box->failed; i++) {
        number_atom(compiler, &limits, &branch->opened.items[i]);
    }
    if (limits.types == 0) {
        return REGULAR_EMPTY;
    }
    if (limits.closed) {
        return limits.node;
    }
    uint32_t all = limits.types == TYPE_INTEGER ? decimal_integers(regular) : decimal_fractions(regular);
    if (limits.types == TYPE_NUMBER) {
        all = limits.node == NO_LIMIT ? decimal_json(regular) : decimal_any(regular);
    }
    return limits.node == NO_LIMIT ? all : regular_and(regular, limits.node, all);
}

/* ---- strings ---- */

struct string_limits {
    uint32_t min, max; /* characters */
    uint32_t node;     /* the other conditions; NO_LIMIT: none yet */
    bool closed;       /* the node has well-formed texts only */
};

static void limit(struct schema_compiler *compiler, struct string_limits *limits, uint32_t node, bool closed) {
    limits->node = limits->node == NO_LIMIT ? node : regular_and(compiler->regular, limits->node, node);
    limits->closed |= closed;
}

static void string_keyword(struct schema_compiler *compiler, struct string_limits *limits, const struct value *schema,
                           const struct entry *entry, bool fails) {
    const bool min = value_is_text(entry->key, "minLength");
    const bool pattern = value_is_text(entry->key, "pattern");
    if (pattern || value_is_text(entry->key, "format")) {
        uint32_t node = REGULAR_EMPTY;
        if (pattern) {
            node = schema_pattern(compiler, schema, "pattern", entry->value);
        } else {
            node = format_node(compiler->regular, entry->value);
            if (node == REGULAR_EMPTY) {
                schema_fail(compiler, schema, "format", "is not a format that can be enforced");
            }
        }
        limit(compiler, limits, fails ? regular_not(compiler->regular, node) : node, !fails);
        return;
    }
    uint32_t count = schema_count(compiler, schema, min ? "minLength" : "maxLength", entry->value);
    if (min != fails) { /* a minimum: minLength, or a maxLength that fails */
        count += fails;
        limits->min = count > limits->min ? count : limits->min;
    } else if (fails && count == 0) {
        limit(compiler, limits, REGULAR_EMPTY, true);
    } else {
        count -= fails;
        limits->max = count < limits->max ? count : limits->max;
    }
}

/* The strings of a list, or one string. */
static uint32_t strings_of(struct schema_compiler *compiler, const struct value *value, bool any_spelling) {
    struct regular *regular = compiler->regular;
    const size_t from = regular->work_count;
    const bool list = value->kind == VALUE_LIST;
    for (size_t i = 0; i < (list ? value->list.count : 1) && !compiler->box->failed; i++) {
        const struct value *string = list ? value->list.items[i] : value;
        if (string->kind == VALUE_STRING) {
            regular_push(regular, any_spelling ? schema_text_any(compiler, string) : schema_text(compiler, string));
        }
    }
    return regular_or_all(regular, from);
}

static void string_schema(struct schema_compiler *compiler, struct string_limits *limits, const struct value *schema) {
    for (size_t i = 0; schema->kind == VALUE_DICT && i < schema->dict.count && !compiler->box->failed; i++) {
        const struct entry *entry = &schema->dict.entries[i];
        const enum keyword keyword = schema_keyword(entry->key);
        if (keyword == KEYWORD_STRING || (keyword == KEYWORD_FORMAT && !compiler->options->ignore_format)) {
            string_keyword(compiler, limits, schema, entry, false);
        } else if (keyword == KEYWORD_ENUM) {
            limit(compiler, limits, strings_of(compiler, entry->value, false), true);
        }
    }
}

static void string_atom(struct schema_compiler *compiler, struct string_limits *limits, const struct atom *atom) {
    const struct value *value = atom->value;
    enum keyword keyword;
    switch (atom->kind) {
    case ATOM_IS:
        string_schema(compiler, limits, value);
        break;
    case ATOM_FAILS:
        keyword = schema_keyword(value->dict.entries[atom->index].key);
        if (keyword == KEYWORD_STRING || keyword == KEYWORD_FORMAT) {
            string_keyword(compiler, limits, value, &value->dict.entries[atom->index], true);
        }
        break;
    case ATOM_EQUALS:
        limit(compiler, limits, strings_of(compiler, value->kind == VALUE_LIST ? &compiler->box->none : value, false),
              true);
        break;
    case ATOM_DIFFERS:
        if (value->kind == VALUE_STRING) {
            limit(compiler, limits, regular_not(compiler->regular, strings_of(compiler, value, true)), false);
        }
        break;
    default:
        break;
    }
}

/* Inside the quotes. */
static uint32_t strings(struct schema_compiler *compiler, const struct branch *branch) {
    struct regular *regular = compiler->regular;
    struct string_limits limits = {0, NO_LIMIT, NO_LIMIT, false};
    for (size_t i = 0; i < branch->opened.count && !compiler->box->failed; i++) {
        string_atom(compiler, &limits, &branch->opened.items[i]);
    }
    if ((branch->types & TYPE_STRING) == 0 || limits.min > limits.max) {
        return REGULAR_EMPTY;
    }
    if (limits.closed && limits.min == 0 && limits.max == NO_LIMIT) {
        return limits.node;
    }
    const uint32_t all = regular_repeat(regular, compiler->character, limits.min, limits.max);
    return limits.node == NO_LIMIT ? all : regular_and(regular, all, limits.node);
}

/* ---- all ---- */

uint32_t scalars_node(struct schema_compiler *compiler, const struct branch *branch) {
    struct regular *regular = compiler->regular;
    const size_t from = regular->work_count;
    const uint32_t quote = regular_range(regular, '"', '"');
    if (branch->types & TYPE_NULL) {
        regular_push(regular, regular_text(regular, "null", 4));
    }
    if (branch->types & TYPE_TRUE) {
        regular_push(regular, regular_text(regular, "true", 4));
    }
    if (branch->types & TYPE_FALSE) {
        regular_push(regular, regular_text(regular, "false", 5));
    }
    regular_push(regular, numbers(compiler, branch));
    regular_push(regular, regular_cat(regular, quote, regular_cat(regular, strings(compiler, branch), quote)));
    return regular_or_all(regular, from);
}

uint32_t scalars_strings(struct schema_compiler *compiler, const struct atoms *atoms) {
    struct branches branches;
    struct branch branch;
    uint32_t node = REGULAR_EMPTY;
    branches_start(compiler, &branches, atoms);
    while (branches_next(compiler, &branches, &branch)) {
        node = regular_or(compiler->regular, node, strings(compiler, &branch));
    }
    return node;
}
