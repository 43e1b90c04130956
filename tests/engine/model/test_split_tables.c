/* Numbers, sizes and tables of models in several files, of which only the directories are read. */
#include "tests/engine/support/load.h"

/* A key without the architecture's name before it. */
static struct file_key *number(struct model_file *f, const char *name, uint32_t value) {
    size_t i = 0;
    while (i < f->n_keys && strcmp(f->keys[i].name, name) != 0) {
        i++;
    }
    struct file_key *key = i < f->n_keys ? &f->keys[i] : file_key(f, "general.number");
    snprintf(key->name, sizeof(key->name), "%s", name);
    key->type = GGUF_U32;
    key->number = value;
    return key;
}

/* Gives the model the files of one split after another, whose sizes are unknown. */
static int32_t load_splits(qn_model *model, const struct build *files) {
    struct qn_want want;
    int32_t status;
    while ((status = qn_model_want(model, &want)) == QN_MORE) {
        const struct build *b = &files[want.split];
        const uint64_t left = want.offset < b->n ? b->n - want.offset : 0;
        const uint64_t bytes = want.bytes < left ? want.bytes : left;
        memcpy((void *)(uintptr_t)want.address, b->at + want.offset, (size_t)bytes);
        status = qn_model_wrote(model, bytes);
        if (status != QN_OK) {
            return status;
        }
    }
    return status;
}

/* A file with these numbers of the first of several files. */
static void make_first(struct model_file *f, uint32_t count, uint32_t n_tensors) {
    file_make(f, "llama");
    f->n_tensors = 0;
    number(f, "split.no", 0);
    number(f, "split.count", count);
    number(f, "split.tensors.count", n_tensors);
}

static void put_split(const struct model_file *f, struct build *b, uint64_t n_tensors) {
    *b = (struct build){0};
    put_header(b, 3, n_tensors, f->n_keys);
    for (size_t i = 0; i < f->n_keys; i++) {
        put_file_key(b, &f->keys[i]);
    }
}

/* All tensors of all splits have less than 2^62 bytes. */
static void sizes_of_splits(void **state) {
    (void)state;
    for (uint64_t more = 0; more <= 1; more++) {
        struct model_file f;
        struct build files[2];
        make_first(&f, 2, 1);
        put_split(&f, &files[0], 0);
        number(&f, "split.no", 1);
        put_split(&f, &files[1], 1);
        put_tensor(&files[1], "t", 1, (const uint64_t[]){INT64_MAX / 2 + more}, TYPE_I8, 0);
        qn_model *model = qn_model_open(0);
        assert_int_equal(load_splits(model, files), QN_ERR_FORMAT);
        const char *text = qn_last_error()->text;
        assert_non_null(strstr(text, more ? "the tensors of all splits exceed 2^62 bytes" : "token_embd.weight"));
        qn_model_free(model);
        build_free(&files[0]);
        build_free(&files[1]);
    }
}

static int32_t load_count(uint32_t type, uint32_t count) {
    struct model_file f;
    struct build b;
    make_first(&f, count, 0);
    number(&f, "split.no", 7);
    struct file_key *key = number(&f, "split.count", count);
    key->type = type;
    key->text = "2";
    put_split(&f, &b, 0);
    qn_model *model = qn_model_open(0);
    const int32_t status = load_splits(model, &b);
    qn_model_free(model);
    build_free(&b);
    return status;
}

static void numbers_of_splits(void **state) {
    (void)state;
    assert_int_equal(load_count(GGUF_U32, UINT16_MAX), QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, "this is split 8 of 65535"));
    assert_int_equal(load_count(GGUF_U32, UINT16_MAX + 1), QN_ERR_LIMIT);
    assert_int_equal(load_count(GGUF_STRING, 0), QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, "split.count"));
}

/* Many files with many tensors need blocks of their own for their tables. One is refused: an error, and nothing else.
 */
static void memory_for_splits(void **state) {
    (void)state;
    enum { TENSORS = 20000 };
    struct model_file f;
    struct build files[2];
    make_first(&f, 2, TENSORS);
    put_split(&f, &files[0], 0);
    number(&f, "split.no", 1);
    put_split(&f, &files[1], TENSORS);
    for (size_t i = 0; i < TENSORS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%zu", i);
        put_tensor(&files[1], name, 1, (const uint64_t[]){0}, TYPE_F32, 0);
    }
    int32_t status = QN_ERR_MEMORY;
    for (size_t call = 1; status == QN_ERR_MEMORY && call < 100; call++) {
        blocks_restart();
        const size_t live = blocks.live;
        blocks.refuse = call;
        qn_model *model = qn_model_open(0);
        status = model ? load_splits(model, files) : qn_last_error()->code;
        assert_int_equal(qn_last_error()->code, status);
        qn_model_free(model);
        assert_int_equal(blocks.live, live);
    }
    blocks_restart();
    assert_int_equal(status, QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, "token_embd.weight"));
    build_free(&files[0]);
    build_free(&files[1]);
}

/* The record of 65535 files. */
static void memory_for_many_splits(void **state) {
    (void)state;
    blocks_restart();
    blocks.limit = blocks.live_bytes + ((size_t)1 << 20);
    assert_int_equal(load_count(GGUF_U32, UINT16_MAX), QN_ERR_MEMORY);
    blocks.limit = 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_splits),
        cmocka_unit_test(numbers_of_splits),
        cmocka_unit_test(memory_for_splits),
        cmocka_unit_test(memory_for_many_splits),
    };
    return cmocka_run_group_tests_name("model_split_tables", tests, NULL, NULL);
}
