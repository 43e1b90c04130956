/* Saved, restored and forked sessions continue with the same bits; a saved session may be hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define CONTEXT    100
#define HEAD_BYTES 128
#define AFTER      40 /* tokens drawn after the restore, past the end of a KV page */

/* Offsets in a saved session. */
#define RECURRENT_AT 40
#define N_BIASES_AT  48
#define N_LOGITS_AT  52
#define TOKENS_AT    (HEAD_BYTES + 2 * 8) /* after the two biases of start() */

static void steps(qn_session *session) {
    int status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
}

/* A session of `count` tokens whose sampler has drawn a token. */
static qn_session *start(qn_model *model, uint32_t count) {
    qn_session *session = qn_session_new(model, CONTEXT, 16);
    int32_t ids[CONTEXT];
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = (int32_t)((i * i * 7 + 3 * i + 5) % qn_model_vocab_size(model));
    }
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    settings.temperature = 2.0f;
    settings.top_k = 0;
    settings.frequency_penalty = 0.3f;
    settings.penalty_last_n = -1;
    settings.seed = 5;
    const struct qn_bias biases[] = {{3, 2.5f}, {7, -__builtin_inff()}};
    assert_int_equal(qn_session_sampling(session, &settings, biases, 2), QN_OK);
    assert_int_equal(qn_session_feed(session, ids, count, QN_LOGITS_LAST), QN_OK);
    steps(session);
    assert_true(count == 0 || qn_session_sample(session) >= 0);
    return session;
}

/* Both draw the same tokens from the same logits. */
static void assert_go_on_alike(qn_model *model, qn_session *a, qn_session *b) {
    const size_t bytes = qn_model_vocab_size(model) * sizeof(float);
    assert_int_equal(qn_session_position(a), qn_session_position(b));
    assert_int_equal(qn_session_rows(a) != 0, qn_session_rows(b) != 0);
    for (int i = 0; i < AFTER; i++) {
        int32_t id = 9;
        if (qn_session_rows(a)) {
            assert_memory_equal(qn_session_logits(a, qn_session_rows(a) - 1),
                                qn_session_logits(b, qn_session_rows(b) - 1), bytes);
            id = qn_session_sample(a);
            assert_int_equal(id, qn_session_sample(b));
        }
        assert_int_equal(qn_session_feed(a, &id, 1, QN_LOGITS_LAST), QN_OK);
        assert_int_equal(qn_session_feed(b, &id, 1, QN_LOGITS_LAST), QN_OK);
        steps(a);
        steps(b);
    }
}

static struct bytes save(const qn_session *session, size_t piece) {
    struct bytes saved = {NULL, 0};
    const int64_t whole = qn_session_save_bytes(session);
    assert_true(whole > 0);
    saved.at = malloc((size_t)whole);
    for (;;) {
        const size_t room = (size_t)whole - saved.count;
        uint8_t *end = malloc(piece); /* exactly sized, so that the sanitizer finds an extra byte */
        const int64_t got = qn_session_save(session, saved.count, end, piece);
        assert_int_equal(got, piece < room ? piece : room);
        memcpy(saved.at + saved.count, end, (size_t)got);
        free(end);
        saved.count += (size_t)got;
        if (got == 0) {
            assert_int_equal(saved.count, whole);
            return saved;
        }
    }
}

static int restore(qn_session *session, const uint8_t *at, size_t count, size_t piece) {
    int status = QN_MORE;
    for (size_t offset = 0; status == QN_MORE && offset < count;) {
        const size_t n = piece < count - offset ? piece : count - offset;
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, at + offset, n);
        status = qn_session_restore(session, offset, copy, n);
        free(copy);
        offset += n;
    }
    return status;
}

static void test_goes_on_to_the_same_bits(void **state) {
    (void)state;
    const char *models[] = {LLAMA, MIXED, GEMMA, LFM2};
    const uint32_t counts[] = {0, 1, 30, 60};
    for (size_t m = 0; m < 4; m++) {
        qn_model *model = load_file(models[m]);
        for (size_t i = 0; i < 4; i++) {
            qn_session *first = start(model, counts[i]);
            qn_session *fork = qn_session_fork(first);
            qn_session *restored = qn_session_new(model, CONTEXT + 7, 3);
            const struct bytes saved = save(first, i % 2 ? 1000 : 1 << 20);
            assert_int_equal(restore(restored, saved.at, saved.count, i % 2 ? 1 << 20 : 300), QN_OK);
            qn_session *again = qn_session_fork(restored);
            const struct bytes same = save(again, 4096);
            assert_int_equal(same.count, saved.count);
            assert_memory_equal(same.at, saved.at, saved.count);
            assert_go_on_alike(model, first, fork);
            /* The others continue from the saved point, however far the first two have come. */
            assert_go_on_alike(model, restored, again);
            assert_int_equal(qn_session_position(first), qn_session_position(restored));
            if (qn_session_rows(first)) {
                assert_memory_equal(qn_session_logits(first, 0), qn_session_logits(again, 0),
                                    qn_model_vocab_size(model) * sizeof(float));
            }
            free(saved.at);
            free(same.at);
            qn_session_free(first);
            qn_session_free(fork);
            qn_session_free(restored);
            qn_session_free(again);
        }
        qn_model_free(model);
    }
    assert_int_equal(blocks.live, 0);
}

static void test_what_is_queued_is_left_out(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_session *session = start(model, 20);
    const int32_t ids[50] = {1, 2, 3};
    assert_int_equal(qn_session_feed(session, ids, 50, QN_LOGITS_ALL), QN_OK);
    for (int more = QN_MORE; more == QN_MORE; more = qn_session_step(session)) {
        qn_session *fork = qn_session_fork(session);
        const uint32_t position = qn_session_position(session);
        assert_int_equal(qn_session_position(fork), position);
        assert_int_equal(qn_session_step(fork), QN_OK);
        if (position > 20 && qn_session_rows(fork)) { /* not those of tokens that are not counted yet */
            qn_session *alone = start(model, 20);
            assert_int_equal(qn_session_feed(alone, ids, position - 20, QN_LOGITS_LAST), QN_OK);
            steps(alone);
            assert_memory_equal(qn_session_logits(fork, 0), qn_session_logits(alone, 0),
                                qn_model_vocab_size(model) * sizeof(float));
            qn_session_free(alone);
        }
        qn_session_free(fork);
    }
    qn_session_free(session);
    qn_model_free(model);
}

/* A refused head leaves the session unchanged. */
static void test_other_forms_are_refused(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_model *other = load_file("tests/vectors/tiny-llama-extras-f32.gguf");
    qn_session *session = start(model, 20);
    qn_session *target = start(other, 5);
    const struct bytes saved = save(session, 1 << 20);
    assert_int_equal(restore(target, saved.at, saved.count, saved.count), QN_ERR_ARGUMENT);
    assert_non_null(strstr(qn_last_error()->text, "another model"));
    assert_int_equal(qn_session_position(target), 5);
    qn_session *small = qn_session_new(model, 19, 4);
    assert_int_equal(restore(small, saved.at, saved.count, saved.count), QN_ERR_CONTEXT);
    qn_session *full = qn_session_new(model, 20, 4);
    assert_int_equal(restore(full, saved.at, saved.count, saved.count), QN_OK);
    qn_session_free(full);
    saved.at[RECURRENT_AT]++; /* this model has no recurrent state */
    assert_int_equal(restore(session, saved.at, saved.count, saved.count), QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, "does not fit the model"));
    saved.at[RECURRENT_AT]--;
    saved.at[8]++;
    assert_int_equal(restore(session, saved.at, saved.count, saved.count), QN_ERR_UNSUPPORTED);
    saved.at[8]--;
    saved.at[0]++;
    assert_int_equal(restore(session, saved.at, saved.count, saved.count), QN_ERR_FORMAT);
    saved.at[0]--;
    assert_int_equal(restore(session, saved.at, HEAD_BYTES - 1, saved.count), QN_ERR_FORMAT);
    assert_int_equal(qn_session_restore(session, 1, saved.at, 1), QN_ERR_ARGUMENT);
    assert_int_equal(qn_session_position(session), 20);
    assert_int_equal(qn_session_rows(session), 1);
    assert_int_equal(qn_session_save(session, saved.count + 1, saved.at, 1), QN_ERR_ARGUMENT);
    uint8_t *longer = malloc(saved.count + 1);
    memcpy(longer, saved.at, saved.count);
    longer[saved.count] = 0;
    assert_int_equal(restore(session, longer, saved.count + 1, saved.count + 1), QN_ERR_FORMAT);
    free(longer);
    assert_int_equal(qn_session_position(session), 0); /* empty, and works */
    assert_int_equal(restore(session, saved.at, saved.count, 500), QN_OK);
    assert_int_equal(qn_session_position(session), 20);
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_session_free(small);
    qn_model_free(model);
    qn_model_free(other);
}

/* A session may have a bias for each token. */
static void test_all_biases(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    const uint32_t n_vocab = qn_model_vocab_size(model);
    struct qn_bias *biases = calloc(n_vocab, sizeof(*biases));
    for (uint32_t i = 0; i < n_vocab; i++) {
        biases[i] = (struct qn_bias){(int32_t)i, (float)(i % 7)};
    }
    qn_session *session = start(model, 20);
    qn_session *target = qn_session_new(model, CONTEXT, 4);
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    assert_int_equal(qn_session_sampling(session, &settings, biases, n_vocab), QN_OK);
    const struct bytes saved = save(session, 1 << 20);
    assert_int_equal(restore(target, saved.at, saved.count, saved.count), QN_OK);
    assert_go_on_alike(model, session, target);
    free(biases);
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
}

/* Bytes that do not follow those before are refused. Then the right ones may come. */
static void test_a_gap(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_session *session = start(model, 20);
    qn_session *target = qn_session_new(model, CONTEXT, 4);
    const struct bytes saved = save(session, 1 << 20);
    const size_t wrong[] = {999, 1001, 500};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(restore(target, saved.at, 1000, 1000), QN_MORE);
        qn_session *fork = qn_session_fork(target); /* of a session without tokens */
        assert_non_null(fork);
        qn_session_free(fork);
        assert_int_equal(qn_session_restore(target, wrong[i], saved.at + wrong[i], 1), QN_ERR_ARGUMENT);
        assert_int_equal(qn_session_restore(target, 1000, saved.at + 1000, 1), QN_MORE);
    }
    assert_int_equal(qn_session_restore(target, 1001, saved.at + 1001, saved.count - 1001), QN_OK);
    assert_go_on_alike(model, session, target);
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
}

/* Numbers of the head that would write past the session's memory, and tokens that the vocabulary does not have. */
static void test_numbers_out_of_range(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    const uint32_t n_vocab = qn_model_vocab_size(model);
    qn_session *session = start(model, 20);
    qn_session *target = qn_session_new(model, CONTEXT, 4);
    const struct bytes saved = save(session, 1 << 20);
    uint8_t *longer = calloc(saved.count + 64, 1);
    memcpy(longer, saved.at, saved.count);
    uint32_t n_logits;
    memcpy(&n_logits, saved.at + N_LOGITS_AT, sizeof(n_logits));
    assert_int_equal(n_logits, n_vocab);
    for (n_logits = n_vocab + 1; n_logits <= n_vocab + 16; n_logits++) {
        memcpy(longer + N_LOGITS_AT, &n_logits, sizeof(n_logits));
        const size_t bytes = saved.count + (n_logits - n_vocab) * sizeof(float);
        assert_int_equal(restore(target, longer, bytes, bytes), QN_ERR_FORMAT);
        assert_non_null(strstr(qn_last_error()->text, "does not fit the model"));
    }
    const uint32_t n_biases = n_vocab + 1;
    memcpy(longer, saved.at, saved.count);
    memcpy(longer + N_BIASES_AT, &n_biases, sizeof(n_biases));
    assert_int_equal(restore(target, longer, saved.count, saved.count), QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, "does not fit the model"));
    const int32_t tokens[] = {(int32_t)n_vocab, -1, INT32_MIN};
    for (size_t i = 0; i < 3; i++) {
        memcpy(longer, saved.at, saved.count);
        memcpy(longer + TOKENS_AT + 4 * i, &tokens[i], sizeof(tokens[i]));
        assert_int_equal(restore(target, longer, saved.count, saved.count), QN_ERR_FORMAT);
        assert_non_null(strstr(qn_last_error()->text, "not in the vocabulary"));
    }
    assert_int_equal(restore(target, saved.at, saved.count, saved.count), QN_OK);
    free(longer);
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
}

/* Phi-3 uses other RoPE factors in contexts longer than its original one, which is 64 here. */
static void test_contexts_of_another_kind(void **state) {
    (void)state;
    qn_model *model = load_file("tests/vectors/tiny-phi3-f32.gguf");
    const uint32_t contexts[] = {65, 80, 64, 40};
    const int32_t ids[3] = {1, 2, 3};
    for (int i = 0; i < 4; i++) {
        qn_session *session = qn_session_new(model, contexts[i], 4);
        assert_int_equal(qn_session_feed(session, ids, 3, QN_LOGITS_LAST), QN_OK);
        steps(session);
        const struct bytes saved = save(session, 1 << 20);
        for (int k = 0; k < 4; k++) {
            qn_session *target = qn_session_new(model, contexts[k], 4);
            assert_int_equal(restore(target, saved.at, saved.count, saved.count),
                             i / 2 == k / 2 ? QN_OK : QN_ERR_CONTEXT);
            qn_session_free(target);
        }
        free(saved.at);
        qn_session_free(session);
    }
    qn_model_free(model);
}

/* Models that differ only in their weights are told apart. */
static void test_other_weights_are_another_model(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    struct bytes file = file_bytes(LLAMA);
    memset(file.at + file.count - file.count / 2, 0, file.count / 2);
    qn_model *other;
    assert_int_equal(load(&other, file, file.count, file.count, SIZE_MAX), QN_OK);
    qn_session *session = start(model, 3);
    qn_session *target = qn_session_new(other, CONTEXT, 4);
    const struct bytes saved = save(session, 1 << 20);
    assert_int_equal(restore(target, saved.at, saved.count, saved.count), QN_ERR_ARGUMENT);
    free(saved.at);
    free(file.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
    qn_model_free(other);
}

static void test_truncated(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_session *session = start(model, 20);
    qn_session *target = start(model, 3);
    const struct bytes saved = save(session, 1 << 20);
    for (size_t count = 0; count < saved.count; count += count < 1000 ? 1 : 997) {
        const int status = restore(target, saved.at, count, 333);
        assert_int_equal(status, count && count < HEAD_BYTES ? QN_ERR_FORMAT : QN_MORE);
        assert_int_equal(qn_session_position(target), count < HEAD_BYTES ? 3 : 0);
        assert_int_equal(qn_session_step(target), QN_OK);
    }
    /* Feeding tokens ends a restore. */
    const int32_t id = 1;
    assert_int_equal(restore(target, saved.at, 1000, 500), QN_MORE);
    assert_int_equal(qn_session_feed(target, &id, 1, QN_LOGITS_LAST), QN_OK);
    assert_int_equal(qn_session_restore(target, 1000, saved.at + 1000, 10), QN_ERR_ARGUMENT);
    steps(target);
    assert_int_equal(qn_session_position(target), 1);
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
}

/* A flipped bit in any byte of the head, the biases and the tokens, and in some later bytes: gives an error or
 * a session that works. Sanitizers check the rest. */
static void test_flipped(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_session *session = start(model, 20);
    qn_session *target = qn_session_new(model, CONTEXT, 4);
    const struct bytes saved = save(session, 1 << 20);
    int refused = 0;
    int taken = 0;
    for (size_t at = 0; at < saved.count; at += at < 300 ? 1 : 1511) {
        for (int bit = 0; bit < 8; bit++) {
            saved.at[at] ^= (uint8_t)(1 << bit);
            const int status = restore(target, saved.at, saved.count, 400);
            saved.at[at] ^= (uint8_t)(1 << bit);
            refused += status != QN_OK;
            taken += status == QN_OK;
            assert_int_equal(status == QN_OK || qn_session_position(target) < 2, 1);
            const int32_t sampled = qn_session_rows(target) ? qn_session_sample(target) : 0;
            assert_in_range(sampled, 0, qn_model_vocab_size(model) - 1);
            assert_int_equal(qn_session_feed(target, &sampled, 1, QN_LOGITS_LAST), QN_OK);
            steps(target);
            assert_int_equal(qn_session_rewind(target, 1), QN_OK);
        }
    }
    assert_true(refused > 500 && taken > 500);
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
}

/* Logits that no step can return are not restored either. */
static void test_logits_are_finite(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_session *session = start(model, 20);
    qn_session *target = start(model, 3);
    const struct bytes saved = save(session, 1 << 20);
    const size_t logits = HEAD_BYTES + 2 * sizeof(struct qn_bias) + 20 * sizeof(int32_t);
    float number;
    memcpy(&number, saved.at + logits, sizeof(number));
    assert_true(number == qn_session_logits(session, 0)[0]);
    const size_t last = logits + (qn_model_vocab_size(model) - 1) * sizeof(number);
    const float numbers[] = {__builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
    for (size_t i = 0; i < 3; i++) {
        memcpy(&number, saved.at + last, sizeof(number));
        memcpy(saved.at + last, &numbers[i], sizeof(number));
        assert_int_equal(restore(target, saved.at, saved.count, saved.count), QN_ERR_FORMAT);
        assert_int_equal(qn_session_rows(target), 0);
        assert_int_equal(qn_session_position(target), 0);
        memcpy(saved.at + last, &number, sizeof(number));
        assert_int_equal(restore(target, saved.at, saved.count, saved.count), QN_OK);
    }
    free(saved.at);
    qn_session_free(session);
    qn_session_free(target);
    qn_model_free(model);
}

/* Each allocation is refused once: an error, and nothing is lost. */
static void test_memory_refused(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    qn_session *session = start(model, 70);
    const struct bytes saved = save(session, 1 << 20);
    const size_t held = blocks.live;
    for (size_t granted = 0;; granted++) {
        refuse_blocks_after(granted);
        qn_session *fork = qn_session_fork(session);
        blocks.refuse_all = 0;
        const bool done = fork != NULL;
        assert_true(done || qn_last_error()->code == QN_ERR_MEMORY);
        if (done) {
            assert_int_equal(qn_session_position(fork), 70);
        }
        qn_session_free(fork);
        assert_int_equal(blocks.live, held);
        if (done) {
            break;
        }
    }
    for (size_t granted = 0;; granted++) {
        qn_session *target = qn_session_new(model, CONTEXT, 4);
        refuse_blocks_after(granted);
        const int status = restore(target, saved.at, saved.count, 5000);
        blocks.refuse_all = 0;
        assert_true(status == QN_OK || status == QN_ERR_MEMORY);
        assert_int_equal(qn_session_position(target), status == QN_OK ? 70 : 0);
        qn_session_free(target);
        assert_int_equal(blocks.live, held);
        if (status == QN_OK) {
            break;
        }
    }
    free(saved.at);
    qn_session_free(session);
    qn_model_free(model);
}

/* A fork of a session with a q8_0 cache has a q8_0 cache; a restore does not mistake its rows for f16. */
static void test_the_cache_keeps_its_form(void **state) {
    (void)state;
    qn_model *narrow = load_file(LLAMA);
    assert_int_equal(qn_model_cache(narrow, QN_CACHE_Q8_0), QN_ERR_UNSUPPORTED); /* heads of 8 */
    assert_int_equal(qn_model_cache(narrow, 2), QN_ERR_ARGUMENT);
    qn_model_free(narrow);
    qn_model *model = load_file(RARE);
    struct qn_plan wide;
    struct qn_plan plan;
    assert_int_equal(qn_model_plan(model, CONTEXT, 16, &wide), QN_OK);
    assert_int_equal(qn_model_cache(model, QN_CACHE_Q8_0), QN_OK);
    assert_int_equal(qn_model_plan(model, CONTEXT, 16, &plan), QN_OK);
    assert_int_equal(plan.kv_bytes * 64, wide.kv_bytes * 34);
    qn_session *first = start(model, 30);
    assert_int_equal(qn_model_cache(model, QN_CACHE_F16), QN_OK);
    qn_session *fork = qn_session_fork(first);
    assert_non_null(fork);
    qn_session *other = qn_session_new(model, CONTEXT, 16);
    const struct bytes saved = save(first, 4096);
    assert_int_equal(restore(other, saved.at, saved.count, 1 << 20), QN_ERR_ARGUMENT);
    assert_go_on_alike(model, first, fork);
    free(saved.at);
    qn_session_free(first);
    qn_session_free(fork);
    qn_session_free(other);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on_to_the_same_bits),
        cmocka_unit_test(test_what_is_queued_is_left_out),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_all_biases),
        cmocka_unit_test(test_a_gap),
        cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_other_weights_are_another_model),
        cmocka_unit_test(test_contexts_of_another_kind),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_logits_are_finite),
        cmocka_unit_test(test_memory_refused),
        cmocka_unit_test(test_the_cache_keeps_its_form),
    };
    return cmocka_run_group_tests_name("session_save", tests, NULL, NULL);
}
