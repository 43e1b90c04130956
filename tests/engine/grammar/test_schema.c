/* JSON Schema: what is refused and how errors name it, the order of members, white space, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/grammar/grammar.h"

static struct qn_error error;

static struct grammar *schema(const char *text, struct schema_options options) {
    struct grammar *grammar = grammar_from_schema(text, strlen(text), &options, &error);
    if (grammar == NULL) {
        fail_msg("%s", error.text);
    }
    return grammar;
}

static void expect(struct grammar *grammar, const char *text, bool expected) {
    bool accepted;
    assert_int_equal(grammar_accepts(grammar, text, strlen(text), &accepted, &error), QN_OK);
    if (accepted != expected) {
        fail_msg("%s is %s", text, accepted ? "accepted" : "rejected");
    }
}

static void order_of_members(void **state) {
    (void)state;
    struct grammar *grammar =
        schema("{\"type\": \"object\", \"properties\": {\"z\": {\"type\": \"integer\"}, \"a\": {}},"
               "\"required\": [\"m\", \"a\"]}",
               (struct schema_options){0});
    expect(grammar, "{\"a\":1,\"m\":2}", true);
    expect(grammar, "{\"z\":1,\"a\":1,\"m\":2,\"b\":3,\"Z\":4}", true);
    expect(grammar, "{\"a\":1,\"z\":1,\"m\":2}", false);
    expect(grammar, "{\"z\":1.5,\"a\":1,\"m\":2}", false);
    expect(grammar, "{\"a\":1,\"m\":2,\"\\u007a\":\"not an integer\"}", false);
    expect(grammar, "{\"a\":1}", false);
    grammar_free(grammar);
}

static void white_space(void **state) {
    (void)state;
    static const char text[] = "{\"properties\": {\"a\": {\"items\": {\"type\": \"integer\"}}}}";
    struct grammar *grammar = schema(text, (struct schema_options){0});
    expect(grammar, "{\"a\":[1,2]}", true);
    expect(grammar, "{\"a\": [1,2]}", false);
    grammar_free(grammar);
    grammar = schema(text, (struct schema_options){.white_space = true});
    expect(grammar, "{\n  \"a\" : [ 1 ,\t2 ] , \"b\":{ }}", true);
    expect(grammar, "{\"a\":[1 2]}", false);
    grammar_free(grammar);
}

static void spelling_of_strings(void **state) {
    (void)state;
    struct grammar *grammar =
        schema("{\"type\": \"string\", \"pattern\": \"^\\u00e9\\\"\", \"maxLength\": 3}", (struct schema_options){0});
    expect(grammar, "\"\xc3\xa9\\\"\"", true);
    expect(grammar, "\"\\u00E9\\u0022\"", true);
    expect(grammar, "\"\xc3\xa9\\\"\\ud83e\\udd89\"", true); /* two surrogates are one character */
    expect(grammar, "\"\xc3\xa9\\\"ab\"", false);
    expect(grammar, "\"\xc3\xa9\\\"\\ud83e\"", false);
    expect(grammar, "\"\xc3\\\"\"", false);
    grammar_free(grammar);
}

static void formats(void **state) {
    (void)state;
    static const char text[] = "{\"format\": \"date\"}";
    struct grammar *grammar = schema(text, (struct schema_options){0});
    expect(grammar, "\"2024-02-29\"", true);
    expect(grammar, "\"2023-02-29\"", false);
    expect(grammar, "7", true);
    grammar_free(grammar);
    grammar = schema(text, (struct schema_options){.ignore_format = true});
    expect(grammar, "\"2023-02-29\"", true);
    grammar_free(grammar);
}

static void recursion(void **state) {
    (void)state;
    struct grammar *grammar =
        schema("{\"$ref\": \"#/$defs/tree\", \"$defs\": {\"tree\": {\"type\": \"object\", \"properties\": {\"left\": "
               "{\"$ref\": \"#/$defs/tree\"}, \"value\": {\"type\": \"number\", \"exclusiveMinimum\": -0.5}},"
               "\"required\": [\"value\"], \"additionalProperties\": false}}}",
               (struct schema_options){0});
    expect(grammar, "{\"left\":{\"left\":{\"value\":1},\"value\":-0.49},\"value\":0}", true);
    expect(grammar, "{\"left\":{\"left\":{\"value\":1},\"value\":-0.5},\"value\":0}", false);
    expect(grammar, "{\"left\":{\"left\":{}},\"value\":0}", false);
    grammar_free(grammar);
    /* A value that would have to contain itself does not exist. */
    grammar =
        schema("{\"type\": \"array\", \"items\": {\"$ref\": \"#\"}, \"minItems\": 1}", (struct schema_options){0});
    assert_false(grammar->accepts_any);
    expect(grammar, "[[]]", false);
    grammar_free(grammar);
}

static void earlier_drafts(void **state) {
    (void)state;
    struct grammar *grammar =
        schema("{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"items\": [{\"type\": \"null\"}, "
               "{\"$ref\": \"#/definitions/n\"}], \"additionalItems\": false, \"dependencies\": {\"a\": [\"b\"], "
               "\"b\": {\"maxProperties\": 1}}, \"definitions\": {\"n\": {\"$schema\": "
               "\"http://json-schema.org/draft-04/schema#\", \"minimum\": 5, \"exclusiveMinimum\": true}}}",
               (struct schema_options){0});
    expect(grammar, "[null,5.1]", true);
    expect(grammar, "[null,5]", false);
    expect(grammar, "[5]", false);
    expect(grammar, "[null,6,7]", false);
    expect(grammar, "{\"b\":1}", true);
    expect(grammar, "{\"a\":1}", false);
    expect(grammar, "{\"a\":1,\"b\":1}", false);
    grammar_free(grammar);
    grammar =
        schema("{\"not\": {\"items\": [{\"maximum\": 5, \"exclusiveMaximum\": true}]}}", (struct schema_options){0});
    expect(grammar, "[5,1]", true);
    expect(grammar, "[4,9]", false);
    expect(grammar, "7", false);
    grammar_free(grammar);
}

static void refused_keywords(void **state) {
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"{\"properties\": {\"a/b\": {\"uniqueItems\": true}}}", "JSON Schema: #/properties/a~1b/uniqueItems: "},
        {"{\"anyOf\": [{}, {\"unevaluatedItems\": false}]}", "JSON Schema: #/anyOf/1/unevaluatedItems: "},
        {"{\"items\": {\"pattern\": \"(?=a)b\"}}", "JSON Schema: #/items/pattern: look-around is not supported"},
        {"{\"$ref\": \"https://example.com/x\"}", "JSON Schema: #/$ref: refers to another document"},
        {"{\"$ref\": \"#/$defs/x\"}", "JSON Schema: #/$ref: leads nowhere"},
        {"{\"$ref\": \"#\"}", "JSON Schema: #/$ref: leads back to itself"},
        {"{\"items\": {\"$ref\": \"#/$defs/a\"}, \"$defs\": {\"a\": {\"$ref\": \"#/$defs/b\"}, \"b\": {\"$ref\": "
         "\"#/$defs/a\"}}}",
         "JSON Schema: #/items/$ref: leads back to itself"},
        {"{\"format\": \"regex\"}", "JSON Schema: #/format: is not a format that can be enforced"},
        {"{\"type\": \"text\"}", "JSON Schema: #/type: names a type"},
        {"{\"minLength\": -1}", "JSON Schema: #/minLength: must be a whole number"},
        {"{\"maximum\": \"1\"}", "JSON Schema: #/maximum: must be a number"},
        {"{\"multipleOf\": 0}", "JSON Schema: #/multipleOf: must be above 0"},
        {"{\"properties\": []}", "JSON Schema: #/properties: must be an object"},
        {"{\"required\": [1]}", "JSON Schema: #/required/0: the name of a property must be a string"},
        {"{\"items\": 7}", "JSON Schema: #/items: a schema must be an object or a boolean"},
        {"{\"$recursiveRef\": \"#\"}", "JSON Schema: #/$recursiveRef: is not supported"},
        {"{\"not\": {\"additionalProperties\": {\"type\": \"null\"}}}",
         "JSON Schema: #/not/additionalProperties: its comple"},
        {"{\"minProperties\": 2}", "JSON Schema: #: a minimum number of properties"},
        {"{\"$schema\": \"https://example.com/mine\"}", "JSON Schema: #/$schema: is a dialect"},
        {"7", "JSON Schema: #: a schema must be an object or a boolean"},
        {"{\"a\": }", "JSON: expected a value"},
        {"", "JSON: expected a value"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct schema_options options = {0};
        assert_null(grammar_from_schema(cases[i].text, strlen(cases[i].text), &options, &error));
        assert_int_equal(error.code, QN_ERR_ARGUMENT);
        if (strncmp(error.text, cases[i].reason, strlen(cases[i].reason)) != 0) {
            fail_msg("%s: %s", cases[i].text, error.text);
        }
    }
}

static void refuse_as_too_large(const char *text) {
    const struct schema_options options = {0};
    struct grammar *grammar = grammar_from_schema(text, strlen(text), &options, &error);
    assert_null(grammar);
    assert_true(error.code == QN_ERR_LIMIT || error.code == QN_ERR_MEMORY || error.code == QN_ERR_ARGUMENT);
}

static char *repeated(const char *before, const char *part, int count, const char *after) {
    char *text = malloc(strlen(before) + strlen(part) * (size_t)count + strlen(after) + 1);
    assert_non_null(text);
    strcpy(text, before);
    for (int i = 0; i < count; i++) {
        strcat(text, part);
    }
    return strcat(text, after);
}

/* Steps measure the work: they include the memory, and no work goes on when the limit is reached. */
static void count_steps(const char *text) {
    const struct schema_options options = {0};
    struct arena arena = {.limit = GRAMMAR_MEMORY};
    struct sandbox box = {.arena = &arena,
                          .error = &error,
                          .none = {.kind = VALUE_NONE},
                          .yes = {.kind = VALUE_BOOL, .integer = 1},
                          .no = {.kind = VALUE_BOOL},
                          .scrap = {.string = {.text = ""}}};
    struct regular regular;
    struct rules rules;
    regular_start(&regular, &box, GRAMMAR_STEPS);
    rules_begin(&rules, &regular);
    schema_compile(&rules, text, strlen(text), &options);
    regular_step(&regular, 0);
    assert_true(regular.steps >= arena.used / 64 + (regular.count - 2) * 2);
    assert_true(regular.steps < GRAMMAR_STEPS + GRAMMAR_STEPS / 2);
    arena_free(&arena);
}

static void hostile(void **state) {
    (void)state;
    static const struct {
        const char *before, *part, *after;
        int count;
    } cases[] = {
        {"{\"oneOf\": [{\"const\": 1}", ", {\"const\": 2}", "]}", 2000},
        {"{\"enum\": [\"a\"", ", \"an equal value\", 3.25, \"\\u00e9\"", "]}", 3000},
        /* two to the power of 40 branches; a million factors; patterns that are hard to divide; deep nesting */
        {"{\"allOf\": [{}", ", {\"anyOf\": [{\"minLength\": 1}, {\"pattern\": \"a\"}]}", "]}", 40},
        {"{\"allOf\": [{}", ", {\"oneOf\": [{\"minimum\": 1}, {\"multipleOf\": 7}, {\"type\": \"null\"}]}", "]}", 20},
        {"{\"pattern\": \"^", "([ab]*a[ab]{9}|c)", "$\", \"not\": {\"pattern\": \"ab[ab]{30}a$\"}}", 40},
        {"{\"not\": ", "{\"not\": ", "", 300},
        {"{\"minimum\": 1, \"maximum\": 1000000000000, \"allOf\": [{\"multipleOf\": 2147483629}",
         ", {\"multipleOf\": 2147483579}, {\"not\": {\"multipleOf\": 3}}", "]}", 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = repeated(cases[i].before, cases[i].part, cases[i].count, cases[i].after);
        count_steps(text);
        if (i != 1) { /* equal values cost little */
            refuse_as_too_large(text);
        }
        free(text);
    }
}

/* Large, but not hostile. */
static void large(void **state) {
    (void)state;
    struct grammar *grammar =
        schema("{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"maxLength\": 1000000}, \"b\": "
               "{\"type\": \"array\", \"items\": {\"type\": \"array\", \"maxItems\": 200000}, \"minItems\": 3, "
               "\"maxItems\": 1000000}}}",
               (struct schema_options){0});
    expect(grammar, "{\"a\":\"text\",\"b\":[[],[1],[2,3]]}", true);
    expect(grammar, "{\"a\":\"text\",\"b\":[[],[1]]}", false);
    grammar_free(grammar);
    char *text = repeated("{\"enum\": [\"x\"", ", \"some value of an enumeration\"", 1000, "]}");
    grammar = schema(text, (struct schema_options){0});
    expect(grammar, "\"some value of an enumeration\"", true);
    expect(grammar, "\"some value\"", false);
    grammar_free(grammar);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_members), cmocka_unit_test(white_space), cmocka_unit_test(spelling_of_strings),
        cmocka_unit_test(formats),          cmocka_unit_test(recursion),   cmocka_unit_test(refused_keywords),
        cmocka_unit_test(hostile),          cmocka_unit_test(large),       cmocka_unit_test(earlier_drafts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
