/* Every tiny model loads, and none of its tensors may have another name: what an architecture requires is in the file,
 * and what is in the file is used. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glob.h>

#include <cmocka.h>

#include "engine/model/model.h"
#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

/* The offset in the file of the name of a tensor. */
static size_t name_offset(const qn_model *model, const struct bytes *file, uint32_t tensor) {
    struct qn_tensor found;
    assert_int_equal(qn_model_tensor(model, tensor, &found), QN_OK);
    const char *name = (const char *)(uintptr_t)found.name_address;
    for (size_t i = 0; i + found.name_bytes + 4 <= file->count; i++) {
        if (file->at[i] == found.name_bytes && memcmp(file->at + i + 8, name, found.name_bytes) == 0) {
            return i + 8;
        }
    }
    fail_msg("no tensor %u", tensor);
    return 0;
}

static void check_model(const char *path) {
    struct bytes file = file_bytes(path);
    qn_model *model = NULL;
    if (load(&model, file, file.count, file.count, SIZE_MAX) != QN_OK) {
        fail_msg("%s: %s", path, qn_last_error()->text);
    }
    const uint32_t n_tensors = (uint32_t)model->gguf.n_tensors;
    const uint32_t chosen = n_tensors * 7 / 11; /* one is enough: the checks are the same for all */
    const size_t at = name_offset(model, &file, chosen);
    qn_model_free(model);
    file.at[at] ^= 1;
    const int32_t status = load(&model, file, file.count, file.count, SIZE_MAX);
    if (status != QN_ERR_FORMAT && status != QN_ERR_UNSUPPORTED) {
        fail_msg("%s: tensor %u has another name: status %d", path, chosen, status);
    }
    qn_model_free(model);
    free(file.at);
}

static void models(void **state) {
    (void)state;
    glob_t files;
    const size_t live = blocks.live;
    assert_int_equal(glob("tests/vectors/tiny-*.gguf", 0, NULL, &files), 0);
    assert_int_equal(glob("tests/vectors/embeddings/*.gguf", GLOB_APPEND, NULL, &files), 0);
    assert_true(files.gl_pathc > 50);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        check_model(files.gl_pathv[i]);
    }
    globfree(&files);
    assert_int_equal(blocks.live, live);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(models)};
    return cmocka_run_group_tests_name("model_models", tests, NULL, NULL);
}
