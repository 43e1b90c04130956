/* Between the steps of a prompt a host may feed tokens, rewind, or step another session: the logits have the same bits
 * as without it. Also the rows of logits that each step gives. */
#include "tests/engine/support/load.h"

enum { VOCAB_MOST = 512, TOKENS = 90, ROWS_MOST = 8 };

static int32_t ids[TOKENS];
static float expected[TOKENS * VOCAB_MOST]; /* (TOKENS, n_vocab), computed token by token */

static qn_model *prepare(const char *path) {
    struct build b;
    read_file(path, &b);
    qn_model *model = load_whole(&b);
    build_free(&b);
    const uint32_t n_vocab = qn_model_vocab_size(model);
    assert_in_range(n_vocab, 1, VOCAB_MOST);
    for (uint32_t i = 0; i < TOKENS; i++) {
        ids[i] = (int32_t)((i * i * 11 + 5 * i + 1) % n_vocab);
    }
    qn_session *session = qn_session_new(model, TOKENS, 1);
    for (size_t i = 0; i < TOKENS; i++) {
        assert_int_equal(qn_session_feed(session, &ids[i], 1, QN_LOGITS_LAST), QN_OK);
        assert_int_equal(qn_session_step(session), QN_OK);
        assert_int_equal(qn_session_rows(session), 1);
        memcpy(expected + i * n_vocab, qn_session_logits(session, 0), n_vocab * sizeof(float));
    }
    qn_session_free(session);
    return model;
}

static void assert_row(const qn_session *session, uint32_t row, size_t token) {
    const uint32_t n_vocab = qn_model_vocab_size(session->model);
    const float *logits = qn_session_logits(session, row);
    assert_non_null(logits);
    assert_memory_equal(logits, expected + token * n_vocab, n_vocab * sizeof(float));
}

static void finish(qn_session *session, size_t last) {
    int32_t status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
    assert_int_equal(qn_session_position(session), last + 1);
    assert_int_equal(qn_session_rows(session), 1);
    assert_row(session, 0, last);
}

/* With QN_LOGITS_ALL rows come in order, at most LOGIT_ROWS per step, from steps that finish a micro-batch; a last
 * token alone gives one. */
static void rows(void **state) {
    (void)state;
    static const char *const paths[] = {"tests/vectors/tiny-llama-legacy.gguf", "tests/vectors/tiny-gemma3-f32.gguf"};
    static const uint32_t batches[] = {1, 5, 8, 9, 64, 512};
    for (size_t p = 0; p < 2; p++) {
        qn_model *model = prepare(paths[p]);
        for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
            qn_session *session = qn_session_new(model, TOKENS, batches[i]);
            assert_int_equal(qn_session_feed(session, ids, TOKENS, QN_LOGITS_ALL), QN_OK);
            const uint32_t most = batches[i] < ROWS_MOST ? batches[i] : ROWS_MOST;
            size_t token = 0;
            int32_t status;
            do {
                status = qn_session_step(session);
                assert_true(status >= 0 && qn_session_rows(session) <= most);
                for (uint32_t row = 0; row < qn_session_rows(session); row++) {
                    assert_row(session, row, token++);
                }
                assert_null(qn_session_logits(session, qn_session_rows(session)));
                assert_null(qn_session_logits(session, UINT32_MAX));
            } while (status == QN_MORE);
            assert_int_equal(token, TOKENS);
            assert_int_equal(qn_session_step(session), QN_OK); /* nothing to do: the rows stay */
            assert_row(session, qn_session_rows(session) - 1, TOKENS - 1);
            qn_session_free(session);
        }
        qn_model_free(model);
    }
}

/* Tokens with and without logits, queued one after another before the first step. */
static void queued_in_turns(void **state) {
    (void)state;
    qn_model *model = prepare("tests/vectors/tiny-llama-extras-f32.gguf");
    qn_session *session = qn_session_new(model, TOKENS, 16);
    size_t wanted[TOKENS], n = 0, seen = 0;
    for (size_t i = 0; i < TOKENS;) {
        const size_t count = i % 7 + 1 < TOKENS - i ? i % 7 + 1 : TOKENS - i;
        const uint32_t logits = i % 3; /* none, last, all */
        assert_int_equal(qn_session_feed(session, ids + i, count, logits), QN_OK);
        for (size_t k = 0; k < count; k++) {
            if (logits == QN_LOGITS_ALL || (logits == QN_LOGITS_LAST && k + 1 == count)) {
                wanted[n++] = i + k;
            }
        }
        i += count;
    }
    int32_t status;
    do {
        status = qn_session_step(session);
        assert_true(status >= 0);
        for (uint32_t row = 0; row < qn_session_rows(session); row++) {
            assert_true(seen < n);
            assert_row(session, row, wanted[seen++]);
        }
    } while (status == QN_MORE);
    assert_int_equal(seen, n);
    assert_int_equal(qn_session_feed(session, ids, 0, QN_LOGITS_LAST),
                     QN_OK); /* no tokens: allowed, also when the context is full */
    qn_session_free(session);
    qn_model_free(model);
}

/* After any number of steps of a prompt: rewind, feed other tokens, rewind, and feed the prompt. */
static void back_in_the_middle(void **state) {
    (void)state;
    qn_model *model = prepare("tests/vectors/tiny-gemma3-q8.gguf");
    bool more = true;
    for (int steps = 0; more; steps++) {
        qn_session *session = qn_session_new(model, TOKENS, 40); /* a layer or two a step */
        assert_int_equal(qn_session_feed(session, ids, TOKENS, QN_LOGITS_LAST), QN_OK);
        for (int i = 0; i < steps && more; i++) {
            more = qn_session_step(session) == QN_MORE;
        }
        const uint32_t position = qn_session_position(session);
        const uint32_t keep = position / 2;
        assert_int_equal(qn_session_rewind(session, position + 1), QN_ERR_ARGUMENT);
        assert_int_equal(qn_session_rewind(session, keep), QN_OK);
        assert_int_equal(qn_session_rows(session), 0);
        assert_int_equal(qn_session_step(session), QN_OK); /* the rewind has emptied the queue */
        assert_int_equal(qn_session_position(session), keep);
        assert_int_equal(qn_session_feed(session, ids + 3, 5, QN_LOGITS_ALL), QN_OK);
        assert_true(qn_session_step(session) >= 0);
        const uint32_t after = qn_session_position(session) < keep ? qn_session_position(session) : keep;
        assert_int_equal(qn_session_rewind(session, after), QN_OK);
        assert_int_equal(qn_session_feed(session, ids + after, 60 - after, QN_LOGITS_LAST), QN_OK);
        finish(session, 59);
        qn_session_free(session);
    }
    qn_model_free(model);
}

/* More tokens between the steps of a prompt. */
static void more_in_the_middle(void **state) {
    (void)state;
    qn_model *model = prepare("tests/vectors/tiny-gemma3-f32.gguf");
    qn_session *session = qn_session_new(model, TOKENS, 32);
    size_t fed = 0;
    while (fed < TOKENS) {
        const size_t count = TOKENS - fed < 3 ? TOKENS - fed : 3;
        assert_int_equal(qn_session_feed(session, ids + fed, count, fed % 2 ? QN_LOGITS_LAST : QN_LOGITS_ALL), QN_OK);
        fed += count;
        assert_true(qn_session_step(session) >= 0);
        const int32_t outside = (int32_t)qn_model_vocab_size(model), negative = -1;
        assert_int_equal(qn_session_feed(session, &outside, 1, QN_LOGITS_ALL),
                         fed < TOKENS ? QN_ERR_ARGUMENT : QN_ERR_CONTEXT);
        assert_int_equal(qn_session_feed(session, &negative, 1, QN_LOGITS_ALL),
                         fed < TOKENS ? QN_ERR_ARGUMENT : QN_ERR_CONTEXT);
        assert_int_equal(qn_session_feed(session, ids, TOKENS, QN_LOGITS_ALL), QN_ERR_CONTEXT);
        assert_int_equal(qn_session_feed(session, ids, SIZE_MAX, QN_LOGITS_ALL), QN_ERR_CONTEXT);
    }
    int32_t status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
    assert_row(session, qn_session_rows(session) - 1, TOKENS - 1);
    qn_session_free(session);
    qn_model_free(model);
}

/* Three sessions of one model, with different batches and contexts, take turns. */
static void side_by_side(void **state) {
    (void)state;
    qn_model *model = prepare("tests/vectors/tiny-gemma3-q8.gguf");
    static const uint32_t batches[] = {64, 7, 1}, contexts[] = {TOKENS, 200, 300}, lasts[] = {89, 70, 64};
    qn_session *sessions[3];
    bool at_work[3] = {true, true, true};
    for (size_t i = 0; i < 3; i++) {
        sessions[i] = qn_session_new(model, contexts[i], batches[i]);
        assert_int_equal(qn_session_feed(sessions[i], ids, lasts[i] + 1, QN_LOGITS_LAST), QN_OK);
    }
    for (size_t i = 0; at_work[0] || at_work[1] || at_work[2]; i = (i + 1) % 3) {
        at_work[i] = at_work[i] && qn_session_step(sessions[i]) == QN_MORE;
    }
    for (size_t i = 0; i < 3; i++) {
        finish(sessions[i], lasts[i]); /* the rows are still there */
        qn_session_free(sessions[i]);
    }
    qn_model_free(model);
}

/* A step of a prompt is one or a few layers, so that a host can stop or show progress. */
static void steps_are_short(void **state) {
    (void)state;
    qn_model *model = prepare("tests/vectors/tiny-gemma3-f32.gguf"); /* six layers */
    qn_session *session = qn_session_new(model, TOKENS, TOKENS);
    assert_int_equal(qn_session_feed(session, ids, TOKENS, QN_LOGITS_LAST), QN_OK);
    int steps = 1;
    while (qn_session_step(session) == QN_MORE) {
        steps++;
    }
    assert_in_range(steps, 6, 7);
    qn_session_free(session);
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(queued_in_turns),
        cmocka_unit_test(side_by_side),
        cmocka_unit_test(back_in_the_middle),
        cmocka_unit_test(steps_are_short),
        cmocka_unit_test(more_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
