/* Loads a file built in memory as a host does, in pieces of any size, and asserts that it runs or is refused. */
#ifndef TESTS_ENGINE_LOAD_H
#define TESTS_ENGINE_LOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/state/session_state.h"
#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/model_file.h"
#include "tests/gguf/build.h"

/* Writes the wanted bytes, at most `piece` at a time, until no more are wanted or the file ends. */
static inline int32_t write_wanted(qn_model *model, const struct build *b, size_t piece) {
    struct qn_want want;
    int32_t status;
    while ((status = qn_model_want(model, &want)) == QN_MORE) {
        assert_true(want.bytes > 0 && want.address != 0);
        const uint64_t left = want.offset < b->n ? b->n - want.offset : 0;
        uint64_t bytes = want.bytes < left ? want.bytes : left;
        bytes = bytes < piece ? bytes : piece;
        if (bytes) {
            memcpy((void *)(uintptr_t)want.address, b->at + want.offset, (size_t)bytes);
        }
        status = qn_model_wrote(model, bytes);
        if (status != QN_OK) {
            return status;
        }
    }
    return status;
}

/* QN_OK or an error. The caller frees *model in both cases (it may be NULL). */
static inline int32_t load_pieces(qn_model **model, const struct build *b, uint64_t file_bytes, size_t piece) {
    *model = qn_model_open(file_bytes);
    if (*model == NULL) {
        return qn_last_error()->code;
    }
    int32_t status = write_wanted(*model, b, piece);
    if (status == QN_OK) {
        status = qn_model_place(*model);
    }
    return status == QN_OK ? write_wanted(*model, b, piece) : status;
}

/* Asserts that the model loads. */
static inline qn_model *load_whole(const struct build *b) {
    qn_model *model;
    if (load_pieces(&model, b, b->n, SIZE_MAX) != QN_OK) {
        fail_msg("%s", qn_last_error()->text);
    }
    return model;
}

static inline void read_file(const char *path, struct build *b) {
    uint8_t bytes[4096];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s is not there", path);
    }
    *b = (struct build){0};
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), file)) > 0;) {
        put_bytes(b, bytes, n);
    }
    fclose(file);
}

/* The offset of the directory entry that begins with `name` (its length precedes it). */
static inline uint64_t offset_in(const struct build *b, const char *name) {
    struct build text = {0};
    put_text(&text, name);
    for (size_t i = 0; i + text.n <= b->n; i++) {
        if (memcmp(b->at + i, text.at, text.n) == 0) {
            build_free(&text);
            return i;
        }
    }
    fail_msg("the test's file has no %s", name);
    return 0;
}

/* The file is refused with this code and a text that contains all of `words` (a NULL ends the list), at the entry `at`
 * (a key or a tensor; NULL: no offset), and all memory is given back. */
static inline void assert_refused_words(const struct model_file *f, int code, const char *at,
                                        const char *const *words) {
    struct build b;
    qn_model *model;
    file_write(f, &b);
    blocks_restart();
    const size_t live = blocks.live;
    const int32_t status = load_pieces(&model, &b, b.n, SIZE_MAX);
    const struct qn_error *error = qn_last_error();
    uint64_t offset = QN_NO_OFFSET;
    if (at) {
        const uint64_t entry = offset_in(&b, at);
        offset = entry <= error->offset && error->offset <= entry + 8 + strlen(at) + 4 ? error->offset : entry;
    }
    bool said = true;
    for (; *words; words++) {
        said = said && strstr(error->text, *words);
    }
    if (status != code || error->code != code || error->offset != offset || !said ||
        error->text_bytes != strlen(error->text)) {
        fail_msg("status %d, error %d at %lld: %s", status, error->code, (long long)error->offset, error->text);
    }
    struct qn_want want;
    assert_int_equal(qn_model_want(model, &want), QN_ERR_STATE);
    qn_model_free(model);
    assert_int_equal(blocks.live, live);
    build_free(&b);
}
#define assert_refused(f, code, at, ...)                                                                               \
    assert_refused_words((f), (code), (at), (const char *const[]){__VA_ARGS__, NULL})

/* The file loads, and a token can be computed. */
static inline void assert_runs(const struct model_file *f) {
    struct build b;
    file_write(f, &b);
    qn_model *model = load_whole(&b);
    qn_session *session = qn_session_new(model, 0, 0);
    assert_non_null(session);
    const int32_t id = 1;
    assert_int_equal(qn_session_feed(session, &id, 1, QN_LOGITS_LAST), QN_OK);
    assert_int_equal(qn_session_step(session), QN_OK);
    assert_true(isfinite(qn_session_logits(session, 0)[0]));
    qn_session_free(session);
    qn_model_free(model);
    build_free(&b);
}

#endif
