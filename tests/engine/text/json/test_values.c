/* Equality and order of values, keys of dicts, texts under construction, and searches in texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/text/json/json.h"
#include "engine/text/json/json_write.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"

static struct arena arena;
static struct qn_error error;
static struct sandbox box;

static void start(size_t limit) {
    arena_free(&arena);
    arena.limit = limit;
    error = (struct qn_error){0};
    box = (struct sandbox){.arena = &arena, .error = &error};
}

static struct value *json(const char *text) {
    struct value *value = json_read(&box, text, strlen(text), false, QN_ERR_ARGUMENT);
    if (box.failed) {
        fail_msg("%s: %s", text, error.text);
    }
    return value;
}

static void equality(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {{"1", "1", true},
                 {"1", "1.0", true},
                 {"1", "2", false},
                 {"1", "true", true},
                 {"0", "false", true},
                 {"1", "\"1\"", false},
                 {"null", "null", true},
                 {"null", "0", false},
                 {"null", "[]", false},
                 {"\"a\"", "\"a\"", true},
                 {"\"a\"", "\"b\"", false},
                 {"\"a\"", "\"ab\"", false},
                 {"\"\"", "[]", false},
                 {"[]", "{}", false},
                 {"[]", "[]", true},
                 {"{}", "{}", true},
                 {"[1,2]", "[1.0,2]", true},
                 {"[1]", "[1,2]", false},
                 {"[1,2]", "[1,3]", false},
                 {"[[1],2]", "[[1],2]", true},
                 {"{\"a\":1}", "{\"a\":1.0}", true},
                 {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
                 {"{\"a\":1}", "{\"b\":1}", false},
                 {"{\"a\":1}", "{\"a\":2}", false},
                 {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
                 {"{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", false},
                 {"9007199254740993", "9007199254740992", false},
                 {"9007199254740993", "9007199254740992.0", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start((size_t)1 << 20);
        struct value *a = json(cases[i].a), *b = json(cases[i].b);
        if (value_equal(&box, a, b) != cases[i].equal || value_equal(&box, b, a) != cases[i].equal || box.failed) {
            fail_msg("%s == %s: %s", cases[i].a, cases[i].b, error.text);
        }
        assert_int_equal(box.depth, 0);
        assert_true(value_equal(&box, a, a));
    }
    start((size_t)1 << 20); /* kinds that are equal only to themselves */
    struct value *builtin = value_new(&box, VALUE_BUILTIN), *other = value_new(&box, VALUE_BUILTIN);
    assert_true(value_equal(&box, builtin, builtin));
    assert_false(value_equal(&box, builtin, other));
    assert_true(value_equal(&box, value_new(&box, VALUE_UNDEFINED), value_new(&box, VALUE_UNDEFINED)));
}

static void order(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        int sign;
    } cases[] = {{"1", "2", -1},
                 {"2", "2", 0},
                 {"1.5", "2", -1},
                 {"2", "1.5", 1},
                 {"1", "1.5", -1},
                 {"2.5", "2", 1},
                 {"1.5", "1.25", 1},
                 {"9007199254740993", "9007199254740992", 1},
                 {"true", "0", 1},
                 {"\"a\"", "\"b\"", -1},
                 {"\"a\"", "\"ab\"", -1},
                 {"\"b\"", "\"ab\"", 1},
                 {"\"\"", "\"a\"", -1},
                 {"\"a\"", "\"a\"", 0},
                 {"[1,2]", "[1,3]", -1},
                 {"[1]", "[1,0]", -1},
                 {"[2]", "[1,5]", 1},
                 {"[\"a\"]", "[\"b\"]", -1},
                 {"[]", "[]", 0},
                 {"[[1],1]", "[[1],2]", -1},
                 {"[null,1]", "[null,2]", -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start((size_t)1 << 20);
        struct value *a = json(cases[i].a), *b = json(cases[i].b);
        const int forth = value_compare(&box, a, b), back = value_compare(&box, b, a);
        if ((forth > 0) - (forth < 0) != cases[i].sign || (back > 0) - (back < 0) != -cases[i].sign || box.failed) {
            fail_msg("%s and %s: %d and %d", cases[i].a, cases[i].b, forth, back);
        }
        assert_int_equal(box.depth, 0);
    }
}

static void values_without_order(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"1", "\"a\""},  {"\"a\"", "1"},   {"[]", "1"},        {"1", "[]"},
                                           {"{}", "{}"},    {"null", "null"}, {"[1]", "[\"a\"]"}, {"[]", "{}"},
                                           {"\"a\"", "[]"}, {"[]", "\"a\""},  {"{}", "[]"},       {"null", "1"},
                                           {"1", "null"},   {"true", "\"\""}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start((size_t)1 << 20);
        struct value *a = json(cases[i][0]), *b = json(cases[i][1]);
        value_compare(&box, a, b);
        if (error.code != QN_ERR_TEMPLATE || strstr(error.text, "cannot be ordered") == NULL) {
            fail_msg("%s and %s: %s", cases[i][0], cases[i][1], error.text);
        }
    }
    for (int second = 0; second < 2; second++) {
        start((size_t)1 << 20);
        struct value *name = value_name(&box, "x");
        struct value *undefined = value_undefined(&box, name, NULL), *one = value_int(&box, 1);
        value_compare(&box, second ? one : undefined, second ? undefined : one);
        assert_string_equal(error.text, "'x' is undefined");
    }
}

/* The first error stays. */
static void undefined_attributes(void **state) {
    (void)state;
    start((size_t)1 << 20);
    struct value *undefined = value_undefined(&box, value_name(&box, "x"), "dict");
    value_fail_undefined(&box, undefined);
    assert_string_equal(error.text, "'dict' has no attribute 'x'");
    start((size_t)1 << 20);
    undefined = value_undefined(&box, value_name(&box, "x"), "dict");
    sandbox_fail(&box, "first");
    value_fail_undefined(&box, undefined);
    assert_string_equal(error.text, "first");
}

static void truth(void **state) {
    (void)state;
    static const char *const wrong[] = {"null", "false", "0", "0.0", "\"\"", "[]", "{}"};
    static const char *const right[] = {"true", "1", "0.5", "\"a\"", "[0]", "{\"a\":0}"};
    start((size_t)1 << 20);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(value_true(json(wrong[i])));
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_true(value_true(json(right[i])));
    }
    struct value *generator = value_new(&box, VALUE_LIST);
    generator->flags = FLAG_GENERATOR;
    assert_true(value_true(generator));
    assert_false(value_is_text(json("[1]"), "a"));
    struct value *list = json("[1]"); /* whose fields read as a text of one byte */
    list->string.text = "a";
    list->string.bytes = 1;
    assert_false(value_is_text(list, "a"));
}

static void keys(void **state) {
    (void)state;
    static const char *const names[] = {"k32728", "k261234"}; /* they have the same hash */
    start((size_t)1 << 20);
    struct value *dict = value_new(&box, VALUE_DICT);
    for (int i = 0; i < 40; i++) {
        const size_t slots = dict->dict.index ? dict->dict.slots : 0;
        dict_set(&box, dict, value_int(&box, i), value_int(&box, 2 * i));
        assert_true(dict->dict.index == NULL || dict->dict.count * 2 <= dict->dict.slots);
        assert_true(slots == 0 || dict->dict.slots == slots || dict->dict.count * 2 > slots); /* not earlier */
    }
    for (int i = 0; i < 2; i++) {
        dict_set(&box, dict, value_name(&box, names[i]), value_int(&box, 100 + i));
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dict_get(&box, dict, value_name(&box, names[i]))->integer, 100 + i);
    }
    for (int i = 0; i < 40; i++) {
        assert_int_equal(dict_get(&box, dict, value_float(&box, i))->integer, 2 * i);
    }
    assert_int_equal(dict->dict.count, 42);
    assert_null(dict_get(&box, dict, value_int(&box, 40)));
    assert_false(box.failed);
    dict_set(&box, dict, json("[1]"), value_int(&box, 1));
    assert_true(strstr(error.text, "unhashable type: 'list'") != NULL);
    assert_int_equal(dict->dict.count, 42);
    start((size_t)1 << 20);
    dict_get(&box, json("{}"), json("{}"));
    assert_true(strstr(error.text, "unhashable type: 'dict'") != NULL);
}

/* Steps are counted while a dict is searched, and a search ends with them. */
static void steps(void **state) {
    (void)state;
    start((size_t)1 << 20);
    struct value *dict = value_new(&box, VALUE_DICT);
    for (int i = 0; i < 20; i++) {
        dict_set(&box, dict, value_int(&box, i), value_int(&box, i));
    }
    struct value *key = value_int(&box, 5), *absent = value_int(&box, 50);
    box.steps = STEP_LIMIT;
    assert_null(dict_get(&box, dict, key));
    assert_int_equal(error.code, QN_ERR_LIMIT);
    dict_set(&box, dict, absent, absent);
    assert_int_equal(dict->dict.count, 20);
    start((size_t)1 << 20);
    char long_text[200];
    memset(long_text, 'x', sizeof(long_text));
    struct value *a = value_text(&box, long_text, 200), *b = value_text(&box, long_text, 200);
    box.steps = STEP_LIMIT;
    assert_false(value_equal(&box, a, b));
    assert_int_equal(error.code, QN_ERR_LIMIT);
}

static void nesting(void **state) {
    (void)state;
    start((size_t)1 << 20);
    struct value *a = json("[1]"), *b = json("[1]");
    box.depth = DEPTH_LIMIT;
    assert_false(value_equal(&box, a, b));
    assert_int_equal(error.code, QN_ERR_LIMIT);
    assert_int_equal(box.depth, DEPTH_LIMIT);
}

/* A dict or a text that cannot grow stays as it is. */
static void memory(void **state) {
    (void)state;
    bool grew = false;
    for (size_t limit = 0; limit < 4000 && !grew; limit += 8) {
        start(limit);
        struct value *dict = value_new(&box, VALUE_DICT);
        for (int i = 0; i < 12 && !box.failed; i++) {
            struct value *key = value_int(&box, i);
            if (!box.failed) {
                dict_set(&box, dict, key, key);
            }
        }
        grew = !box.failed;
        assert_true(grew || error.code == QN_ERR_MEMORY);
    }
    assert_true(grew);
    grew = false;
    for (size_t limit = 0; limit < 4000 && !grew; limit += 8) {
        struct buffer buffer;
        start(limit);
        buffer_start(&buffer, &box);
        buffer_add(&buffer, "abc", 3, false);
        buffer_add(&buffer, "def", 3, true);
        buffer_fill(&buffer, 'x', 100, true);
        grew = !box.failed;
        assert_true(grew ? buffer.bytes == 106 : error.code == QN_ERR_MEMORY && buffer.bytes < 106);
    }
    assert_true(grew);
}

static void masks(void **state) {
    (void)state;
    struct buffer buffer;
    start((size_t)1 << 20);
    buffer_start(&buffer, &box);
    buffer_fill(&buffer, 'a', 40, true);
    assert_null(buffer.mask); /* all bytes are untrusted */
    assert_true(buffer_value(&buffer)->untrusted);
    buffer_fill(&buffer, 'b', 24, false);
    assert_int_equal(buffer.capacity, 64);
    const uint8_t *mask = buffer.mask;
    assert_non_null(mask);
    buffer_fill(&buffer, 'c', 1, true);
    buffer_fill(&buffer, 'd', 1, false);
    assert_int_equal(buffer.capacity, 128);
    mask = buffer.mask;
    buffer_fill(&buffer, 'e', 1, false);
    assert_ptr_equal(buffer.mask, mask); /* only a text that grows takes another mask */
    buffer_fill(&buffer, 'f', 100000, true);
    for (size_t i = 0; i < buffer.bytes; i++) {
        assert_int_equal(buffer.mask[i], i < 40 || i == 64 || i >= 67);
    }
    box.steps = STEP_LIMIT + 1; /* nothing is added after an error */
    const size_t bytes = buffer.bytes;
    buffer_put(&buffer, 'g', true);
    assert_int_equal(buffer.bytes, bytes);
    assert_int_equal(error.code, QN_ERR_LIMIT);
}

static void assert_written(struct value *value, const char *expected) {
    static const struct json_style style;
    struct buffer buffer;
    buffer_start(&buffer, &box);
    json_write(&buffer, value, &style);
    if (box.failed || buffer.bytes != strlen(expected) || memcmp(buffer.text, expected, buffer.bytes) != 0) {
        fail_msg("%.*s instead of %s: %s", (int)buffer.bytes, buffer.text, expected, error.text);
    }
}

/* JSON has only texts as keys, and Python writes numbers that are not finite. */
static void writing(void **state) {
    (void)state;
    start((size_t)1 << 20);
    struct value *dict = value_new(&box, VALUE_DICT);
    dict_set(&box, dict, value_int(&box, 1), value_int(&box, 2));
    dict_set(&box, dict, value_name(&box, "a"), value_int(&box, 3));
    dict_set(&box, dict, value_new(&box, VALUE_NONE), value_int(&box, 4));
    assert_written(dict, "{\"1\": 2, \"a\": 3, \"null\": 4}");
    assert_written(value_float(&box, __builtin_inf()), "Infinity");
    assert_written(value_float(&box, -__builtin_inf()), "-Infinity");
    assert_written(value_float(&box, __builtin_nan("")), "NaN");
    char digits[401];
    memset(digits, '9', 400);
    digits[400] = 0;
    assert_written(json(digits), digits); /* an integer larger than any double */
    dict_set(&box, dict, value_pair(&box, value_int(&box, 1), value_int(&box, 2)), value_int(&box, 5));
    struct buffer buffer;
    static const struct json_style style;
    buffer_start(&buffer, &box);
    json_write(&buffer, dict, &style);
    assert_true(strstr(error.text, "a JSON key cannot be a 'tuple'") != NULL);
}

/* Arguments of a tool call are written as JSON; printed as a text they are an error, within another value they are not.
 */
static void printing(void **state) {
    (void)state;
    struct buffer buffer;
    start((size_t)1 << 20);
    struct value *arguments = json("{\"a\":1}");
    arguments->flags = FLAG_JSON;
    buffer_start(&buffer, &box);
    buffer_repr(&buffer, arguments);
    assert_false(box.failed);
    buffer_print(&buffer, arguments);
    assert_int_equal(error.code, QN_ERR_TEMPLATE);
    start((size_t)1 << 20);
    struct value *text = value_name(&box, "a");
    assert_ptr_equal(value_string(&box, text), text);
    assert_true(value_is_text(value_string(&box, json("[1]")), "[1]"));
}

static void searches(void **state) {
    (void)state;
    static const struct {
        const char *text, *needle;
        size_t from, to;
        size_t first, last;
    } cases[] = {{"abcabc", "abc", 0, 6, 0, 3},
                 {"abcabc", "abc", 1, 6, 3, 3},
                 {"abcabc", "abc", 0, 5, 0, 0},
                 {"abcabc", "abc", 1, 5, SIZE_MAX, SIZE_MAX},
                 {"abcabc", "abd", 0, 6, SIZE_MAX, SIZE_MAX},
                 {"abcabc", "xbc", 0, 6, SIZE_MAX, SIZE_MAX},
                 {"abc", "abc", 0, 3, 0, 0},
                 {"abc", "abcd", 0, 3, SIZE_MAX, SIZE_MAX},
                 {"abc", "xyzabc", 0, 3, SIZE_MAX, SIZE_MAX},
                 {"abc", "", 0, 3, 0, 3},
                 {"abc", "", 3, 3, 3, 3},
                 {"abc", "", 2, 1, SIZE_MAX, SIZE_MAX},
                 {"", "", 0, 0, 0, 0},
                 {"", "a", 0, 0, SIZE_MAX, SIZE_MAX},
                 {"abc", "a", 2, 1, SIZE_MAX, SIZE_MAX},
                 {"abc", "c", 2, 3, 2, 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start((size_t)1 << 20);
        const struct value *text = value_name(&box, cases[i].text), *needle = value_name(&box, cases[i].needle);
        assert_int_equal(text_find(&box, text, cases[i].from, cases[i].to, needle, false), cases[i].first);
        assert_int_equal(text_find(&box, text, cases[i].from, cases[i].to, needle, true), cases[i].last);
        assert_false(box.failed);
    }
    start((size_t)1 << 20); /* a long text is not compared once the steps are used up */
    char text[100];
    memset(text, 'x', sizeof(text));
    const struct value *long_text = value_text(&box, text, 100);
    box.steps = STEP_LIMIT - 2;
    assert_int_equal(text_find(&box, long_text, 0, 100, long_text, false), SIZE_MAX);
    assert_int_equal(error.code, QN_ERR_LIMIT);
}

static void spaces(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 128; code++) {
        assert_int_equal(space_char(code), (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20));
    }
    assert_int_equal(space_before(" \t\n\x1c"
                                  "a ",
                                  6),
                     4);
    assert_int_equal(space_before("a", 1), 0);
    assert_int_equal(space_before("   ", 3), 3);
    assert_int_equal(space_after(" a \t\xe2\x80\x83", 7), 5);
    assert_int_equal(space_after("a", 1), 0);
    assert_int_equal(space_after("   ", 3), 3);
    assert_int_equal(space_after(" \xa0", 2), 0); /* a byte that belongs to no character */
    assert_int_equal(space_after("\xc2", 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality),
        cmocka_unit_test(order),
        cmocka_unit_test(values_without_order),
        cmocka_unit_test(undefined_attributes),
        cmocka_unit_test(truth),
        cmocka_unit_test(keys),
        cmocka_unit_test(steps),
        cmocka_unit_test(nesting),
        cmocka_unit_test(memory),
        cmocka_unit_test(masks),
        cmocka_unit_test(writing),
        cmocka_unit_test(printing),
        cmocka_unit_test(searches),
        cmocka_unit_test(spaces),
    };
    const int failed = cmocka_run_group_tests_name("json_values", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
