/* Models in several files: the same bits as from one file, in pieces of any size; splits that are truncated, damaged or
 * in the wrong order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define SPLITS 4

static struct bytes splits[SPLITS];

static int setup(void **state) {
    (void)state;
    for (int i = 0; i < SPLITS; i++) {
        char path[100];
        snprintf(path, sizeof(path), "tests/vectors/split/tiny-llama-f32-0000%d-of-00004.gguf", i + 1);
        splits[i] = file_bytes(path);
        if (splits[i].at == NULL) {
            return 1;
        }
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    for (int i = 0; i < SPLITS; i++) {
        free(splits[i].at);
    }
    return 0;
}

static int feed(qn_model *model, const struct bytes from[SPLITS], size_t chunk) {
    struct qn_want want;
    int status;
    while ((status = qn_model_want(model, &want)) == QN_MORE) {
        assert_true(want.split < SPLITS && want.bytes > 0);
        const struct bytes split = from[want.split];
        const size_t left = want.offset < split.count ? split.count - (size_t)want.offset : 0;
        size_t count = want.bytes < chunk ? (size_t)want.bytes : chunk;
        count = count < left ? count : left;
        if (count) {
            memcpy((void *)(uintptr_t)want.address, split.at + want.offset, count);
        }
        status = qn_model_wrote(model, count);
        if (status != QN_OK) {
            return status;
        }
    }
    return status;
}

static int load_splits(qn_model **model, const struct bytes from[SPLITS], size_t chunk) {
    *model = qn_model_open(0);
    int status = *model ? feed(*model, from, chunk) : qn_last_error()->code;
    if (status == QN_OK) {
        status = qn_model_place(*model);
    }
    return status == QN_OK ? feed(*model, from, chunk) : status;
}

/* Logits after a few tokens; the caller frees them. */
static float *compute(qn_model *model) {
    const size_t bytes = qn_model_vocab_size(model) * sizeof(float);
    qn_session *session = qn_session_new(model, 8, 4);
    const int32_t ids[5] = {1, 2, 3, 4, 5};
    assert_int_equal(qn_session_feed(session, ids, 5, QN_LOGITS_LAST), QN_OK);
    while (qn_session_step(session) == QN_MORE) {
    }
    float *logits = malloc(bytes);
    memcpy(logits, qn_session_logits(session, 0), bytes);
    qn_session_free(session);
    return logits;
}

static void test_the_same_bits(void **state) {
    (void)state;
    qn_model *whole = load_file(LLAMA);
    float *expected = compute(whole);
    const size_t chunks[] = {SIZE_MAX, 4096, 100, 7};
    for (size_t i = 0; i < 4; i++) {
        qn_model *model;
        assert_int_equal(load_splits(&model, splits, chunks[i]), QN_OK);
        float *found = compute(model);
        assert_memory_equal(found, expected, qn_model_vocab_size(model) * sizeof(float));
        free(found);
        struct qn_plan plan;
        assert_int_equal(qn_model_plan(model, 0, 0, &plan), QN_OK);
        uint64_t all = 0;
        for (int split = 0; split < SPLITS; split++) {
            all += splits[split].count;
        }
        assert_in_range(plan.file_bytes, all - SPLITS * 32, all); /* files may end in padding */
        qn_model_free(model);
    }
    free(expected);
    qn_model_free(whole);
    assert_int_equal(blocks.live, 0);
}

static void assert_refused(const struct bytes from[SPLITS], const char *words) {
    qn_model *model;
    const int status = load_splits(&model, from, SIZE_MAX);
    assert_int_equal(status, QN_ERR_FORMAT);
    if (strstr(qn_last_error()->text, words) == NULL) {
        fail_msg("%s", qn_last_error()->text);
    }
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

/* Replaces a number in the metadata, which follows the key's name and type. */
static void set_number(struct bytes split, const char *key, unsigned number) {
    for (size_t i = 0; i + strlen(key) + 6 < split.count; i++) {
        if (memcmp(split.at + i, key, strlen(key)) == 0) {
            split.at[i + strlen(key) + 4] = (uint8_t)number;
            return;
        }
    }
    fail_msg("no %s", key);
}

static void test_splits_that_do_not_belong(void **state) {
    (void)state;
    struct bytes from[SPLITS] = {splits[0], splits[2], splits[1], splits[3]};
    assert_refused(from, "split 2 of 4: this is split 3 of 4; split 2 was expected");
    from[0] = splits[1];
    assert_refused(from, "split 1 of 4: this is split 2 of 4; split 1 was expected");
    memcpy(from, splits, sizeof(from));
    from[3] = (struct bytes){NULL, 0};
    assert_refused(from, "split 4 of 4: the file ends at byte 0");
    from[3] = file_bytes(LLAMA); /* a model in one file */
    assert_refused(from, "split 4 of 4: this is one of several files of a model, but it has no split.no");
    free(from[3].at);
    from[3] = (struct bytes){malloc(splits[3].count), splits[3].count};
    memcpy(from[3].at, splits[3].at, splits[3].count);
    set_number(from[3], "split.count", 5);
    assert_refused(from, "split 4 of 4: this file belongs to a model of 5 splits and 20 tensors, the first one to a "
                         "model of 4 splits and 20 tensors");
    set_number(from[3], "split.count", 4);
    set_number(from[3], "split.tensors.count", 21);
    assert_refused(from, "split 4 of 4: this file belongs to a model of 4 splits and 21 tensors");
    memcpy(from[3].at, splits[1].at, from[3].count); /* duplicate tensors */
    set_number(from[3], "split.no", 3);
    assert_refused(from, "split 4 of 4: the splits have");
    free(from[3].at);
    from[3] = splits[3];
    from[2] = (struct bytes){malloc(splits[1].count), splits[1].count}; /* duplicate tensors, but the right number */
    memcpy(from[2].at, splits[1].at, splits[1].count);
    set_number(from[2], "split.no", 2);
    assert_refused(from, "split 3 of 4: tensors ");
    free(from[2].at);
}

static void test_truncated(void **state) {
    (void)state;
    struct bytes from[SPLITS];
    for (int split = 0; split < SPLITS; split++) {
        for (size_t count = 0; count < splits[split].count; count += count < 300 ? 1 : 1009) {
            memcpy(from, splits, sizeof(from));
            from[split].count = count;
            assert_refused(from, split ? "of 4: the file ends at byte" : "the file ends at byte");
        }
    }
}

/* A changed byte in a head gives an error or a model, and all memory is given back. */
static void test_flipped(void **state) {
    (void)state;
    for (int split = 0; split < SPLITS; split++) {
        const size_t end = splits[split].count < 1200 ? splits[split].count : 1200;
        for (size_t i = 8; i < end; i++) {
            splits[split].at[i] ^= 0x41;
            qn_model *model;
            if (load_splits(&model, splits, SIZE_MAX) == QN_OK) {
                qn_session *session = qn_session_new(model, 2, 2);
                const int32_t id = 1;
                if (session && qn_session_feed(session, &id, 1, QN_LOGITS_LAST) == QN_OK) {
                    const int32_t status = qn_session_step(session);
                    assert_true(status == QN_OK || status == QN_ERR_NOT_FINITE);
                }
                qn_session_free(session);
            }
            qn_model_free(model);
            splits[split].at[i] ^= 0x41;
            assert_int_equal(blocks.live, 0);
        }
    }
}

static void test_memory_refused(void **state) {
    (void)state;
    int status = QN_ERR_MEMORY;
    for (size_t granted = 0; status != QN_OK; granted++) {
        qn_model *model;
        refuse_blocks_after(granted);
        status = load_splits(&model, splits, SIZE_MAX);
        blocks.refuse_all = 0;
        assert_true(status == QN_OK || status == QN_ERR_MEMORY);
        qn_model_free(model);
        assert_int_equal(blocks.live, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_bits),  cmocka_unit_test(test_splits_that_do_not_belong),
        cmocka_unit_test(test_truncated),      cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_memory_refused),
    };
    return cmocka_run_group_tests_name("model_split", tests, setup, teardown);
}
