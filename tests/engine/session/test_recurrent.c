/* Sessions of models with recurrent layers: after a rewind, save, restore or fork at any point they continue with the
 * same bits as an undisturbed session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define TOKENS     100
#define HEAD_BYTES 128

/* Models with recurrent layers; also models whose layers share keys or that have several residual streams. */
static const char *const models[] = {LFM2,
                                     "tests/vectors/tiny-mamba-f32.gguf",
                                     "tests/vectors/tiny-falcon-h1-f32.gguf",
                                     "tests/vectors/tiny-granitehybrid-f32.gguf",
                                     "tests/vectors/tiny-qwen35-f32.gguf",
                                     "tests/vectors/tiny-gemma4-f32.gguf",
                                     "tests/vectors/tiny-gemma3n-f32.gguf"};
#define MODELS (sizeof(models) / sizeof(models[0]))

/* A model, and the logits of TOKENS ids that were fed one by one. */
struct run {
    qn_model *model;
    size_t row_bytes;
    int32_t ids[TOKENS];
    float *expected; /* (TOKENS, n_vocab) */
};

static void steps(qn_session *session) {
    int status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
}

static struct run run_of(const char *path) {
    struct run run = {.model = load_file(path)};
    const uint32_t n_vocab = qn_model_vocab_size(run.model);
    run.row_bytes = n_vocab * sizeof(float);
    run.expected = malloc(TOKENS * run.row_bytes);
    qn_session *session = qn_session_new(run.model, TOKENS, 1);
    for (uint32_t i = 0; i < TOKENS; i++) {
        run.ids[i] = (int32_t)((i * i * 7 + 3 * i + 5) % n_vocab);
        assert_int_equal(qn_session_feed(session, run.ids + i, 1, QN_LOGITS_LAST), QN_OK);
        steps(session);
        memcpy(run.expected + (size_t)i * n_vocab, qn_session_logits(session, 0), run.row_bytes);
    }
    qn_session_free(session);
    return run;
}

static void run_free(struct run *run) {
    free(run->expected);
    qn_model_free(run->model);
    assert_int_equal(blocks.live, 0);
}

/* Feeds the ids from the session's position up to `end`. */
static void go_on(const struct run *run, qn_session *session, uint32_t end) {
    const uint32_t position = qn_session_position(session);
    assert_int_equal(qn_session_feed(session, run->ids + position, end - position, QN_LOGITS_LAST), QN_OK);
    steps(session);
    assert_int_equal(qn_session_position(session), end);
    assert_memory_equal(qn_session_logits(session, 0),
                        run->expected + (size_t)(end - 1) * (run->row_bytes / sizeof(float)), run->row_bytes);
}

/* A prompt in micro-batches, some tokens one by one, another prompt. */
static void talk(const struct run *run, qn_session *session) {
    go_on(run, session, 40);
    for (uint32_t end = 41; end < 50; end++) {
        go_on(run, session, end);
    }
    go_on(run, session, 77);
    go_on(run, session, 78);
    go_on(run, session, 79);
}

static void test_rewinding(void **state) {
    (void)state;
    for (size_t m = 0; m < MODELS; m++) {
        struct run run = run_of(models[m]);
        for (uint32_t to = 0; to < 79; to++) {
            qn_session *session = qn_session_new(run.model, TOKENS, 16);
            talk(&run, session);
            assert_int_equal(qn_session_rewind(session, to), QN_OK);
            assert_int_equal(qn_session_position(session), to);
            assert_int_equal(qn_session_rewind(session, to + 1), QN_ERR_ARGUMENT);
            /* Snapshots from before the rewind must not be used for the new tokens. */
            const int32_t others[30] = {7, 7, 7};
            assert_int_equal(qn_session_feed(session, others, to < 70 ? 30 : 20, QN_LOGITS_LAST), QN_OK);
            steps(session);
            assert_int_equal(qn_session_rewind(session, to), QN_OK);
            assert_int_equal(qn_session_rewind(session, to - to / 3), QN_OK);
            go_on(&run, session, to + 1);
            assert_int_equal(qn_session_rewind(session, to / 2), QN_OK);
            steps(session); /* computes tokens again; there are no new ones */
            assert_int_equal(qn_session_position(session), to / 2);
            go_on(&run, session, 90);
            qn_session_free(session);
        }
        run_free(&run);
    }
}

/* A prompt whose last tokens are fed separately: later rewinds return to where these begin, and say how many tokens are
 * computed again. */
static void test_returning_into_a_prompt(void **state) {
    (void)state;
    for (size_t m = 0; m < MODELS; m++) {
        struct run run = run_of(models[m]);
        const bool recurrent = qn_model_is_recurrent(run.model);
        assert_int_equal(recurrent, m < 5);
        qn_session *session = qn_session_new(run.model, TOKENS, 16);
        uint32_t begin = 0;
        for (uint32_t turn = 40; turn <= 80; turn += 20) { /* a chat whose answers are replaced */
            go_on(&run, session, turn);
            assert_int_equal(qn_session_to_recompute(session), 0);
            go_on(&run, session, turn + 3);
            const int32_t other = 7;
            for (uint32_t i = 0; i < 10; i++) {
                assert_int_equal(qn_session_feed(session, &other, 1, QN_LOGITS_LAST), QN_OK);
                steps(session);
            }
            assert_int_equal(qn_session_rewind(session, turn + 2), QN_OK);
            assert_int_equal(qn_session_position(session), turn + 2);
            assert_int_equal(qn_session_to_recompute(session), recurrent ? 2 : 0);
            begin = turn;
        }
        go_on(&run, session, begin + 6);
        assert_int_equal(qn_session_to_recompute(session), 0);
        assert_int_equal(qn_session_rewind(session, 10), QN_OK);
        assert_int_equal(qn_session_to_recompute(session), recurrent ? 10 : 0);
        go_on(&run, session, 50);
        qn_session_free(session);
        run_free(&run);
    }
}

/* After any step of a prompt, also within a micro-batch. */
static void test_rewinding_between_steps(void **state) {
    (void)state;
    for (size_t m = 0; m < MODELS; m++) {
        struct run run = run_of(models[m]);
        for (uint32_t taken = 0, more = 1; more; taken++) {
            qn_session *session = qn_session_new(run.model, TOKENS, TOKENS);
            go_on(&run, session, 5);
            go_on(&run, session, 6);
            assert_int_equal(qn_session_feed(session, run.ids + 6, 80, QN_LOGITS_LAST), QN_OK);
            for (uint32_t i = 0; i < taken && more; i++) {
                more = qn_session_step(session) == QN_MORE;
            }
            assert_int_equal(qn_session_rewind(session, qn_session_position(session) - taken % 3), QN_OK);
            go_on(&run, session, 90);
            qn_session_free(session);
        }
        run_free(&run);
    }
}

static uint8_t *save(const qn_session *session, size_t *count) {
    *count = (size_t)qn_session_save_bytes(session);
    uint8_t *saved = malloc(*count);
    assert_int_equal(qn_session_save(session, 0, saved, *count), *count);
    return saved;
}

static void test_copies(void **state) {
    (void)state;
    const uint32_t targets[] = {79, 78, 60, 49, 45, 40, 3, 0};
    for (size_t m = 0; m < MODELS; m++) {
        struct run run = run_of(models[m]);
        for (size_t i = 0; i < 8; i++) {
            qn_session *session = qn_session_new(run.model, TOKENS, 16);
            talk(&run, session);
            assert_int_equal(qn_session_rewind(session, targets[i]), QN_OK);
            qn_session *fork = qn_session_fork(session);
            size_t count;
            uint8_t *saved = save(session, &count);
            qn_session *restored = qn_session_new(run.model, TOKENS + 9, 5);
            go_on(&run, restored, 20); /* lost by the restore */
            assert_int_equal(qn_session_restore(restored, 0, saved, count), QN_OK);
            qn_session *const all[] = {session, fork, restored};
            for (size_t k = 0; k < 3; k++) {
                assert_int_equal(qn_session_position(all[k]), targets[i]);
                go_on(&run, all[k], 85);
                assert_int_equal(qn_session_rewind(all[k], targets[i] / 2), QN_OK);
                go_on(&run, all[k], 50);
                qn_session_free(all[k]);
            }
            free(saved);
        }
        run_free(&run);
    }
}

static void test_not_within_a_batch(void **state) {
    (void)state;
    struct run run = run_of(models[0]);
    qn_session *session = qn_session_new(run.model, TOKENS, TOKENS);
    assert_int_equal(qn_session_feed(session, run.ids, TOKENS, QN_LOGITS_LAST), QN_OK);
    assert_int_equal(qn_session_step(session), QN_MORE);
    uint8_t bytes[HEAD_BYTES];
    assert_int_equal(qn_session_save(session, 0, bytes, sizeof(bytes)), QN_ERR_STATE);
    assert_null(qn_session_fork(session));
    steps(session);
    qn_session_free(session);
    run_free(&run);
}

/* The state of a session that is being restored may consist of parts of two. */
static void test_not_within_a_restore(void **state) {
    (void)state;
    struct run run = run_of(models[0]);
    qn_session *session = qn_session_new(run.model, TOKENS, 16);
    talk(&run, session);
    size_t count;
    uint8_t *saved = save(session, &count);
    assert_int_equal(qn_session_restore(session, 0, saved, count - 1), QN_MORE);
    uint8_t bytes[HEAD_BYTES];
    assert_int_equal(qn_session_save(session, 0, bytes, sizeof(bytes)), QN_ERR_STATE);
    assert_null(qn_session_fork(session));
    assert_int_equal(qn_last_error()->code, QN_ERR_STATE);
    assert_int_equal(qn_session_restore(session, count - 1, saved + count - 1, 1), QN_OK);
    qn_session *fork = qn_session_fork(session);
    assert_non_null(fork);
    free(saved);
    qn_session_free(fork);
    qn_session_free(session);
    run_free(&run);
}

/* An abandoned restore and an invalid saved state leave an empty session that works. */
static void test_hostile(void **state) {
    (void)state;
    struct run run = run_of(models[0]);
    qn_session *session = qn_session_new(run.model, TOKENS, 16);
    talk(&run, session);
    size_t count;
    uint8_t *saved = save(session, &count);
    uint32_t refused = 0;
    uint32_t later = 0; /* states that have seen more tokens than there are */
    for (size_t at = HEAD_BYTES; at < count; at += at < 1000 ? 1 : 101) {
        for (int bit = 0; bit < 8; bit += 7) {
            saved[at] ^= (uint8_t)(1 << bit);
            const bool taken = qn_session_restore(session, 0, saved, count) == QN_OK;
            saved[at] ^= (uint8_t)(1 << bit);
            refused += !taken;
            later += !taken && strstr(qn_last_error()->text, "has seen more tokens") != NULL;
            const int32_t id = 1;
            assert_int_equal(qn_session_position(session), taken ? 79 : 0);
            assert_int_equal(qn_session_rewind(session, taken ? 78 : 0), QN_OK);
            assert_int_equal(qn_session_feed(session, &id, 1, QN_LOGITS_LAST), QN_OK);
            steps(session);
        }
    }
    assert_true(refused > 5 && later > 0);
    for (size_t some = HEAD_BYTES; some < count; some += 997) {
        assert_int_equal(qn_session_restore(session, 0, saved, some), QN_MORE);
        go_on(&run, session, 9);
    }
    free(saved);
    qn_session_free(session);
    run_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewinding),
        cmocka_unit_test(test_rewinding_between_steps),
        cmocka_unit_test(test_returning_into_a_prompt),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_not_within_a_batch),
        cmocka_unit_test(test_not_within_a_restore),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests_name("session_recurrent", tests, NULL, NULL);
}
