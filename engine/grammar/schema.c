/* The schema compiler: reads the JSON and makes a rule for each conjunction, until there is none left to do. */
#include "engine/grammar/schema.h"

#include "engine/grammar/charset.h"
#include "engine/grammar/schema_array.h"
#include "engine/grammar/schema_object.h"
#include "engine/grammar/schema_references.h"
#include "engine/grammar/schema_scalars.h"
#include "engine/text/json/json.h"

#define MOST_SPACES 40u /* between two tokens */

/* A byte with white space around it, if that is allowed. */
static uint32_t token(struct regular *regular, uint32_t before, char byte, uint32_t after) {
    const uint32_t node = regular_range(regular, (uint8_t)byte, (uint8_t)byte);
    return regular_cat(regular, before, regular_cat(regular, node, after));
}

static void make_languages(struct schema_compiler *compiler) {
    struct regular *regular = compiler->regular;
    static const struct byte_set blank = {{(uint64_t)1 << ' ' | 1u << '\t' | 1u << '\n' | 1u << '\r', 0, 0, 0}};
    const uint32_t none = REGULAR_EPSILON;
    const uint32_t space =
        compiler->options->white_space ? regular_repeat(regular, regular_set(regular, &blank), 0, MOST_SPACES) : none;
    compiler->character = charset_any(regular, ENCODING_JSON);
    compiler->string = regular_repeat(regular, compiler->character, 0, NO_LIMIT);
    compiler->comma = token(regular, space, ',', space);
    compiler->colon = token(regular, space, ':', space);
    compiler->open_object = token(regular, none, '{', space);
    compiler->close_object = token(regular, space, '}', none);
    compiler->open_array = token(regular, none, '[', space);
    compiler->close_array = token(regular, space, ']', none);
}

/* Makes the states of a rule. */
static void compile(struct schema_compiler *compiler, const struct conjunction *conjunction) {
    struct rules *rules = compiler->rules;
    const uint32_t rule = conjunction->rule;
    const uint32_t end = rules_end(rules, rule);
    struct branches branches;
    struct branch branch;
    uint32_t scalars = REGULAR_EMPTY;
    uint32_t start = STUCK;
    branches_start(compiler, &branches, &conjunction->atoms);
    while (branches_next(compiler, &branches, &branch)) {
        scalars = regular_or(compiler->regular, scalars, scalars_node(compiler, &branch));
        if (branch.types & TYPE_ARRAY) {
            start = rules_split(rules, array_states(compiler, &branch, end), start);
        }
        if (branch.types & TYPE_OBJECT) {
            start = rules_split(rules, object_states(compiler, &branch, end), start);
        }
    }
    if (scalars != REGULAR_EMPTY) {
        start = rules_split(rules, rules_bytes(rules, scalars, end), start);
    }
    if (!compiler->box->failed) {
        rules->starts[rule] = start;
    }
}

void schema_compile(struct rules *rules, const char *text, size_t bytes, const struct schema_options *options) {
    struct sandbox *box = rules->regular->box;
    struct schema_compiler compiler = {
        .box = box, .regular = rules->regular, .rules = rules, .options = options, .no = &box->no};
    compiler.root = json_read(box, text, bytes, false, QN_ERR_ARGUMENT);
    if (box->failed) {
        return;
    }
    references_collect(&compiler);
    make_languages(&compiler);
    struct atoms atoms = {0};
    atoms_add(&compiler, &atoms, ATOM_IS, compiler.root, 0);
    rules->root = schema_rule(&compiler, &atoms);
    while (compiler.n_done < compiler.n_conjunctions && !box->failed) {
        const struct conjunction conjunction = compiler.conjunctions[compiler.n_done++];
        compile(&compiler, &conjunction);
    }
}
