/* Grammars from regular expressions and GBNF: matching, rewinding, copies, tokens, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/grammar/grammar.h"

static struct qn_error error;

static struct grammar *gbnf(const char *text) {
    struct grammar *grammar = grammar_from_gbnf(text, strlen(text), &error);
    if (grammar == NULL) {
        fail_msg("%s", error.text);
    }
    return grammar;
}

static bool accepts(struct grammar *grammar, const char *text) {
    bool accepted;
    assert_int_equal(grammar_accepts(grammar, text, strlen(text), &accepted, &error), QN_OK);
    return accepted;
}

static size_t read_bytes(struct matcher *matcher, const char *text) {
    size_t read = 0;
    while (text[read] && matcher_byte(matcher, (uint8_t)text[read])) {
        read++;
    }
    return read;
}

static void recursion(void **state) {
    (void)state;
    struct grammar *grammar = gbnf("root ::= list\nlist ::= list \",\" value | value\n"
                                   "value ::= [0-9]+ | \"[\" list? \"]\" # left-recursive\n");
    assert_true(accepts(grammar, "1"));
    assert_true(accepts(grammar, "1,22,[3,[]],4"));
    assert_false(accepts(grammar, "1,,2"));
    assert_false(accepts(grammar, "1,[2"));
    grammar_free(grammar);
}

/* Every way to split the text is followed. */
static void ambiguity(void **state) {
    (void)state;
    struct grammar *grammar = gbnf("root ::= x x \"c\" | y\nx ::= \"a\" x | \"a\" | \"\"\ny ::= \"a\" y \"b\" | \"\"");
    assert_true(accepts(grammar, ""));
    assert_true(accepts(grammar, "c"));
    assert_true(accepts(grammar, "aaac"));
    assert_true(accepts(grammar, "aabb"));
    assert_false(accepts(grammar, "aab"));
    assert_false(accepts(grammar, "aabbc"));
    grammar_free(grammar);
}

static void counters(void **state) {
    (void)state;
    struct grammar *grammar = gbnf("root ::= pair{2,100000} \".\"\npair ::= \"(\" pair{0,1} \")\"");
    char text[2 * 3000 + 2];
    for (int pairs = 1; pairs <= 3000; pairs = pairs * 3 - 1) {
        for (int i = 0; i < pairs; i++) {
            memcpy(text + 2 * (size_t)i, "()", 2);
        }
        memcpy(text + 2 * (size_t)pairs, ".", 2);
        assert_int_equal(accepts(grammar, text), pairs >= 2);
        if (pairs == 1) {
            pairs = 2;
        }
    }
    grammar_free(grammar);
}

static void rewinding_and_copies(void **state) {
    (void)state;
    struct grammar *grammar = gbnf("root ::= \"<\" root \">\" | [a-c]{2,3} | [\\u00e9]");
    struct matcher matcher;
    struct matcher other;
    assert_int_equal(matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, &error), QN_OK);
    assert_int_equal(read_bytes(&matcher, "<<ab"), 4);
    assert_false(matcher_complete(&matcher));
    const size_t position = matcher_position(&matcher);
    assert_int_equal(matcher_copy(&other, &matcher, &error), QN_OK);
    assert_int_equal(read_bytes(&matcher, "c>>x"), 3);
    assert_true(matcher_complete(&matcher));
    assert_false(matcher_byte(&matcher, '>'));
    assert_true(matcher_complete(&matcher)); /* a byte that is refused changes nothing */
    matcher_rewind(&matcher, position);
    assert_int_equal(read_bytes(&matcher, "cc"), 1);
    matcher_rewind(&matcher, 2);
    assert_int_equal(read_bytes(&matcher, "\xc3\xa9>>"), 4); /* a character in two parts */
    assert_true(matcher_complete(&matcher));
    assert_int_equal(read_bytes(&other, ">>"), 2); /* the copy is where the original was */
    assert_true(matcher_complete(&other));
    matcher_free(&matcher);
    matcher_free(&other);
    grammar_free(grammar);
}

static void tokens(void **state) {
    (void)state;
    struct grammar *grammar = gbnf("root ::= <[7]> !<[8]>* <[8]> \"ok\"");
    struct matcher matcher;
    assert_int_equal(matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, &error), QN_OK);
    assert_false(matcher_token(&matcher, 8, NULL, 0));
    assert_false(matcher_byte(&matcher, '7'));
    assert_true(matcher_token(&matcher, 7, NULL, 0));
    assert_true(matcher_token(&matcher, 1, (const uint8_t *)"text", 4));
    assert_true(matcher_token(&matcher, 7, NULL, 0));
    assert_true(matcher_token(&matcher, 8, NULL, 0));
    assert_false(matcher_token(&matcher, 1, (const uint8_t *)"text", 4));
    assert_true(matcher_token(&matcher, 2, (const uint8_t *)"ok", 2));
    assert_true(matcher_complete(&matcher));
    matcher_free(&matcher);
    grammar_free(grammar);
}

static void nothing_is_possible(void **state) {
    (void)state;
    struct grammar *grammar = gbnf("root ::= \"a\" root");
    assert_false(grammar->accepts_any);
    assert_false(accepts(grammar, ""));
    assert_false(accepts(grammar, "a"));
    grammar_free(grammar);
    grammar = gbnf("root ::= \"a\" dead | \"ab\"\ndead ::= \"b\" dead");
    struct matcher matcher;
    assert_int_equal(matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, &error), QN_OK);
    assert_int_equal(read_bytes(&matcher, "abb"), 2);
    matcher_free(&matcher);
    grammar_free(grammar);
}

static void refused(void **state) {
    (void)state;
    static const struct {
        char notation;
        const char *text;
        int offset;
        const char *reason;
    } cases[] = {
        {'g', "root ::= \"a", 9, "not closed"},
        {'g', "root ::= a", 9, "'a' is not defined"},
        {'g', "start ::= \"a\"", 0, "no rule 'root'"},
        {'g', "root ::= \"a\"\nroot ::= \"b\"", 13, "defined twice"},
        {'g', "root ::= * \"a\"", 9, "nothing to repeat"},
        {'g', "root ::= \"\\q\"", 10, "unknown escape"},
        {'g', "root ::= [z-a]", 10, "out of order"},
        {'g', "root ::= \"a\"{3,2}", 12, "out of order"},
        {'g', "root ::= (\"a\"", 9, "not closed"},
        {'g', "root ::= \"a\" )", 13, "end of the line"},
        {'g', "root = \"a\"", 5, "expected ::="},
        {'g', "root ::= <[x]>", 9, "token's id"},
        {'g', "", 0, "no rule 'root'"},
        {'r', "a(?=b)", 1, "look-around"},
        {'r', "(a)\\1", 3, "back-references"},
        {'r', "\\bword", 0, "word boundaries"},
        {'r', "\\p{L}", 0, "Unicode properties"},
        {'r', "a{3,2}", 1, "out of order"},
        {'r', "(a", 0, "not closed"},
        {'r', "a)", 1, "closes no group"},
        {'r', "[a", 0, "not closed"},
        {'r', "*a", 0, "nothing to repeat"},
        {'r', "(^a)*", 4, "anchor"},
        {'r', "a\\", 1, "backslash"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        error = (struct qn_error){0};
        struct grammar *grammar = cases[i].notation == 'g' ? grammar_from_gbnf(text, strlen(text), &error)
                                                           : grammar_from_regex(text, strlen(text), &error);
        assert_null(grammar);
        assert_int_equal(error.code, QN_ERR_ARGUMENT);
        if (error.offset != (uint64_t)cases[i].offset || strstr(error.text, cases[i].reason) == NULL) {
            fail_msg("%s: %s at %d", text, error.text, (int)error.offset);
        }
    }
}

/* Counts, nesting, sizes and automata that would take too long, or too much memory. */
/* Every beginning of a grammar, in memory of exactly its size: nothing behind it is read. */
static void cut_anywhere(void **state) {
    (void)state;
    const struct schema_options options = {0};
    static const char *const texts[] = {
        "(?:a|\\ca)(?<name>\\x41\\u0041\\ud83d\\ude00\\u{1f600})\\0\\d[\\ca\\b\\x41-\\u0042-]{2,3}?$",
        "((\\c",
        "[\\c",
        "root ::= <[12]> !<tool> (\"a\\x41\\u0041\\U0001f600\\n\" | [^a-z\\x41-\\u0042\\]]{2,3} # note\n) . b?\nb ::= "
        "\"\"\n",
        "{\"pattern\": \"(\\\\c\", \"enum\": [\"\\ud83d\\ude00\", 1.5e-3, {\"a\": [true, null]}], \"$ref\": "
        "\"#/a~0~1%25\"}",
        "{\"type\": \"string\", \"pattern\": \"(\\\\c\"}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t bytes = 0; bytes <= strlen(texts[i]); bytes++) {
            char *copy = malloc(bytes ? bytes : 1);
            memcpy(copy, texts[i], bytes);
            struct grammar *const made[] = {grammar_from_regex(copy, bytes, &error),
                                            grammar_from_gbnf(copy, bytes, &error),
                                            grammar_from_schema(copy, bytes, &options, &error)};
            free(copy);
            for (size_t k = 0; k < 3; k++) {
                grammar_free(made[k]);
            }
        }
    }
}

static void hostile(void **state) {
    (void)state;
    static char text[200000];
    struct grammar *grammar;
    memset(text, '(', sizeof(text));
    assert_null(grammar_from_regex(text, sizeof(text), &error));
    memcpy(text, "root ::= ", 9);
    assert_null(grammar_from_gbnf(text, sizeof(text), &error));
    memset(text, 'a', sizeof(text));
    assert_null(grammar_from_regex(text, sizeof(text), &error));
    assert_int_equal(error.code, QN_ERR_LIMIT);
    bool accepted;
    static const char exponential[] = "([ab]*a[ab]{4000000})+(x?y{3,9}){100000}";
    grammar = grammar_from_regex(exponential, strlen(exponential), &error);
    assert_non_null(grammar);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = i * i % 7 < 3 ? 'a' : 'b';
    }
    const int status = grammar_accepts(grammar, text, sizeof(text), &accepted, &error);
    assert_true(status == QN_ERR_LIMIT || status == QN_ERR_MEMORY);
    assert_false(accepted);
    grammar_free(grammar);
    grammar = gbnf("root ::= (((root{0,999999999}){0,999999999}){5,999999999} | \"a\"){2,999999999}");
    assert_int_equal(grammar_accepts(grammar, text, sizeof(text), &accepted, &error), QN_ERR_LIMIT);
    assert_false(accepted);
    grammar_free(grammar);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion),
        cmocka_unit_test(ambiguity),
        cmocka_unit_test(counters),
        cmocka_unit_test(tokens),
        cmocka_unit_test(rewinding_and_copies),
        cmocka_unit_test(nothing_is_possible),
        cmocka_unit_test(refused),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
