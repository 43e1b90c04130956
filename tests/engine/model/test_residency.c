/* Tensors may arrive in any order while sessions compute: results have the same bits, and no layer runs too early. */
#include <glob.h>
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

#define CONTEXT 24u
#define TOKENS  20u
#define NEEDS   1024u

/* A model's file, and the expected results: those of a session whose model was loaded completely. */
struct sample {
    struct bytes file;
    size_t directory; /* bytes before the first tensor */
    uint32_t n_vocab;
    size_t n; /* floats of a result */
    float *expected;
};

/* Writes the bytes that the engine wants, but none past `end`, until it wants no more. */
static void read_up_to(qn_model *model, struct bytes file, size_t end) {
    struct qn_want want;
    while (qn_model_want(model, &want) == QN_MORE) {
        const size_t left = end - (size_t)want.offset;
        const size_t count = want.bytes < left ? (size_t)want.bytes : left;
        memcpy((void *)(uintptr_t)want.address, file.at + want.offset, count);
        assert_int_equal(qn_model_wrote(model, count), QN_OK);
    }
}

static qn_session *fed_session(qn_model *model, uint32_t batch) {
    int32_t ids[TOKENS];
    for (uint32_t i = 0; i < TOKENS; i++) {
        ids[i] = (int32_t)((7 * i * i + 3 * i + 1) % qn_model_vocab_size(model));
    }
    qn_session *session = qn_session_new(model, CONTEXT, batch);
    assert_non_null(session);
    assert_int_equal(qn_model_is_encoder(model) ? qn_session_embed(session, ids, TOKENS, QN_POOLING_MEAN, 0)
                                                : qn_session_feed(session, ids, TOKENS, QN_LOGITS_LAST),
                     QN_OK);
    return session;
}

static const float *result_of(const qn_session *session, const qn_model *model) {
    assert_int_equal(qn_session_rows(session), 1);
    return qn_model_is_encoder(model) ? qn_session_embedding(session, 0) : qn_session_logits(session, 0);
}

static int steps(qn_session *session) {
    int status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    return status;
}

static struct sample sample_of(const char *path) {
    struct sample sample = {.file = file_bytes(path), .directory = SIZE_MAX};
    qn_model *model = load_file(path);
    struct qn_want need;
    for (uint32_t i = 0; qn_model_need(model, i, &need) == QN_OK; i++) {
        sample.directory = need.offset < sample.directory ? (size_t)need.offset : sample.directory;
    }
    qn_session *session = fed_session(model, TOKENS);
    assert_int_equal(steps(session), QN_OK);
    sample.n_vocab = qn_model_vocab_size(model);
    sample.n = qn_model_is_encoder(model) ? qn_model_embedding_size(model) : sample.n_vocab;
    sample.expected = malloc(sample.n * sizeof(float));
    memcpy(sample.expected, result_of(session, model), sample.n * sizeof(float));
    qn_session_free(session);
    qn_model_free(model);
    return sample;
}

static void sample_free(struct sample *sample) {
    free(sample->file.at);
    free(sample->expected);
    assert_int_equal(blocks.live, 0);
}

/* The model before any tensor byte has arrived. Its memory is filled with NaN, so that an early use shows. */
static qn_model *placed(const struct sample *sample, struct qn_want needs[NEEDS], uint32_t *n) {
    qn_model *model = qn_model_open(0);
    read_up_to(model, sample->file, sample->directory);
    assert_int_equal(qn_model_need(model, 0, needs), QN_OK);
    assert_int_equal(needs[0].address, 0);
    assert_int_equal(qn_model_place(model), QN_OK);
    for (*n = 0; *n < NEEDS && qn_model_need(model, *n, &needs[*n]) == QN_OK; ++*n) {
        memset((void *)(uintptr_t)needs[*n].address, 0xff, (size_t)needs[*n].bytes);
    }
    return model;
}

/* Writes bytes [from, from + count) of a tensor. */
static int put(qn_model *model, const struct sample *sample, const struct qn_want *need, uint64_t from,
               uint64_t count) {
    memcpy((void *)(uintptr_t)(need->address + from), sample->file.at + need->offset + from, (size_t)count);
    return qn_model_wrote_at(model, (uint32_t)need->split, need->offset + from, count);
}

static void assert_finished(qn_session *session, qn_model *model, const struct sample *sample) {
    struct qn_want want;
    assert_int_equal(qn_model_want(model, &want), QN_OK);
    assert_int_equal(steps(session), QN_OK);
    assert_memory_equal(result_of(session, model), sample->expected, sample->n * sizeof(float));
    qn_session_free(session);
    qn_model_free(model);
}

/* The layer of the tensor at an offset in the file, or -1. */
static int layer_at(const qn_model *model, uint64_t offset) {
    struct qn_tensor tensor;
    for (uint32_t i = 0; qn_model_tensor(model, i, &tensor) == QN_OK; i++) {
        if (tensor.offset == offset) {
            char name[80] = {0};
            memcpy(name, (const void *)(uintptr_t)tensor.name_address,
                   tensor.name_bytes < 79 ? (size_t)tensor.name_bytes : 79);
            int layer = -1;
            return sscanf(name, "blk.%d.", &layer) == 1 ? layer : -1;
        }
    }
    fail_msg("no tensor at %llu", (unsigned long long)offset);
    return -1;
}

static void assert_not_saved(qn_session *session) {
    uint8_t bytes[256];
    assert_int_equal(qn_session_save(session, 0, bytes, sizeof(bytes)), QN_ERR_STATE);
    assert_null(qn_session_fork(session));
    assert_int_equal(qn_last_error()->code, QN_ERR_STATE);
}

/* A layer is computed as soon as its last byte has arrived, and not before. */
static void in_the_order_of_need(const char *path) {
    struct sample sample = sample_of(path);
    struct qn_want needs[NEEDS];
    uint32_t n;
    qn_model *model = placed(&sample, needs, &n);
    qn_session *session = fed_session(model, TOKENS);
    qn_session *earlier = fed_session(model, TOKENS);
    assert_in_range(n, 1, NEEDS - 1);
    int layer = -1;
    int n_layer = 0;
    for (uint32_t i = 0; i < n; i++) {
        const bool behind = layer < 0 && n_layer > 0; /* the output, and tensors that are not used */
        const int next = behind ? -1 : layer_at(model, needs[i].offset);
        if (next != layer) {
            assert_true(next == layer + 1 || next == -1); /* layer after layer, then tensors that belong to none */
            assert_int_equal(steps(session), QN_WAIT);
            assert_int_equal(qn_session_layers(session), layer < 0 ? 0 : (unsigned)layer + 1);
            n_layer = next > layer ? next + 1 : n_layer;
            layer = next;
        }
        const uint64_t half = needs[i].bytes / 2;
        assert_int_equal(put(model, &sample, &needs[i], half, needs[i].bytes - half), QN_OK);
        assert_int_equal(steps(session), QN_WAIT);
        assert_int_equal(qn_session_rows(session), 0);
        assert_int_equal(qn_session_position(session), 0);
        assert_not_saved(session); /* it has taken a step, but the model is not complete */
        assert_int_equal(put(model, &sample, &needs[i], 0, half), QN_OK);
    }
    qn_session_free(session);
    session = earlier;
    assert_not_saved(session); /* the model is complete, but it has taken no step since */
    assert_in_range(n_layer, 1, 100);
    assert_finished(session, model, &sample);
    sample_free(&sample);
}

static void test_in_the_order_of_need(void **state) {
    (void)state;
    glob_t found;
    assert_int_equal(glob("tests/vectors/tiny-*.gguf", 0, NULL, &found), 0);
    assert_in_range(found.gl_pathc, 20, 200);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        in_the_order_of_need(found.gl_pathv[i]);
    }
    globfree(&found);
}

static uint32_t draw(uint32_t *seed, uint32_t below) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* Pieces of any size in any order, some of them twice, with steps in between; also with small micro-batches. */
static void test_in_any_order(void **state) {
    (void)state;
    const char *const paths[] = {LLAMA, MIXED, GEMMA, LFM2};
    for (uint32_t round = 0; round < 24; round++) {
        struct sample sample = sample_of(paths[round % 4]);
        struct qn_want needs[NEEDS];
        uint32_t n;
        qn_model *model = placed(&sample, needs, &n);
        qn_session *session = fed_session(model, round % 3 ? TOKENS : 3);
        uint32_t seed = round;
        struct qn_want want;
        for (uint32_t most = 0; qn_model_want(model, &want) == QN_MORE; most++) {
            if (most > 4 * n) { /* the missing bytes, in file order */
                const size_t count = want.bytes < 999 ? (size_t)want.bytes : 999;
                memcpy((void *)(uintptr_t)want.address, sample.file.at + want.offset, count);
                assert_int_equal(qn_model_wrote(model, count), QN_OK);
            } else {
                const struct qn_want *need = &needs[draw(&seed, n)];
                const uint32_t from = draw(&seed, (uint32_t)need->bytes);
                const uint32_t count = 1 + draw(&seed, (uint32_t)need->bytes - from);
                assert_int_equal(put(model, &sample, need, from, count), QN_OK);
            }
            const int status = qn_session_step(session);
            assert_true(status == QN_WAIT || status == QN_MORE ||
                        (status == QN_OK && qn_model_want(model, &want) == QN_OK));
        }
        if (qn_session_rows(session) == 0) {
            assert_int_equal(steps(session), QN_OK);
        }
        assert_memory_equal(result_of(session, model), sample.expected, sample.n * sizeof(float));
        qn_session_free(session);
        qn_model_free(model);
        sample_free(&sample);
    }
}

/* As a host without range requests loads: file order, with steps between the pieces. */
static void test_in_the_order_of_the_file(void **state) {
    (void)state;
    struct sample sample = sample_of(LLAMA);
    struct qn_want needs[NEEDS];
    uint32_t n;
    qn_model *model = placed(&sample, needs, &n);
    qn_session *session = fed_session(model, TOKENS);
    struct qn_want want;
    while (qn_model_want(model, &want) == QN_MORE) {
        assert_int_equal(steps(session), QN_WAIT);
        const size_t count = want.bytes < 1000 ? (size_t)want.bytes : 1000;
        memcpy((void *)(uintptr_t)want.address, sample.file.at + want.offset, count);
        assert_int_equal(qn_model_wrote(model, count), QN_OK);
    }
    assert_finished(session, model, &sample);
    sample_free(&sample);
}

static void assert_says(int status, int expected, const char *words) {
    assert_int_equal(status, expected);
    if (strstr(qn_last_error()->text, words) == NULL) {
        fail_msg("%s", qn_last_error()->text);
    }
}

static void test_wrong_marks(void **state) {
    (void)state;
    struct sample sample = sample_of(LLAMA);
    struct qn_want needs[NEEDS];
    uint32_t n;
    qn_model *model = qn_model_open(0);
    assert_says(qn_model_need(model, 0, needs), QN_ERR_STATE, "known after the directory");
    assert_says(qn_model_wrote_at(model, 0, 0, 1), QN_ERR_STATE, "memory has not been taken");
    read_up_to(model, sample.file, sample.directory);
    assert_says(qn_model_wrote_at(model, 0, sample.directory, 1), QN_ERR_STATE, "memory has not been taken");
    qn_model_free(model);

    model = placed(&sample, needs, &n);
    qn_session *session = fed_session(model, TOKENS);
    assert_says(qn_model_need(model, n, needs), QN_ERR_ARGUMENT, "the model has");
    const uint64_t first = sample.directory;
    struct qn_plan plan;
    assert_int_equal(qn_model_plan(model, 0, 0, &plan), QN_OK);
    const struct {
        uint64_t part, offset, bytes;
    } wrong[] = {
        {0, first - 1, 1},
        {0, 0, 1},
        {0, first, plan.file_bytes - first + 1},
        {0, plan.file_bytes, 1},
        {0, plan.file_bytes, 0},
        {0, first, UINT32_MAX},
        {0, first, UINT64_MAX},
        {0, UINT64_MAX, 1},
        {0, UINT64_MAX - first, 0},
        {1, first, 1},
        {UINT32_MAX, first, 1},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_says(qn_model_wrote_at(model, (uint32_t)wrong[i].part, wrong[i].offset, wrong[i].bytes), QN_ERR_ARGUMENT,
                    "its tensors lie in");
        assert_int_equal(steps(session), QN_WAIT);
    }
    /* every other byte: too many ranges in the end, but those before the limit count */
    uint64_t pieces = 0;
    int status;
    while ((status = qn_model_wrote_at(model, 0, first + 2 * pieces, 1)) == QN_OK) {
        pieces++;
    }
    assert_says(status, QN_ERR_LIMIT, "more than 1024 pieces");
    assert_int_equal(pieces, 1024);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(put(model, &sample, &needs[i], 0, needs[i].bytes), QN_OK);
    }
    assert_int_equal(qn_model_wrote_at(model, 0, first, 1), QN_OK); /* a second time */
    assert_finished(session, model, &sample);
    sample_free(&sample);
}

static void test_the_file_ends(void **state) {
    (void)state;
    struct sample sample = sample_of(LLAMA);
    struct qn_want needs[NEEDS];
    uint32_t n;
    qn_model *model = placed(&sample, needs, &n);
    qn_session *session = fed_session(model, TOKENS);
    assert_says(qn_model_wrote_at(model, 0, needs[0].offset + 5, 0), QN_ERR_FORMAT, "within tensor token_embd.weight");
    assert_int_equal(qn_last_error()->offset, needs[0].offset + 5);
    assert_says(qn_session_step(session), QN_ERR_STATE, "failed to load");
    assert_says(qn_model_wrote_at(model, 0, needs[0].offset, 1), QN_ERR_STATE, "memory has not been taken");
    qn_session_free(session);
    qn_model_free(model);
    sample_free(&sample);
}

/* Saving and restoring read all tensors, so they need a complete model. */
static void test_saving_comes_later(void **state) {
    (void)state;
    struct sample sample = sample_of(LLAMA);
    struct qn_want needs[NEEDS];
    uint32_t n;
    qn_model *model = placed(&sample, needs, &n);
    qn_session *session = fed_session(model, TOKENS);
    uint8_t saved[1 << 16];
    for (uint32_t i = 0; i < n; i++) {
        assert_says((int)qn_session_save(session, 0, saved, sizeof(saved)), QN_ERR_STATE, "once the model");
        assert_null(qn_session_fork(session));
        assert_says(qn_session_restore(session, 0, saved, sizeof(saved)), QN_ERR_STATE, "once the model");
        assert_int_equal(put(model, &sample, &needs[i], 0, needs[i].bytes), QN_OK);
    }
    assert_int_equal(steps(session), QN_OK);
    const int64_t bytes = qn_session_save(session, 0, saved, sizeof(saved));
    assert_int_equal(bytes, qn_session_save_bytes(session));
    qn_session *other = qn_session_new(model, CONTEXT, 4);
    assert_int_equal(qn_session_restore(other, 0, saved, (size_t)bytes), QN_OK);
    assert_memory_equal(result_of(other, model), sample.expected, sample.n * sizeof(float));
    qn_session_free(other);
    assert_finished(session, model, &sample);
    sample_free(&sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_order_of_need),
        cmocka_unit_test(test_in_any_order),
        cmocka_unit_test(test_in_the_order_of_the_file),
        cmocka_unit_test(test_wrong_marks),
        cmocka_unit_test(test_the_file_ends),
        cmocka_unit_test(test_saving_comes_later),
    };
    return cmocka_run_group_tests_name("model_residency", tests, NULL, NULL);
}
