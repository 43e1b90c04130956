/* Sessions: the same bits for any batch, after a rewind, and side by side; and refused calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define TOKENS 100

static void make_ids(int32_t ids[TOKENS], uint32_t n_vocab) {
    for (uint32_t i = 0; i < TOKENS; i++) {
        ids[i] = (int32_t)((i * i * 7 + 3 * i + 5) % n_vocab);
    }
}

/* Steps until all tokens are computed; appends the rows of logits to *out, which may be null. */
static size_t steps(qn_session *session, uint32_t n_vocab, float *out) {
    size_t rows = 0;
    int status;
    do {
        status = qn_session_step(session);
        assert_true(status >= 0);
        for (uint32_t row = 0; row < qn_session_rows(session); row++, rows++) {
            memcpy(out + rows * n_vocab, qn_session_logits(session, row), n_vocab * sizeof(float));
        }
    } while (status == QN_MORE);
    return rows;
}

static void check_batches(const char *path) {
    qn_model *model = load_file(path);
    const uint32_t n_vocab = qn_model_vocab_size(model);
    int32_t ids[TOKENS];
    make_ids(ids, n_vocab);
    const size_t bytes = (size_t)TOKENS * n_vocab * sizeof(float);
    float *expected = malloc(bytes);
    float *found = malloc(bytes);
    const uint32_t batches[] = {1, 2, 7, 64, 100};
    for (size_t i = 0; i < 5; i++) {
        qn_session *session = qn_session_new(model, TOKENS, batches[i]);
        assert_int_equal(qn_session_feed(session, ids, TOKENS, QN_LOGITS_ALL), QN_OK);
        assert_int_equal(steps(session, n_vocab, i ? found : expected), TOKENS);
        assert_true(i == 0 || memcmp(expected, found, bytes) == 0);
        /* Rewinds to the middle and feeds the tokens in another way: the last row is the same. */
        assert_int_equal(qn_session_rewind(session, 50), QN_OK);
        assert_int_equal(qn_session_position(session), 50);
        assert_int_equal(qn_session_feed(session, ids + 50, 49, QN_LOGITS_NONE), QN_OK);
        assert_int_equal(steps(session, n_vocab, found), 0);
        assert_int_equal(qn_session_feed(session, ids + 99, 1, QN_LOGITS_LAST), QN_OK);
        assert_int_equal(steps(session, n_vocab, found), 1);
        assert_memory_equal(found, expected + (size_t)99 * n_vocab, n_vocab * sizeof(float));
        qn_session_free(session);
    }
    free(expected);
    free(found);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

static void test_batches(void **state) {
    (void)state;
    check_batches(LLAMA);
    check_batches(MIXED);
    check_batches(GEMMA); /* its window is shorter than the tokens */
}

static void test_side_by_side(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    const uint32_t n_vocab = qn_model_vocab_size(model);
    int32_t ids[TOKENS];
    make_ids(ids, n_vocab);
    qn_session *first = qn_session_new(model, TOKENS, 4);
    qn_session *second = qn_session_new(model, TOKENS, 4);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(qn_session_feed(first, ids + i, 1, QN_LOGITS_LAST), QN_OK);
        assert_int_equal(qn_session_feed(second, ids + 60 - i, 1, QN_LOGITS_LAST), QN_OK);
        assert_int_equal(qn_session_step(second), QN_OK);
        assert_int_equal(qn_session_step(first), QN_OK);
    }
    qn_session *alone = qn_session_new(model, TOKENS, 30);
    float *row = malloc(n_vocab * sizeof(float));
    assert_int_equal(qn_session_feed(alone, ids, 30, QN_LOGITS_LAST), QN_OK);
    assert_int_equal(steps(alone, n_vocab, row), 1);
    assert_memory_equal(row, qn_session_logits(first, 0), n_vocab * sizeof(float));
    free(row);
    qn_session_free(first);
    qn_session_free(second);
    qn_session_free(alone);
    qn_model_free(model);
}

static void test_what_is_refused_changes_nothing(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    int32_t ids[TOKENS];
    make_ids(ids, qn_model_vocab_size(model));
    qn_session *session = qn_session_new(model, 10, 4);
    assert_int_equal(qn_session_sample(session), QN_ERR_STATE);
    assert_int_equal(qn_session_feed(session, ids, 11, QN_LOGITS_LAST), QN_ERR_CONTEXT);
    const int32_t bad[2] = {1, (int32_t)qn_model_vocab_size(model)};
    assert_int_equal(qn_session_feed(session, bad, 2, QN_LOGITS_LAST), QN_ERR_ARGUMENT);
    assert_int_equal(qn_session_step(session), QN_OK); /* nothing was queued */
    assert_int_equal(qn_session_position(session), 0);
    assert_int_equal(qn_session_feed(session, ids, 10, QN_LOGITS_LAST), QN_OK);
    while (qn_session_step(session) == QN_MORE) {
    }
    assert_int_equal(qn_session_feed(session, ids, 1, QN_LOGITS_LAST), QN_ERR_CONTEXT);
    assert_int_equal(qn_session_rewind(session, 11), QN_ERR_ARGUMENT);
    assert_int_equal(qn_session_rows(session), 1); /* the logits are still there */
    assert_non_null(qn_session_logits(session, 0));
    assert_null(qn_session_logits(session, 1));
    qn_session_free(session);
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_what_is_refused_changes_nothing),
    };
    return cmocka_run_group_tests_name("session_session", tests, NULL, NULL);
}
