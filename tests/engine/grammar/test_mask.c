/* Masks against the slow way: each token on its own, at every step of random walks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/grammar/grammar.h"
#include "engine/grammar/mask.h"

#define TOKENS 700u
#define VOCAB  (TOKENS + 40u) /* the last ids are control tokens: they have no bytes */
#define MEMORY ((size_t)32 << 20)

static struct qn_error error;
static uint8_t bytes[TOKENS * 16];
static uint32_t starts[TOKENS + 1];
static int32_t ids[TOKENS];
static struct token_trie trie;

static uint32_t random_below(uint64_t *state, uint32_t below) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % below);
}

/* A vocabulary of all bytes, of words of JSON and of random strings, some twice. Ids are mixed. */
static int make_vocabulary(void **state) {
    (void)state;
    static const char *const words[] = {"true", "false", "null",   "\":",   "\",\"", "{\"", "\"}", "\"]",
                                        "},{",  "name",  "\": \"", "value", "12",    "3.5", "-1",  "\\u00",
                                        "\\\"", "[[",    "]]",     "    ",  "ab",    "cd"};
    static const char letters[] = "ab\"\\{}[]:,01.e-nu \xc3\xa9\xf0\x9f";
    uint64_t chance = 7;
    uint32_t at = 0;
    for (uint32_t i = 0; i < TOKENS; i++) {
        const uint32_t length = 1 + random_below(&chance, i % 9 ? 5 : 15);
        starts[i] = at;
        ids[i] = (int32_t)(i * 37 % TOKENS);
        if (i < 256) {
            bytes[at++] = (uint8_t)i;
        } else if (i < 256 + sizeof(words) / sizeof(words[0])) {
            memcpy(bytes + at, words[i - 256], strlen(words[i - 256]));
            at += (uint32_t)strlen(words[i - 256]);
        } else {
            for (uint32_t k = 0; k < length; k++) {
                bytes[at++] = (uint8_t)letters[random_below(&chance, sizeof(letters) - 1)];
            }
        }
    }
    starts[TOKENS] = at;
    const struct token_bytes tokens = {bytes, starts, ids, TOKENS};
    return trie_build(&trie, &tokens, VOCAB, MEMORY, &error);
}

static int free_vocabulary(void **state) {
    (void)state;
    trie_free(&trie);
    return 0;
}

static bool is_set(const uint32_t *bits, int32_t id) { return bits[id / 32] >> id % 32 & 1; }

/* Whether the matcher takes the token, which is then undone. */
static bool takes(struct matcher *matcher, uint32_t token) {
    const size_t position = matcher_position(matcher);
    const bool taken = matcher_token(matcher, ids[token], bytes + starts[token], starts[token + 1] - starts[token]);
    matcher_drop(matcher, position);
    return taken;
}

/* Compares the mask, and returns a random token of it; TOKENS: there is none. */
static uint32_t compare(struct mask_maker *maker, struct matcher *matcher, uint64_t *chance) {
    static uint32_t bits[(VOCAB + 31) / 32];
    uint32_t chosen = TOKENS;
    uint32_t count = 0;
    assert_true(mask_make(maker, matcher, bits));
    for (uint32_t i = 0; i < TOKENS; i++) {
        const bool expected = takes(matcher, i);
        if (is_set(bits, ids[i]) != expected) {
            fail_msg("token '%.*s' is %s", (int)(starts[i + 1] - starts[i]), (char *)bytes + starts[i],
                     expected ? "missing" : "set");
        }
        count += expected;
        chosen = expected && random_below(chance, count) == 0 ? i : chosen;
    }
    for (int32_t id = TOKENS; id < (int32_t)VOCAB; id++) {
        const size_t position = matcher_position(matcher);
        assert_int_equal(is_set(bits, id), matcher_token(matcher, id, NULL, 0));
        matcher_drop(matcher, position);
    }
    return chosen;
}

static void walk(struct grammar *grammar, size_t memory) {
    struct matcher matcher;
    struct mask_maker maker;
    uint64_t chance = 1;
    assert_non_null(grammar);
    assert_int_equal(mask_start(&maker, &trie, memory, &error), QN_OK);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, &error), QN_OK);
        for (int step = 0; step < 40; step++) {
            const uint32_t token = compare(&maker, &matcher, &chance);
            if (token == TOKENS) {
                break;
            }
            assert_true(matcher_token(&matcher, ids[token], bytes + starts[token], starts[token + 1] - starts[token]));
            if (step % 7 == 6) {
                matcher_rewind(&matcher, matcher_position(&matcher) - random_below(&chance, 3));
            }
        }
        matcher_free(&matcher);
    }
    mask_free(&maker);
    grammar_free(grammar);
}

static struct grammar *from_schema(const char *text) {
    const struct schema_options options = {.white_space = text[1] == ' '};
    return grammar_from_schema(text, strlen(text), &options, &error);
}

static void schemas(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{ \"type\": \"object\"}",
        "{\"type\": \"string\"}",
        "{\"type\": \"string\", \"minLength\": 20, \"maxLength\": 30}",
        "{\"type\": \"string\", \"maxLength\": 5}",
        "{\"type\": \"string\", \"pattern\": \"^(ab|\\\\d)+$\", \"maxLength\": 9}",
        "{\"type\": \"array\", \"items\": {\"type\": \"number\", \"minimum\": -1.5, \"maximum\": 120}, \"minItems\": "
        "3}",
        "{\"properties\": {\"name\": {\"enum\": [\"ab\", \"abc\", \"\\u00e9\", 12, null]}, \"value\": {\"type\": "
        "\"boolean\"}},"
        "\"type\": \"object\", \"required\": [\"value\"], \"additionalProperties\": {\"multipleOf\": 7}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#\"}, \"b\": {\"type\": \"array\", \"items\": "
        "{\"$ref\": "
        "\"#\"}}}, \"additionalProperties\": false, \"maxProperties\": 1}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        walk(from_schema(texts[i]), MEMORY);
    }
}

static void grammars(void **state) {
    (void)state;
    static const char *const texts[] = {
        "root ::= \"a\" root \"b\" | root \"cd\" | [0-9]{2,5}",
        "root ::= (\"[\" root? \"]\"){0,7} | \"ab\"*",
        "root ::= <[705]> !<[3]>{2,4} <[710]> \"a\"+ | \"ab\"",
        "root ::= [^\"\\\\]* \"\\\"\" root | \"\"",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        walk(grammar_from_gbnf(texts[i], strlen(texts[i]), &error), MEMORY);
    }
}

/* Profiles are forgotten and made again. */
static void little_memory(void **state) {
    (void)state;
    walk(from_schema("{\"type\": \"object\", \"required\": [\"name\", \"value\", \"ab\", \"cd\"]}"), 300000);
}

static void failures(void **state) {
    (void)state;
    uint32_t bits[(VOCAB + 31) / 32];
    struct matcher matcher;
    struct mask_maker maker;
    struct grammar *grammar = from_schema("{}");
    assert_int_equal(mask_start(&maker, &trie, 10, &error), QN_ERR_MEMORY);
    assert_int_equal(mask_start(&maker, &trie, MEMORY, &error), QN_OK);
    assert_int_equal(matcher_start(&matcher, &grammar->rules, MATCHER_MEMORY, &error), QN_OK);
    grammar->regular.step_limit = 3; /* too little for anything */
    memset(bits, 0xff, sizeof(bits));
    assert_false(mask_make(&maker, &matcher, bits));
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        assert_int_equal(bits[i], 0);
    }
    matcher_free(&matcher);
    mask_free(&maker);
    grammar_free(grammar);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas),
        cmocka_unit_test(grammars),
        cmocka_unit_test(little_memory),
        cmocka_unit_test(failures),
    };
    return cmocka_run_group_tests(tests, make_vocabulary, free_vocabulary);
}
