/* Weights that make activations, logits or embeddings overflow: an error instead of a result, and the session stays
 * usable. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/state/session_state.h"
#include "tests/engine/support/tiny_model.h"

#define TOKENS 24
#define FIRST  10 /* tokens that are computed before the weights are damaged */

static void make_ids(int32_t ids[TOKENS], uint32_t n_vocab) {
    for (uint32_t i = 0; i < TOKENS; i++) {
        ids[i] = (int32_t)((i * i * 7 + 3 * i + 5) % n_vocab);
    }
}

static int32_t steps(qn_session *session) {
    int32_t status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    return status;
}

static void scale(const struct norm *norm, size_t n, float factor) {
    float *weights = (float *)(uintptr_t)norm->weight;
    for (size_t i = 0; i < n; i++) {
        weights[i] *= factor;
    }
}

static void assert_not_finite(qn_session *session, const char *word) {
    assert_int_equal(steps(session), QN_ERR_NOT_FINITE);
    assert_int_equal(qn_last_error()->code, QN_ERR_NOT_FINITE);
    if (strstr(qn_last_error()->text, word) == NULL) {
        fail_msg("%s", qn_last_error()->text);
    }
    assert_int_equal(qn_session_rows(session), 0);
}

/* The logits after all tokens; the last ones are fed twice if `damaged` is a norm, the first time with a damaged
 * weight. The caller frees them. */
static float *logits(qn_model *model, uint32_t batch, const struct norm *damaged, float factor, const char *word) {
    const uint32_t n_vocab = qn_model_vocab_size(model);
    const size_t width = qn_model_embedding_size(model);
    int32_t ids[TOKENS];
    make_ids(ids, n_vocab);
    qn_session *session = qn_session_new(model, TOKENS, batch);
    assert_int_equal(qn_session_feed(session, ids, FIRST, QN_LOGITS_NONE), QN_OK);
    assert_int_equal(steps(session), QN_OK);
    assert_int_equal(qn_session_feed(session, ids + FIRST, TOKENS - FIRST, QN_LOGITS_LAST), QN_OK);
    if (damaged) {
        scale(damaged, width, factor);
        assert_not_finite(session, word);
        scale(damaged, width, 1.0f / factor);
        const uint32_t held = qn_session_position(session);
        assert_in_range(held, FIRST, TOKENS - 1);
        assert_int_equal(qn_session_feed(session, ids + held, TOKENS - held, QN_LOGITS_LAST), QN_OK);
    }
    assert_int_equal(steps(session), QN_OK);
    float *row = malloc(n_vocab * sizeof(float));
    memcpy(row, qn_session_logits(session, 0), n_vocab * sizeof(float));
    qn_session_free(session);
    return row;
}

static void check_model(const char *path) {
    qn_model *model = load_file(path);
    const size_t bytes = qn_model_vocab_size(model) * sizeof(float);
    for (uint32_t batch = 1; batch <= 7; batch += 3) {
        float *expected = logits(model, batch, NULL, 1.0f, "");
        float *found =
            logits(model, batch, &model->tensors.layers[0].attention_norm, 0x1p120f, "activations overflow in layer 1");
        assert_memory_equal(found, expected, bytes);
        free(found);
        found = logits(model, batch, &model->tensors.output_norm, 0x1p127f, "logits overflow");
        assert_memory_equal(found, expected, bytes);
        free(found);
        free(expected);
    }
    qn_model_free(model);
}

static void test_activations_and_logits(void **state) {
    (void)state;
    check_model(LLAMA);
    check_model(LFM2); /* recurrent layers */
}

/* Quantized activations and the KV cache have scales and values in f16, which overflow much earlier than f32. A prompt
 * whose tokens want no logits is refused too: later tokens would read its keys and values. */
static void test_f16(void **state) {
    (void)state;
    qn_model *model = load_file(GEMMA);
    const size_t width = qn_model_embedding_size(model);
    int32_t ids[TOKENS];
    make_ids(ids, qn_model_vocab_size(model));
    qn_session *session = qn_session_new(model, TOKENS, 0);
    scale(&model->tensors.layers[0].attention_norm, width, 0x1p30f);
    assert_int_equal(qn_session_feed(session, ids, TOKENS, QN_LOGITS_NONE), QN_OK);
    assert_not_finite(session, "activations overflow in layer 1");
    assert_int_equal(qn_session_step(session), QN_OK); /* the queue is empty */
    assert_int_equal(qn_session_position(session), 0);
    qn_session_free(session);
    qn_model_free(model);
}

static void test_embeddings(void **state) {
    (void)state;
    qn_model *model = load_file(LLAMA);
    int32_t ids[TOKENS];
    make_ids(ids, qn_model_vocab_size(model));
    qn_session *session = qn_session_new(model, TOKENS, 7);
    scale(&model->tensors.output_norm, qn_model_embedding_size(model), 0x1p127f);
    for (int32_t pooling = QN_POOLING_NONE; pooling <= QN_POOLING_LAST; pooling++) {
        assert_int_equal(qn_session_embed(session, ids, TOKENS, pooling, 1), QN_OK);
        assert_not_finite(session, "embeddings");
    }
    qn_session_free(session);
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations_and_logits),
        cmocka_unit_test(test_f16),
        cmocka_unit_test(test_embeddings),
    };
    return cmocka_run_group_tests_name("session_not_finite", tests, NULL, NULL);
}
