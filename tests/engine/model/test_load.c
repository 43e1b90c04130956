/* Loading: chunks of any size, truncated files, calls in the wrong state, refused memory, and the plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

static void test_chunks_of_any_size(void **state) {
    (void)state;
    const struct bytes bytes = file_bytes(LLAMA);
    const size_t chunks[] = {1, 7, 4096, SIZE_MAX};
    for (size_t i = 0; i < 4; i++) {
        for (int known = 0; known < 2; known++) {
            qn_model *model;
            assert_int_equal(load(&model, bytes, bytes.count, known ? bytes.count : 0, chunks[i]), QN_OK);
            assert_int_equal(qn_model_vocab_size(model), 273);
            qn_model_free(model);
        }
    }
    free(bytes.at);
    assert_int_equal(blocks.live, 0);
}

static void test_files_that_end_early(void **state) {
    (void)state;
    const struct bytes bytes = file_bytes(LLAMA);
    for (size_t end = 0; end < bytes.count; end += end < 9000 ? 97 : 1999) {
        qn_model *model;
        assert_int_equal(load(&model, bytes, end, 0, SIZE_MAX), QN_ERR_FORMAT); /* the file's size is unknown */
        assert_int_equal(qn_last_error()->offset, end);
        struct qn_want want;
        assert_int_equal(qn_model_want(model, &want), QN_ERR_STATE);
        qn_model_free(model);
        if (end) { /* the file's size is known, and too small */
            assert_int_equal(load(&model, bytes, end, end, SIZE_MAX), QN_ERR_FORMAT);
            qn_model_free(model);
        }
    }
    free(bytes.at);
    assert_int_equal(blocks.live, 0);
}

static void test_calls_at_the_wrong_time(void **state) {
    (void)state;
    qn_model *model = qn_model_open(0);
    struct qn_plan plan;
    struct qn_value value;
    struct qn_want want;
    int32_t id;
    assert_int_equal(qn_model_place(model), QN_ERR_STATE);
    assert_int_equal(qn_model_plan(model, 0, 0, &plan), QN_ERR_STATE);
    assert_int_equal(qn_model_metadata(model, 0, &value), QN_ERR_STATE);
    assert_int_equal(qn_tokenize(model, "a", 1, 0, &id, 1), QN_ERR_STATE);
    assert_null(qn_session_new(model, 0, 0));
    assert_int_equal(qn_last_error()->code, QN_ERR_STATE);
    assert_int_equal(qn_model_want(model, &want), QN_MORE);
    assert_int_equal(qn_model_wrote(model, want.bytes + 1), QN_ERR_ARGUMENT);
    qn_model_free(model);
    model = load_file(LLAMA);
    assert_int_equal(qn_model_place(model), QN_ERR_STATE);
    assert_int_equal(qn_model_wrote(model, 1), QN_ERR_ARGUMENT);
    assert_null(qn_session_new(model, UINT32_MAX, 0));
    assert_int_equal(qn_last_error()->code, QN_ERR_ARGUMENT);
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* Loads and uses a model. Returns 0 if every call worked, otherwise the code of the first that failed. */
static int use(struct bytes bytes) {
    qn_model *model;
    int status = load(&model, bytes, bytes.count, bytes.count, SIZE_MAX);
    qn_session *session = NULL;
    if (status == QN_OK) {
        session = qn_session_new(model, 80, 16);
        status = session ? QN_OK : qn_last_error()->code;
    }
    int32_t ids[70] = {5};
    if (status == QN_OK) {
        status = qn_session_feed(session, ids, 70, QN_LOGITS_LAST);
    }
    while (status >= 0 && (status = qn_session_step(session)) == QN_MORE) {
    }
    if (status == QN_OK) {
        const int32_t id = qn_session_sample(session);
        status = id < 0 ? id : QN_OK;
    }
    qn_session_free(session);
    qn_model_free(model);
    return status;
}

static void test_refused_memory_at_every_call(void **state) {
    (void)state;
    const struct bytes bytes = file_bytes(GEMMA);
    size_t granted = 0;
    for (;; granted++) {
        refuse_blocks_after(granted);
        const int status = use(bytes);
        blocks.refuse_all = 0;
        assert_int_equal(blocks.live, 0);
        if (status == QN_OK) {
            break;
        }
        assert_int_equal(status, QN_ERR_MEMORY);
    }
    assert_true(granted > 6);
    free(bytes.at);
}

static void test_the_plan_is_what_is_taken(void **state) {
    (void)state;
    const char *paths[] = {LLAMA, MIXED, GEMMA};
    for (size_t i = 0; i < 3; i++) {
        qn_model *model = load_file(paths[i]);
        const size_t loaded = blocks.live_bytes;
        struct qn_plan plan;
        assert_int_equal(qn_model_plan(model, 200, 32, &plan), QN_OK);
        assert_int_equal(loaded, plan.tensor_bytes + plan.metadata_bytes);
        qn_session *session = qn_session_new(model, 200, 32);
        int32_t ids[200] = {7};
        assert_int_equal(qn_session_feed(session, ids, 1, QN_LOGITS_LAST), QN_OK);
        while (qn_session_step(session) == QN_MORE) {
        }
        const size_t one_page = blocks.live_bytes;
        assert_int_equal(qn_session_feed(session, ids, 199, QN_LOGITS_LAST), QN_OK);
        while (qn_session_step(session) == QN_MORE) {
        }
        assert_int_equal(blocks.live_bytes - one_page, 3 * plan.kv_page_bytes); /* the cache grows as it fills */
        assert_int_equal(plan.kv_bytes, 4 * plan.kv_page_bytes);
        const size_t record = blocks.live_bytes - loaded - (size_t)(plan.kv_bytes + plan.scratch_bytes);
        assert_true(record < 1024); /* the session's own record */
        assert_int_equal(plan.total_bytes,
                         plan.tensor_bytes + plan.metadata_bytes + plan.kv_bytes + plan.scratch_bytes);
        qn_session_free(session);
        qn_model_free(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunks_of_any_size),        cmocka_unit_test(test_files_that_end_early),
        cmocka_unit_test(test_calls_at_the_wrong_time),   cmocka_unit_test(test_refused_memory_at_every_call),
        cmocka_unit_test(test_the_plan_is_what_is_taken),
    };
    return cmocka_run_group_tests_name("model_load", tests, NULL, NULL);
}
