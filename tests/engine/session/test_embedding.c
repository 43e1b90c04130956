/* Embeddings: the same bits for any batch and order, the definition of each pooling, and refused calls. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define TOKENS   100
#define WIDTH    256 /* of any of these models, at most */
#define BERT     "tests/vectors/embeddings/bert-f32.gguf"
#define MODERN   "tests/vectors/embeddings/modern-bert-silu-q8.gguf"
#define DENSE    "tests/vectors/embeddings/gemma-embedding-dense-q8.gguf"
#define BOTH     "tests/vectors/embeddings/llama-both-ways-f32.gguf"
#define POOLINGS 4

static void make_ids(int32_t ids[TOKENS], uint32_t n_vocab) {
    for (uint32_t i = 0; i < TOKENS; i++) {
        ids[i] = (int32_t)((i * i * 7 + 3 * i + 5) % n_vocab);
    }
}

/* Queues and steps; returns the rows, which are in *out. */
static size_t embed(qn_session *session, const int32_t *ids, size_t count, int32_t pooling, uint32_t normalize,
                    uint32_t width, float *out) {
    size_t rows = 0;
    int status;
    assert_int_equal(qn_session_embed(session, ids, count, pooling, normalize), QN_OK);
    do {
        status = qn_session_step(session);
        assert_true(status >= 0);
        for (uint32_t row = 0; row < qn_session_rows(session); row++, rows++) {
            memcpy(out + rows * width, qn_session_embedding(session, row), width * sizeof(float));
        }
        assert_null(qn_session_embedding(session, qn_session_rows(session)));
        assert_null(qn_session_logits(session, 0));
    } while (status == QN_MORE);
    assert_int_equal(qn_session_position(session), count);
    return rows;
}

static void check_batches(const char *path) {
    qn_model *model = load_file(path);
    const uint32_t width = qn_model_embedding_size(model);
    int32_t ids[TOKENS];
    float *expected = malloc(TOKENS * WIDTH * sizeof(float));
    float *found = malloc(TOKENS * WIDTH * sizeof(float));
    const uint32_t batches[] = {TOKENS, 1, 2, 7, 64};
    make_ids(ids, qn_model_vocab_size(model));
    for (int32_t pooling = 0; pooling < POOLINGS; pooling++) {
        const size_t rows = pooling == QN_POOLING_NONE ? TOKENS : 1;
        for (size_t i = 0; i < 5; i++) {
            qn_session *session = qn_session_new(model, TOKENS, batches[i]);
            assert_int_equal(embed(session, ids, 3, pooling, 0, width, found), rows == 1 ? 1 : 3);
            assert_int_equal(embed(session, ids, TOKENS, pooling, 1, width, i ? found : expected), rows);
            assert_true(i == 0 || memcmp(expected, found, rows * width * sizeof(float)) == 0);
            qn_session_free(session);
        }
    }
    free(expected);
    free(found);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

static void test_batches(void **state) {
    (void)state;
    check_batches(BERT);
    check_batches(MODERN);
    check_batches(DENSE);
    check_batches(BOTH);
    check_batches(MIXED);
    check_batches(GEMMA);
    check_batches(LFM2);
}

static void check_poolings(const char *path, bool dense) {
    qn_model *model = load_file(path);
    const uint32_t width = qn_model_embedding_size(model);
    int32_t ids[TOKENS];
    float rows[TOKENS][WIDTH], one[WIDTH], unit[WIDTH];
    make_ids(ids, qn_model_vocab_size(model));
    qn_session *session = qn_session_new(model, TOKENS, 16);
    float *all = malloc((size_t)TOKENS * width * sizeof(float));
    assert_int_equal(embed(session, ids, TOKENS, QN_POOLING_NONE, 0, width, all), TOKENS);
    for (size_t t = 0; t < TOKENS; t++) {
        memcpy(rows[t], all + t * width, width * sizeof(float));
    }
    free(all);
    embed(session, ids, TOKENS, QN_POOLING_CLS, 0, width, one);
    assert_memory_equal(one, rows[0], width * sizeof(float));
    embed(session, ids, TOKENS, QN_POOLING_LAST, 0, width, one);
    assert_memory_equal(one, rows[TOKENS - 1], width * sizeof(float));
    embed(session, ids, TOKENS, QN_POOLING_MEAN, 0, width, one);
    embed(session, ids, TOKENS, QN_POOLING_MEAN, 1, width, unit);
    double squares = 0.0;
    for (uint32_t i = 0; i < width; i++) {
        double sum = 0.0;
        for (size_t t = 0; t < TOKENS; t++) {
            sum += (double)rows[t][i];
        }
        /* the two dense layers quantize their input */
        assert_true(fabs(sum / TOKENS - (double)one[i]) < (dense ? 0.05 : 1e-5));
        squares += (double)one[i] * (double)one[i];
    }
    for (uint32_t i = 0; i < width; i++) {
        assert_true(fabs((double)one[i] / sqrt(squares) - (double)unit[i]) < 1e-6);
    }
    qn_session_free(session);
    qn_model_free(model);
}

static void test_poolings(void **state) {
    (void)state;
    check_poolings(BERT, false);
    check_poolings(DENSE, true);
    check_poolings(LLAMA, false);
}

/* The last token changes the first row of an encoder, but not of a decoder. */
static void test_both_directions(void **state) {
    (void)state;
    static const struct {
        const char *path;
        bool encoder;
        int32_t pooling;
    } models[] = {{BERT, true, QN_POOLING_CLS},
                  {BOTH, true, QN_POOLING_MEAN},
                  {MODERN, true, QN_POOLING_MODEL},
                  {LLAMA, false, QN_POOLING_MODEL}};
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        qn_model *model = load_file(models[i].path);
        const int32_t ids[] = {5, 6, 7}, others[] = {5, 6, 9};
        float first[WIDTH], other[WIDTH];
        assert_int_equal(qn_model_is_encoder(model), models[i].encoder);
        assert_int_equal(qn_model_pooling(model), models[i].pooling);
        qn_session *session = qn_session_new(model, 8, 2);
        embed(session, ids, 3, QN_POOLING_CLS, 1, qn_model_embedding_size(model), first);
        embed(session, others, 3, QN_POOLING_CLS, 1, qn_model_embedding_size(model), other);
        assert_int_equal(memcmp(first, other, qn_model_embedding_size(model) * sizeof(float)) != 0, models[i].encoder);
        qn_session_free(session);
        qn_model_free(model);
    }
}

/* After an embedding a decoder continues as if its tokens had been fed. */
static void test_text_after_an_embedding(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    const size_t bytes = qn_model_vocab_size(model) * sizeof(float);
    const int32_t ids[] = {5, 6, 7, 8};
    float one[WIDTH];
    float *logits = malloc(bytes);
    qn_session *session = qn_session_new(model, 8, 2);
    assert_int_equal(qn_session_feed(session, ids, 4, QN_LOGITS_LAST), QN_OK);
    while (qn_session_step(session) == QN_MORE) {
    }
    assert_null(qn_session_embedding(session, 0));
    memcpy(logits, qn_session_logits(session, 0), bytes);
    embed(session, ids, 3, QN_POOLING_LAST, 1, qn_model_embedding_size(model), one);
    assert_int_equal(qn_session_sample(session), QN_ERR_STATE);
    qn_session *other = qn_session_fork(session);
    assert_int_equal(qn_session_rows(other), 0);
    for (int i = 0; i < 2; i++) {
        qn_session *next = i ? other : session;
        assert_int_equal(qn_session_feed(next, ids + 3, 1, QN_LOGITS_LAST), QN_OK);
        while (qn_session_step(next) == QN_MORE) {
        }
        assert_int_equal(qn_session_rows(next), 1);
        assert_null(qn_session_embedding(next, 0));
        assert_memory_equal(qn_session_logits(next, 0), logits, bytes);
        qn_session_free(next);
    }
    free(logits);
    qn_model_free(model);
}

static void assert_says(int32_t status, int32_t expected, const char *words) {
    assert_int_equal(status, expected);
    assert_int_equal(qn_last_error()->code, expected);
    if (strstr(qn_last_error()->text, words) == NULL) {
        fail_msg("%s", qn_last_error()->text);
    }
}

static void test_what_is_refused(void **state) {
    (void)state;
    qn_model *model = load_file(BERT);
    const uint32_t width = qn_model_embedding_size(model);
    int32_t ids[TOKENS];
    float expected[WIDTH], found[WIDTH];
    make_ids(ids, qn_model_vocab_size(model));
    qn_session *session = qn_session_new(model, 50, 0);
    embed(session, ids, 50, QN_POOLING_MODEL, 1, width, expected);
    assert_says(qn_session_feed(session, ids, 1, QN_LOGITS_LAST), QN_ERR_UNSUPPORTED, "bert model");
    assert_says(qn_session_embed(session, ids, 51, QN_POOLING_MODEL, 1), QN_ERR_CONTEXT, "51 tokens do not fit");
    assert_says(qn_session_embed(session, ids, 0, QN_POOLING_MODEL, 1), QN_ERR_ARGUMENT, "at least one token");
    assert_says(qn_session_embed(session, ids, 3, 4, 1), QN_ERR_UNSUPPORTED, "a reranking model");
    assert_says(qn_session_embed(session, ids, 3, 5, 1), QN_ERR_ARGUMENT, "there is no pooling 5");
    assert_says(qn_session_embed(session, ids, 3, -2, 1), QN_ERR_ARGUMENT, "there is no pooling -2");
    ids[1] = (int32_t)qn_model_vocab_size(model);
    assert_says(qn_session_embed(session, ids, 3, QN_POOLING_MODEL, 1), QN_ERR_ARGUMENT, "not in the vocabulary");
    /* The session is unchanged: it has the embedding from before. */
    assert_int_equal(qn_session_position(session), 50);
    assert_int_equal(qn_session_rows(session), 1);
    assert_memory_equal(expected, qn_session_embedding(session, 0), width * sizeof(float));
    make_ids(ids, qn_model_vocab_size(model));
    embed(session, ids, 50, QN_POOLING_CLS, 1, width, found);
    assert_memory_equal(expected, found, width * sizeof(float));
    qn_session_free(session);
    assert_null(qn_session_new(model, 161, 0));
    assert_says(qn_last_error()->code, QN_ERR_ARGUMENT, "has learned 160 positions");
    qn_model_free(model);
    model = load_file(LLAMA);
    session = qn_session_new(model, 8, 0);
    assert_says(qn_session_embed(session, ids, 3, QN_POOLING_MODEL, 1), QN_ERR_ARGUMENT,
                "choose mean, cls, last or none");
    qn_session_free(session);
    qn_model_free(model);
}

/* The plan is exact to the byte; the cache holds a single layer; after a refused page the step can be repeated. */
static void test_memory(void **state) {
    (void)state;
    qn_model *model = load_file(MODERN);
    struct qn_plan plan;
    int32_t ids[TOKENS];
    float expected[WIDTH], found[WIDTH];
    make_ids(ids, qn_model_vocab_size(model));
    assert_int_equal(qn_model_plan(model, TOKENS, 7, &plan), QN_OK);
    assert_int_equal(plan.batch, TOKENS);
    assert_int_equal(plan.kv_page_bytes, plan.kv_page_tokens * 4 * 2 * 16 * sizeof(uint16_t)); /* heads, K and V, dim */
    const size_t before = blocks.live_bytes;
    qn_session *session = qn_session_new(model, TOKENS, 7);
    embed(session, ids, TOKENS, QN_POOLING_MEAN, 1, qn_model_embedding_size(model), expected);
    assert_int_equal(blocks.live_bytes - before, plan.scratch_bytes + plan.kv_bytes);
    qn_session_free(session);
    session = qn_session_new(model, TOKENS, 7);
    assert_int_equal(qn_session_embed(session, ids, TOKENS, QN_POOLING_MEAN, 1), QN_OK);
    refuse_blocks_after(0);
    assert_says(qn_session_step(session), QN_ERR_MEMORY, "KV cache");
    blocks.refuse_all = 0;
    embed(session, ids, TOKENS, QN_POOLING_MEAN, 1, qn_model_embedding_size(model), found);
    assert_memory_equal(expected, found, qn_model_embedding_size(model) * sizeof(float));
    qn_session_free(session);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* A restore replaces the embeddings of the last step with the saved logits. */
static void test_restore_after_an_embedding(void **state) {
    (void)state;
    const char *paths[] = {LLAMA, LFM2};
    for (size_t i = 0; i < 2; i++) {
        qn_model *model = load_file(paths[i]);
        int32_t ids[TOKENS];
        float rows[12 * WIDTH];
        make_ids(ids, qn_model_vocab_size(model));
        qn_session *session = qn_session_new(model, TOKENS, 16);
        assert_int_equal(qn_session_feed(session, ids, 5, QN_LOGITS_LAST), QN_OK);
        while (qn_session_step(session) == QN_MORE) {
        }
        const size_t bytes = (size_t)qn_session_save_bytes(session);
        uint8_t *saved = malloc(bytes);
        assert_int_equal(qn_session_save(session, 0, saved, bytes), bytes);
        embed(session, ids, 12, QN_POOLING_NONE, 0, qn_model_embedding_size(model), rows);
        assert_int_equal(qn_session_rows(session), 12);
        assert_int_equal(qn_session_restore(session, 0, saved, bytes), QN_OK);
        assert_int_equal(qn_session_rows(session), 1);
        assert_non_null(qn_session_logits(session, 0));
        assert_null(qn_session_logits(session, 1));
        assert_null(qn_session_embedding(session, 0));
        assert_int_equal(qn_session_step(session), QN_OK);
        assert_int_equal(qn_session_position(session), 5);
        free(saved);
        qn_session_free(session);
        qn_model_free(model);
    }
    assert_int_equal(blocks.live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_poolings),
        cmocka_unit_test(test_both_directions),
        cmocka_unit_test(test_text_after_an_embedding),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_restore_after_an_embedding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
