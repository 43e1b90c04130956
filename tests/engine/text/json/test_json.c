/* Reading and writing of JSON on its own: what is accepted and what it becomes, what is refused and where, and the
 * limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/text/json/json.h"
#include "engine/text/json/json_write.h"

static struct arena arena;
static struct qn_error error;
static struct sandbox box;
static struct value *last; /* that was read */

/* Reads a copy of exactly the given size, so that sanitizers detect a read past the end, and writes it again. */
static int read_bytes(const char *text, size_t bytes, struct buffer *written) {
    char *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, text, bytes);
    arena_free(&arena);
    arena.limit = (size_t)64 << 20;
    error = (struct qn_error){0};
    box = (struct sandbox){.arena = &arena, .error = &error};
    last = json_read(&box, copy, bytes, false, QN_ERR_ARGUMENT);
    const struct json_style style = {0};
    buffer_start(written, &box);
    if (!box.failed) {
        json_write(written, last, &style);
        assert_int_equal(box.depth, 0);
    }
    free(copy); /* strings without escapes pointed into it */
    return box.failed ? error.code : QN_OK;
}

static void assert_becomes(const char *text, const char *expected) {
    struct buffer written;
    if (read_bytes(text, strlen(text), &written) != QN_OK || written.bytes != strlen(expected) ||
        memcmp(written.text, expected, written.bytes) != 0) {
        fail_msg("%s became %.*s: %s", text, (int)written.bytes, written.text ? written.text : "", error.text);
    }
}

static void assert_refused_at(const char *text, size_t offset, const char *words) {
    struct buffer written;
    const int status = read_bytes(text, strlen(text), &written);
    if (status != QN_ERR_ARGUMENT || error.offset != offset || strstr(error.text, words) == NULL) {
        fail_msg("%s: status %d at %llu: %s", text, status, (unsigned long long)error.offset, error.text);
    }
}

static void values(void **state) {
    (void)state;
    static const char *const same[] = {"null", "true", "false", "0", "-0", "12", "[]", "{}", "\"\"", "[1, [2, {}]]"};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_becomes(same[i], strcmp(same[i], "-0") == 0 ? "0" : same[i]);
    }
    assert_becomes(" \t\r\n[ 1 ,\t2 ] \n", "[1, 2]");
    assert_becomes("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\": 3, \"b\": 2}");
    assert_becomes("9223372036854775807", "9223372036854775807");
    assert_becomes("-9223372036854775808", "-9223372036854775808");
    assert_becomes("9223372036854775808", "9223372036854775808");
    assert_becomes("-9223372036854775809", "-9223372036854775809");
    assert_becomes("[0.5, -1.25, 1e3, 1E+3, 25e-1]", "[0.5, -1.25, 1000.0, 1000.0, 2.5]");
}

static void strings(void **state) {
    (void)state;
    assert_becomes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    assert_becomes("\"\\u0041\\u00e9\\u20AC\"", "\"A\xc3\xa9\xe2\x82\xac\"");
    assert_becomes("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
    assert_becomes("\"\\ud83d\"", "\"\xef\xbf\xbd\"");
    assert_becomes("\"\\ud83dx\"", "\"\xef\xbf\xbdx\"");
    assert_becomes("\"\\ud83d\\n\"", "\"\xef\xbf\xbd\\n\"");
    assert_becomes("\"\\ude00\"", "\"\xef\xbf\xbd\"");
    assert_becomes("\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd"
                                         "A\"");
    assert_becomes("\" \"", "\" \""); /* the first character that may stand in a string */
    assert_becomes("\"\x7f\"", "\"\x7f\"");
}

static void refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *words;
    } cases[] = {
        {"", 0, "expected a value"},
        {"  ", 2, "expected a value"},
        {"nul", 0, "expected a value"},
        {"tru", 0, "expected a value"},
        {"01", 0, "expected a value"},
        {"-", 0, "expected a value"},
        {"-01", 0, "expected a value"},
        {".5", 0, "expected a value"},
        {"1.", 0, "expected a value"},
        {"1e", 0, "expected a value"},
        {"1e+", 0, "expected a value"},
        {"+1", 0, "expected a value"},
        {"/", 0, "expected a value"},
        {":", 0, "expected a value"},
        {"1 2", 2, "unexpected text"},
        {"[1", 2, "expected ',' or ']'"},
        {"[1 2", 3, "expected ',' or ']'"},
        {"[1,]", 3, "expected a value"},
        {"[,1]", 1, "expected a value"},
        {"{\"a\"}", 4, "expected ':'"},
        {"{\"a\":}", 5, "expected a value"},
        {"{\"a\":1", 6, "expected ',' or '}'"},
        {"{\"a\":1,}", 7, "expected a key"},
        {"{1:2}", 1, "expected a key"},
        {"{", 1, "expected a key"},
        {"\"", 1, "not closed"},
        {"\"a", 2, "not closed"},
        {"\"\x1f\"", 1, "not closed"},
        {"\"\\x\"", 2, "an unknown escape"},
        {"\"\\u12\"", 3, "an unknown escape"},
        {"\"\\u12g4\"", 3, "an unknown escape"},
        {"\"\\u123", 3, "an unknown escape"},
        {"\"\\", 2, "an unknown escape"},
        {"\"a\\\"", 4, "not closed"},
        {"[1}", 2, "expected ',' or ']'"},
        {"nullx", 4, "unexpected text"},
        {"\"\\u0041", 7, "not closed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_refused_at(cases[i].text, cases[i].offset, cases[i].words);
    }
}

/* A zero byte is text like any other. */
static void zero_bytes(void **state) {
    (void)state;
    struct buffer written;
    assert_int_equal(read_bytes("1\0", 2, &written), QN_ERR_ARGUMENT);
    assert_int_equal(read_bytes("\0", 1, &written), QN_ERR_ARGUMENT);
    assert_int_equal(read_bytes("\"\0\"", 3, &written), QN_ERR_ARGUMENT);
}

static void depth(void **state) {
    (void)state;
    char text[2 * DEPTH_LIMIT + 2];
    for (size_t more = 0; more <= 1; more++) {
        const size_t count = DEPTH_LIMIT + more;
        struct buffer written;
        memset(text, '[', count);
        memset(text + count, ']', count);
        assert_int_equal(read_bytes(text, 2 * count, &written), more ? QN_ERR_ARGUMENT : QN_OK);
        assert_true(more == 0 || strstr(error.text, "nested too deeply"));
    }
}

/* Integers of 64 bits stay exact; larger ones become floats that keep their digits. */
static void kinds(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum value_kind kind;
    } cases[] = {
        {"9223372036854775807", VALUE_INT},
        {"9223372036854775808", VALUE_FLOAT},
        {"-9223372036854775808", VALUE_INT},
        {"-9223372036854775809", VALUE_FLOAT},
        {"18446744073709551615", VALUE_FLOAT},
        {"18446744073709551616", VALUE_FLOAT},
        {"1.0", VALUE_FLOAT},
        {"1e2", VALUE_FLOAT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer written;
        assert_int_equal(read_bytes(cases[i].text, strlen(cases[i].text), &written), QN_OK);
        assert_int_equal(last->kind, cases[i].kind);
    }
}

/* What stands under messages, tools and documents at the top comes from users. */
static void untrusted(void **state) {
    (void)state;
    static const struct {
        const char *key;
        bool untrusted;
    } cases[] = {{"messages", true}, {"tools", true}, {"documents", true}, {"massages", false},
                 {"toolz", false},   {"now", false},  {"message", false},  {"messagesx", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        struct buffer written;
        snprintf(text, sizeof(text), "{\"%s\":1}", cases[i].key);
        assert_int_equal(read_bytes(text, strlen(text), &written), QN_OK);
        assert_int_equal(last->dict.entries[0].value->untrusted, cases[i].untrusted);
        snprintf(text, sizeof(text), "{\"x\":{\"%s\":1}}", cases[i].key);
        assert_int_equal(read_bytes(text, strlen(text), &written), QN_OK);
        assert_int_equal(last->dict.entries[0].value->dict.entries[0].value->untrusted, false);
    }
}

static void start_box(void) {
    arena_free(&arena);
    arena.limit = (size_t)512 << 20;
    error = (struct qn_error){0};
    box = (struct sandbox){.arena = &arena, .error = &error};
}

static void limits(void **state) {
    (void)state;
    start_box();
    assert_true(sandbox_step(&box, STEP_LIMIT));
    assert_false(sandbox_step(&box, 1));
    assert_int_equal(error.code, QN_ERR_LIMIT);
    start_box();
    for (uint32_t i = 0; i < DEPTH_LIMIT; i++) {
        assert_true(sandbox_enter(&box));
    }
    assert_false(sandbox_enter(&box));
    assert_int_equal(error.code, QN_ERR_LIMIT);
    struct buffer buffer;
    start_box();
    buffer_start(&buffer, &box);
    buffer_fill(&buffer, 'x', STRING_LIMIT, false);
    assert_false(box.failed);
    buffer_fill(&buffer, 'x', 1, false);
    assert_int_equal(error.code, QN_ERR_LIMIT);
    assert_int_equal(buffer.bytes, STRING_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values), cmocka_unit_test(strings), cmocka_unit_test(refused),   cmocka_unit_test(zero_bytes),
        cmocka_unit_test(depth),  cmocka_unit_test(kinds),   cmocka_unit_test(untrusted), cmocka_unit_test(limits),
    };
    const int failed = cmocka_run_group_tests_name("json_json", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
