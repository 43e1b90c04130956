/* Grammars: made from one of three notations. */
#include "engine/grammar/grammar.h"

#include "engine/grammar/gbnf.h"
#include "engine/grammar/pattern.h"

/* A grammar without rules. Null if memory is refused. */
static struct grammar *begin(struct qn_error *error) {
    struct grammar *grammar = block_take(sizeof(struct grammar));
    if (grammar == NULL) {
        error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "not enough memory for the grammar");
        return NULL;
    }
    *grammar = (struct grammar){.arena = {.limit = GRAMMAR_MEMORY}};
    grammar->box = (struct sandbox){.arena = &grammar->arena,
                                    .error = &grammar->error,
                                    .none = {.kind = VALUE_NONE},
                                    .yes = {.kind = VALUE_BOOL, .integer = 1},
                                    .no = {.kind = VALUE_BOOL},
                                    .scrap = {.string = {.text = ""}}};
    regular_start(&grammar->regular, &grammar->box, GRAMMAR_STEPS);
    rules_begin(&grammar->rules, &grammar->regular);
    return grammar;
}

/* The finished grammar; null after an error. */
static struct grammar *finish(struct grammar *grammar, struct qn_error *error) {
    if (!grammar->box.failed) {
        grammar->accepts_any = rules_prune(&grammar->rules);
    }
    if (grammar->box.failed) {
        *error = grammar->error;
        grammar_free(grammar);
        return NULL;
    }
    return grammar;
}

struct grammar *grammar_from_gbnf(const char *text, size_t bytes, struct qn_error *error) {
    struct grammar *grammar = begin(error);
    if (grammar == NULL) {
        return NULL;
    }
    gbnf_compile(&grammar->rules, text, bytes);
    return finish(grammar, error);
}

struct grammar *grammar_from_regex(const char *text, size_t bytes, struct qn_error *error) {
    struct grammar *grammar = begin(error);
    if (grammar == NULL) {
        return NULL;
    }
    struct rules *rules = &grammar->rules;
    struct pattern_error wrong;
    const uint32_t node = pattern_node(&grammar->regular, text, bytes, ENCODING_UTF8, true, &wrong);
    if (wrong.text) {
        grammar->box.at = wrong.at;
        sandbox_fail_with(&grammar->box, QN_ERR_ARGUMENT, "regular expression: %.*s", wrong.text, strlen(wrong.text));
    }
    rules->root = rules_declare(rules);
    const uint32_t start = rules_bytes(rules, node, rules_end(rules, rules->root));
    if (!grammar->box.failed) {
        rules->starts[rules->root] = start;
    }
    return finish(grammar, error);
}

struct grammar *grammar_from_schema(const char *text, size_t bytes, const struct schema_options *options,
                                    struct qn_error *error) {
    struct grammar *grammar = begin(error);
    if (grammar == NULL) {
        return NULL;
    }
    schema_compile(&grammar->rules, text, bytes, options);
    return finish(grammar, error);
}

void grammar_free(struct grammar *grammar) {
    if (grammar) {
        arena_free(&grammar->arena);
        block_give(grammar);
    }
}

int grammar_accepts(struct grammar *grammar, const char *text, size_t bytes, bool *accepted, struct qn_error *error) {
    struct matcher matcher;
    *accepted = false;
    const int status = matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, error);
    if (status != QN_OK) {
        return status;
    }
    size_t read = 0;
    while (read < bytes && matcher_byte(&matcher, (uint8_t)text[read])) {
        read++;
    }
    *accepted = read == bytes && matcher_complete(&matcher);
    const bool failed = matcher_failed(&matcher);
    if (grammar->box.failed) {
        *error = grammar->error;
    }
    matcher_free(&matcher);
    return failed ? error->code : QN_OK;
}
