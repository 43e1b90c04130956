/* Sessions that follow a grammar: what they write, and what a rewind, a fork, a restore and an embedding do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define CONTEXT 100
#define PROMPT  5
#define MOST    64 /* bytes of a text */

/* A choice, a forced run and a choice: the run is long enough to be several tokens. */
static const char gbnf[] = "root ::= [a-f]{3} \" and the hereinon: \" [0-9]{4}";
#define FORCED    " and the hereinon: "
#define TEXT      (3 + sizeof(FORCED) - 1 + 4)
#define OF_CHOICE 3 /* tokens before the forced run: one for each letter */

static qn_grammar *grammar_of(qn_model *model) {
    qn_grammar *grammar = qn_grammar_new(model, QN_NOTATION_GBNF, gbnf, sizeof(gbnf) - 1, 0);
    assert_non_null(grammar);
    return grammar;
}

static void steps(qn_session *session) {
    int status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
}

static void feed(qn_session *session, const int32_t *ids, size_t count) {
    assert_int_equal(qn_session_feed(session, ids, count, QN_LOGITS_LAST), QN_OK);
    steps(session);
}

/* A session behind a prompt, which follows the grammar. */
static qn_session *start(qn_model *model, qn_grammar *grammar) {
    const int32_t prompt[PROMPT] = {1, 40, 50, 60, 2};
    qn_session *session = qn_session_new(model, CONTEXT, 16);
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    settings.temperature = 3.0f;
    settings.top_k = 0;
    settings.seed = 11;
    assert_int_equal(qn_session_sampling(session, &settings, NULL, 0), QN_OK);
    feed(session, prompt, PROMPT);
    assert_int_equal(qn_session_constrain(session, grammar, NULL, 0), QN_OK);
    assert_int_equal(qn_session_constraint(session), QN_CONSTRAINED);
    return session;
}

/* A drawn text: its tokens, without the one that ends it. */
struct written {
    int32_t ids[MOST];
    size_t count;
};

/* Draws and feeds up to `most` tokens, up to the one that ends generation. */
static struct written draw(qn_session *session, size_t most) {
    struct written written = {.count = 0};
    while (written.count < most) {
        const int32_t id = qn_session_sample(session);
        assert_true(id >= 0 && written.count < MOST);
        if (qn_session_constraint(session) & QN_FINISHED) {
            assert_int_equal(id, 4); /* the model's token that ends a turn */
            break;
        }
        written.ids[written.count++] = id;
        feed(session, &id, 1);
    }
    return written;
}

/* The text is one of the grammar's. */
static void assert_conforms(qn_model *model, qn_grammar *grammar, const struct written *written) {
    char text[MOST];
    const int64_t bytes = qn_detokenize(model, written->ids, written->count, QN_CONTINUES, text, sizeof(text));
    assert_int_equal(bytes, TEXT);
    assert_memory_equal(text + 3, FORCED, sizeof(FORCED) - 1);
    assert_int_equal(qn_grammar_accepts(grammar, text, (size_t)bytes), 1);
    assert_int_equal(qn_grammar_accepts(grammar, text, (size_t)bytes - 1), 0);
}

static void test_texts_conform(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_grammar *grammar = grammar_of(model);
    qn_session *session = start(model, grammar);
    qn_grammar_free(grammar); /* the session keeps it */
    grammar = grammar_of(model);
    const struct written written = draw(session, MOST);
    assert_conforms(model, grammar, &written);
    assert_int_equal(qn_session_constraint(session), QN_CONSTRAINED | QN_COMPLETE | QN_FINISHED);
    assert_int_equal(qn_session_constrain(session, NULL, NULL, 0), QN_OK);
    assert_int_equal(qn_session_constraint(session), 0);
    assert_true(qn_session_sample(session) >= 0);
    qn_session_free(session);
    qn_grammar_free(grammar);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* Forced tokens are those that are drawn one by one, and feeding them together gives the same logits. */
static void test_forced_tokens(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_grammar *grammar = grammar_of(model);
    qn_session *session = start(model, grammar);
    int32_t forced[MOST];
    assert_int_equal(qn_session_forced(session, forced, MOST), 0);
    draw(session, OF_CHOICE);
    const int64_t count = qn_session_forced(session, forced, MOST);
    assert_true(count > 3 && count < MOST);
    qn_session *fork = qn_session_fork(session);
    const struct written one_by_one = draw(session, (size_t)count);
    assert_memory_equal(one_by_one.ids, forced, (size_t)count * sizeof(forced[0]));
    feed(fork, forced, (size_t)count);
    assert_int_equal(qn_session_forced(fork, forced, MOST), 0);
    assert_memory_equal(qn_session_logits(fork, 0), qn_session_logits(session, 0),
                        qn_model_vocab_size(model) * sizeof(float));
    qn_session_free(fork);
    qn_session_free(session);
    qn_grammar_free(grammar);
    qn_model_free(model);
}

/* From every place of the text, a rewind and a fork go on with conforming texts. */
static void test_rewind_and_fork(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_grammar *grammar = grammar_of(model);
    qn_session *session = start(model, grammar);
    const struct written first = draw(session, MOST);
    for (uint32_t kept = 0; kept <= first.count; kept++) {
        assert_int_equal(qn_session_rewind(session, PROMPT + kept), QN_OK);
        if (kept) { /* logits for the next token */
            assert_int_equal(qn_session_rewind(session, PROMPT + kept - 1), QN_OK);
            feed(session, first.ids + kept - 1, 1);
        } else {
            const int32_t last = 2;
            assert_int_equal(qn_session_rewind(session, PROMPT - 1), QN_OK);
            assert_int_equal(qn_session_sample(session), QN_ERR_STATE); /* before the text, and without logits */
            feed(session, &last, 1);
            assert_int_equal(qn_session_sample(session), QN_ERR_STATE);
            assert_int_equal(qn_session_constraint(session), QN_ERR_STATE);
            assert_int_equal(qn_session_constrain(session, grammar, NULL, 0), QN_OK);
        }
        qn_session *fork = qn_session_fork(session);
        assert_non_null(fork);
        assert_int_equal(qn_session_constraint(fork), qn_session_constraint(session));
        struct written rest[2] = {draw(fork, MOST), draw(session, MOST)};
        assert_int_equal(rest[0].count, rest[1].count); /* the same draws */
        assert_memory_equal(rest[0].ids, rest[1].ids, rest[0].count * sizeof(rest[0].ids[0]));
        struct written whole = first;
        memcpy(whole.ids + kept, rest[0].ids, rest[0].count * sizeof(whole.ids[0]));
        whole.count = kept + rest[0].count;
        assert_conforms(model, grammar, &whole);
        qn_session_free(fork);
    }
    qn_session_free(session);
    qn_grammar_free(grammar);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* After a token that the grammar does not allow there is no next one, until the session goes back. */
static void test_leaving_the_grammar(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_grammar *grammar = grammar_of(model);
    qn_session *session = start(model, grammar);
    const struct written begun = draw(session, 2);
    const int32_t other = 260; /* not a letter from a to f */
    feed(session, &other, 1);
    uint32_t words[16];
    int32_t forced[MOST];
    assert_int_equal(qn_session_sample(session), QN_ERR_STATE);
    assert_int_equal(qn_session_constraint(session), QN_ERR_STATE);
    assert_int_equal(qn_session_mask(session, words, 16), QN_ERR_STATE);
    assert_int_equal(qn_session_forced(session, forced, MOST), QN_ERR_STATE);
    assert_int_equal(qn_session_rewind(session, PROMPT + 1), QN_OK);
    feed(session, begun.ids + 1, 1);
    struct written whole = begun;
    const struct written rest = draw(session, MOST);
    memcpy(whole.ids + 2, rest.ids, rest.count * sizeof(rest.ids[0]));
    whole.count = 2 + rest.count;
    assert_conforms(model, grammar, &whole);
    qn_session_free(session);
    qn_grammar_free(grammar);
    qn_model_free(model);
}

/* A saved session does not hold the grammar: it is given again, with the tokens of the text so far. */
static void test_restoring(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_grammar *grammar = grammar_of(model);
    qn_session *session = start(model, grammar);
    const struct written begun = draw(session, OF_CHOICE + 2);
    const size_t bytes = (size_t)qn_session_save_bytes(session);
    uint8_t *saved = malloc(bytes);
    assert_int_equal(qn_session_save(session, 0, saved, bytes), bytes);
    qn_session *restored = start(model, grammar);
    assert_int_equal(qn_session_restore(restored, 0, saved, bytes), QN_OK);
    assert_int_equal(qn_session_sample(restored), QN_ERR_STATE);
    const int32_t wrong = 260;
    assert_int_equal(qn_session_constrain(restored, grammar, &wrong, 1), QN_ERR_ARGUMENT);
    assert_int_equal(qn_session_constrain(restored, grammar, begun.ids, begun.count), QN_OK);
    const struct written rest[2] = {draw(session, MOST), draw(restored, MOST)};
    assert_int_equal(rest[0].count, rest[1].count);
    assert_memory_equal(rest[0].ids, rest[1].ids, rest[0].count * sizeof(rest[0].ids[0]));
    free(saved);
    qn_session_free(session);
    qn_session_free(restored);
    qn_grammar_free(grammar);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* A grammar belongs to a model, and one without texts is refused. The session is then as before. */
static void test_refused_grammars(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_model *other = load_file(MIXED);
    qn_grammar *grammar = grammar_of(model);
    qn_grammar *others = grammar_of(other);
    qn_grammar *empty = qn_grammar_new(model, QN_NOTATION_JSON_SCHEMA, "false", 5, 0);
    qn_session *session = start(model, grammar);
    assert_int_equal(qn_grammar_is_empty(empty), 1);
    assert_int_equal(qn_session_constrain(session, others, NULL, 0), QN_ERR_ARGUMENT);
    assert_int_equal(qn_session_constrain(session, empty, NULL, 0), QN_ERR_ARGUMENT);
    const struct written written = draw(session, MOST);
    assert_conforms(model, grammar, &written);
    qn_session_free(session);
    qn_grammar_free(grammar);
    qn_grammar_free(others);
    qn_grammar_free(empty);
    qn_model_free(model);
    qn_model_free(other);
}

/* Each allocation of a constrained text is refused once: an error, and the text goes on when memory is there. */
static void test_refused_memory(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    bool refused = true;
    for (size_t granted = 0; refused && granted < 200; granted++) {
        qn_grammar *grammar = grammar_of(model);
        qn_session *session = start(model, grammar);
        refuse_blocks_after(granted);
        const int32_t first = qn_session_sample(session);
        blocks.refuse_all = 0;
        refused = first < 0;
        assert_true(!refused || first == QN_ERR_MEMORY);
        struct written whole = {.count = 0};
        if (!refused) {
            feed(session, &first, 1);
            whole.ids[whole.count++] = first;
        }
        const struct written rest = draw(session, MOST);
        memcpy(whole.ids + whole.count, rest.ids, rest.count * sizeof(rest.ids[0]));
        whole.count += rest.count;
        assert_conforms(model, grammar, &whole);
        qn_session_free(session);
        qn_grammar_free(grammar);
    }
    assert_false(refused);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* One allocation is refused where a token is forced: an error or that token, never another one. */
static void test_refused_forced_token(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    size_t takes = 1;
    for (size_t refuse = 1; refuse <= takes; refuse++) {
        qn_grammar *grammar = grammar_of(model);
        qn_session *session = start(model, grammar);
        draw(session, OF_CHOICE);
        qn_session *fork = qn_session_fork(session);
        blocks_restart();
        blocks.refuse = refuse;
        const int32_t id = qn_session_sample(session);
        blocks.refuse = 0;
        takes = blocks.takes;
        int32_t forced[MOST];
        assert_true(qn_session_forced(fork, forced, MOST) > 0);
        assert_true(id == forced[0] || id == QN_ERR_MEMORY);
        assert_int_equal(qn_session_sample(session), forced[0]);
        qn_session_free(fork);
        qn_session_free(session);
        qn_grammar_free(grammar);
    }
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_conform),   cmocka_unit_test(test_forced_tokens),
        cmocka_unit_test(test_rewind_and_fork), cmocka_unit_test(test_leaving_the_grammar),
        cmocka_unit_test(test_restoring),       cmocka_unit_test(test_refused_grammars),
        cmocka_unit_test(test_refused_memory),  cmocka_unit_test(test_refused_forced_token),
    };
    return cmocka_run_group_tests_name("session_constraint", tests, NULL, NULL);
}
