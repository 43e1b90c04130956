/* Arguments at the limits of the exports, and calls in a state that does not allow them. */
#include "tests/engine/support/load.h"

#define LARGEST_CONTEXT (1u << 24)
#define LARGEST_BATCH   4096u

static qn_model *small_model(void) {
    struct model_file f;
    struct build b;
    file_make(&f, "llama");
    file_write(&f, &b);
    qn_model *model = load_whole(&b);
    build_free(&b);
    return model;
}

static void sizes(void **state) {
    (void)state;
    struct qn_plan plan;
    qn_model *model = small_model();
    assert_int_equal(qn_model_plan(model, LARGEST_CONTEXT, LARGEST_BATCH, &plan), QN_OK);
    assert_int_equal(plan.context, LARGEST_CONTEXT);
    assert_int_equal(plan.batch, LARGEST_BATCH);
    assert_int_equal(qn_model_plan(model, LARGEST_CONTEXT + 1, LARGEST_BATCH, &plan), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_plan(model, LARGEST_CONTEXT, LARGEST_BATCH + 1, &plan), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_plan(model, UINT32_MAX, 1, &plan), QN_ERR_ARGUMENT);
    assert_null(qn_session_new(model, 8, LARGEST_BATCH + 1));
    assert_int_equal(qn_last_error()->code, QN_ERR_ARGUMENT);
    qn_model_free(model);
}

static void orders(void **state) {
    (void)state;
    qn_model *model = small_model();
    assert_int_equal(qn_model_order(model, QN_ORDER_DISTANT_PREFETCH), QN_OK);
    assert_int_equal(qn_model_order(model, QN_ORDER_DISTANT_PREFETCH + 1), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_order(model, UINT32_MAX), QN_ERR_ARGUMENT);
    qn_model_free(model);
}

/* Before the tensors have a place there is nothing that a session could read. */
static void sessions_need_a_placed_model(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    file_make(&f, "llama");
    file_write(&f, &b);
    qn_model *model = qn_model_open(b.n);
    assert_null(qn_session_new(model, 8, 0));
    assert_int_equal(qn_last_error()->code, QN_ERR_STATE);
    assert_int_equal(write_wanted(model, &b, SIZE_MAX), QN_OK);
    assert_null(qn_session_new(model, 8, 0));
    assert_int_equal(qn_last_error()->code, QN_ERR_STATE);
    assert_int_equal(qn_model_place(model), QN_OK);
    qn_session *session = qn_session_new(model, 8, 0);
    assert_non_null(session);
    qn_session_free(session);
    qn_model_free(model);
    build_free(&b);
}

/* Without memory for the logits nothing is queued. */
static void a_refused_feed_queues_nothing(void **state) {
    (void)state;
    const int32_t ids[] = {1, 2, 3};
    qn_model *model = small_model();
    qn_session *session = qn_session_new(model, 8, 0);
    blocks_restart();
    refuse_blocks_after(0);
    assert_int_equal(qn_session_feed(session, ids, 3, QN_LOGITS_ALL), QN_ERR_MEMORY);
    blocks_restart();
    assert_int_equal(qn_session_step(session), QN_OK);
    assert_int_equal(qn_session_position(session), 0);
    assert_int_equal(qn_session_feed(session, ids, 3, QN_LOGITS_ALL), QN_OK);
    while (qn_session_step(session) == QN_MORE) {
    }
    assert_int_equal(qn_session_position(session), 3);
    qn_session_free(session);
    qn_model_free(model);
}

/* The first of two flaws is reported. */
static void embeddings(void **state) {
    (void)state;
    const int32_t id = 1;
    qn_model *model = small_model();
    qn_session *session = qn_session_new(model, 8, 0);
    assert_int_equal(qn_session_embed(session, &id, 0, 99, 0), QN_ERR_ARGUMENT);
    assert_non_null(strstr(qn_last_error()->text, "there is no pooling 99"));
    assert_int_equal(qn_session_embed(session, &id, 0, QN_POOLING_MEAN, 0), QN_ERR_ARGUMENT);
    assert_non_null(strstr(qn_last_error()->text, "at least one token"));
    qn_session_free(session);
    qn_model_free(model);
}

/* Rows that a session has are not taken again. */
static void logits_are_kept(void **state) {
    (void)state;
    const int32_t ids[] = {1, 2, 3};
    qn_model *model = small_model();
    qn_session *session = qn_session_new(model, 8, 0);
    assert_int_equal(qn_session_feed(session, ids, 3, QN_LOGITS_LAST), QN_OK);
    while (qn_session_step(session) == QN_MORE) {
    }
    blocks_restart();
    refuse_blocks_after(0);
    assert_int_equal(qn_session_feed(session, ids, 1, QN_LOGITS_LAST), QN_OK);
    blocks_restart();
    qn_session_free(session);
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(orders),
        cmocka_unit_test(sessions_need_a_placed_model),
        cmocka_unit_test(a_refused_feed_queues_nothing),
        cmocka_unit_test(embeddings),
        cmocka_unit_test(logits_are_kept),
    };
    return cmocka_run_group_tests_name("session_arguments", tests, NULL, NULL);
}
