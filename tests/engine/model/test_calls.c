/* Calls that describe or load a model, with arguments at their limits and past them, and without memory. */
#include "tests/engine/support/load.h"

#include "engine/model/model.h"

static void describing(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    struct qn_value value;
    struct qn_tensor tensor;
    struct qn_want need;
    file_make(&f, "llama");
    file_write(&f, &b);
    qn_model *model = qn_model_open(b.n);
    assert_int_equal(qn_model_metadata(model, 0, &value), QN_ERR_STATE);
    assert_int_equal(qn_model_tensor(model, 0, &tensor), QN_ERR_STATE);
    assert_int_equal(qn_model_need(model, 0, &need), QN_ERR_STATE);
    assert_int_equal(qn_model_wrote_at(model, 0, 0, 1), QN_ERR_STATE);
    assert_int_equal(write_wanted(model, &b, SIZE_MAX), QN_OK);
    assert_int_equal(qn_model_wrote_at(model, 0, b.n - 1, 1), QN_ERR_STATE);
    assert_int_equal(qn_model_metadata(model, (uint32_t)f.n_keys - 1, &value), QN_OK);
    assert_int_equal(qn_model_metadata(model, (uint32_t)f.n_keys, &value), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_tensor(model, (uint32_t)f.n_tensors - 1, &tensor), QN_OK);
    assert_int_equal(qn_model_tensor(model, (uint32_t)f.n_tensors, &tensor), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_need(model, (uint32_t)f.n_tensors - 1, &need), QN_OK);
    assert_int_equal(qn_model_need(model, (uint32_t)f.n_tensors, &need), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote(model, 1), QN_ERR_ARGUMENT); /* nothing is wanted */
    qn_model_free(model);
    build_free(&b);
}

static void after_a_failure(void **state) {
    (void)state;
    struct qn_value value;
    struct qn_tensor tensor;
    struct qn_want want;
    struct qn_plan plan;
    struct qn_sampling sampling;
    qn_model *model = qn_model_open(0);
    assert_int_equal(qn_model_want(model, &want), QN_MORE);
    memset((void *)(uintptr_t)want.address, 0, 24);
    assert_int_equal(qn_model_wrote(model, 24), QN_ERR_FORMAT);
    assert_null(strstr(qn_last_error()->text, "split")); /* the model has one file */
    assert_int_equal(qn_model_want(model, &want), QN_ERR_STATE);
    assert_int_equal(qn_model_wrote(model, 1), QN_ERR_STATE);
    assert_int_equal(qn_model_metadata(model, 0, &value), QN_ERR_STATE);
    assert_int_equal(qn_model_tensor(model, 0, &tensor), QN_ERR_STATE);
    assert_int_equal(qn_model_plan(model, 0, 0, &plan), QN_ERR_STATE);
    assert_int_equal(qn_model_sampling(model, &sampling), QN_ERR_STATE);
    assert_int_equal(qn_model_cache(model, QN_CACHE_F16), QN_ERR_STATE);
    assert_int_equal(qn_model_place(model), QN_ERR_STATE);
    qn_model_free(model);
    qn_model_free(NULL);
}

/* More bytes than are wanted, and bytes outside the tensors. */
static void writing(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    struct qn_want want;
    file_make(&f, "llama");
    file_write(&f, &b);
    qn_model *model = qn_model_open(b.n);
    assert_int_equal(qn_model_want(model, &want), QN_MORE);
    assert_int_equal(qn_model_wrote(model, want.bytes + 1), QN_ERR_ARGUMENT);
    assert_int_equal(want.bytes, b.n);
    memcpy((void *)(uintptr_t)want.address, b.at, b.n);
    assert_int_equal(qn_model_wrote(model, want.bytes), QN_OK);
    assert_int_equal(qn_model_place(model), QN_OK);
    const uint64_t begin = model->gguf.data_offset;
    const uint64_t end = begin + model->gguf.data_bytes;
    assert_int_equal(qn_model_wrote_at(model, 0, begin, end - begin), QN_OK);
    assert_int_equal(qn_model_wrote_at(model, 0, begin, end - begin + 1), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote_at(model, 0, begin - 1, 1), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote_at(model, 0, end, 0), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote_at(model, 0, end - 1, 1), QN_OK);
    assert_int_equal(qn_model_wrote_at(model, 0, end - 1, 2), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote_at(model, 0, end - 1, UINT64_MAX), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote_at(model, 1, begin, 1), QN_ERR_ARGUMENT);
    assert_int_equal(qn_model_wrote_at(model, 0, begin, 0), QN_OK); /* the file has already arrived */
    assert_int_equal(qn_model_place(model), QN_ERR_STATE);
    qn_model_free(model);
    build_free(&b);
}

/* A directory may have 1 GiB: until then, only memory limits it. */
static void large_directories(void **state) {
    (void)state;
    for (uint64_t more = 0; more <= 1; more++) {
        struct build b = {0};
        qn_model *model = qn_model_open(0);
        put_header(&b, 3, 0, 1);
        put_key(&b, "k", GGUF_STRING);
        put_u64(&b, (1u << 30) - (b.n + 8) + more);
        put_data(&b, 1, 256u << 10); /* the first bytes that are wanted */
        blocks_restart();
        blocks.limit = blocks.live_bytes + ((size_t)1 << 20);
        assert_int_equal(write_wanted(model, &b, SIZE_MAX), more ? QN_ERR_LIMIT : QN_ERR_MEMORY);
        assert_int_equal(qn_last_error()->code, more ? QN_ERR_LIMIT : QN_ERR_MEMORY);
        blocks.limit = 0;
        qn_model_free(model);
        build_free(&b);
    }
}

/* Tensors that take more than 4 GiB are refused by the host, or because a 32-bit module cannot address them. */
static void large_tensors(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    file_make(&f, "llama");
    file_tensor(&f, "token_embd.weight")->shape[1] = 1u << 24;
    file_add(&f, "output.weight", FILE_EMBD, 1u << 24);
    file_add(&f, "output.bias", 1u << 24, 0);
    file_write_directory(&f, &b);
    put_data(&b, 32, 256u << 10);
    qn_model *model = qn_model_open(0);
    assert_int_equal(write_wanted(model, &b, SIZE_MAX), QN_OK);
    blocks_restart();
    blocks.limit = blocks.live_bytes + ((size_t)64 << 20);
    assert_int_equal(qn_model_place(model), QN_ERR_MEMORY);
    blocks.limit = 0;
    qn_model_free(model);
    build_free(&b);
}

/* A file whose tables need blocks of their own, with one block refused: an error, and nothing else. */
static void memory_for_tables(void **state) {
    (void)state;
    struct build b = {0};
    struct model_file f;
    enum { TENSORS = 40000 };
    file_make(&f, "llama");
    file_u32(&f, "block_count", 512);
    put_header(&b, 3, TENSORS, f.n_keys);
    for (size_t i = 0; i < f.n_keys; i++) {
        put_file_key(&b, &f.keys[i]);
    }
    put_tensor(&b, "token_embd.weight", 2, (const uint64_t[]){FILE_EMBD, 1}, TYPE_F32, 0);
    for (size_t i = 1; i < TENSORS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%zu", i);
        put_tensor(&b, name, 1, (const uint64_t[]){0}, TYPE_F32, FILE_EMBD * sizeof(float));
    }
    put_data(&b, 32, FILE_EMBD * sizeof(float));
    int32_t status = QN_ERR_MEMORY;
    for (size_t call = 1; status == QN_ERR_MEMORY && call < 100; call++) {
        qn_model *model;
        blocks_restart();
        const size_t live = blocks.live;
        blocks.refuse = call;
        status = load_pieces(&model, &b, b.n, SIZE_MAX);
        assert_int_equal(qn_last_error()->code, status);
        qn_model_free(model);
        assert_int_equal(blocks.live, live);
    }
    blocks_restart();
    assert_int_equal(status, QN_ERR_FORMAT); /* there is no layer */
    build_free(&b);
}

static void refused_memory(void **state) {
    (void)state;
    qn_model *model = qn_model_open(0);
    blocks_restart();
    for (size_t call = 1; call <= 2; call++) {
        struct qn_value value;
        assert_int_equal(qn_model_metadata(model, 0, &value), QN_ERR_STATE); /* another error before */
        blocks.refuse = blocks.takes + 1;
        if (call == 1) {
            assert_null(qn_alloc(16));
        } else {
            assert_null(qn_model_open(0));
        }
        assert_int_equal(qn_last_error()->code, QN_ERR_MEMORY);
    }
    blocks_restart();
    qn_model_free(model);
    void *memory = qn_alloc(16);
    assert_non_null(memory);
    qn_free(memory);
}

static void caches(void **state) {
    (void)state;
    static const uint32_t dims[][2] = {{32, 32}, {8, 32}, {32, 8}, {8, 8}};
    for (size_t i = 0; i < sizeof(dims) / sizeof(dims[0]); i++) {
        struct model_file f;
        struct build b;
        file_make(&f, "llama");
        file_u32(&f, "attention.key_length", dims[i][0]);
        file_u32(&f, "attention.value_length", dims[i][1]);
        for (unsigned layer = 0; layer < FILE_LAYERS; layer++) {
            static const char *const names[] = {"attn_q", "attn_k", "attn_v"};
            static const uint32_t heads[] = {FILE_HEADS, FILE_HEADS_KV, FILE_HEADS_KV};
            char name[GGUF_MAX_NAME];
            for (int k = 0; k < 3; k++) {
                snprintf(name, sizeof(name), "blk.%u.%s.weight", layer, names[k]);
                file_tensor(&f, name)->shape[1] = heads[k] * dims[i][k == 2];
            }
            snprintf(name, sizeof(name), "blk.%u.attn_output.weight", layer);
            file_tensor(&f, name)->shape[0] = FILE_HEADS * dims[i][1];
        }
        file_write(&f, &b);
        qn_model *model = qn_model_open(0);
        assert_int_equal(qn_model_cache(model, QN_CACHE_F16), QN_ERR_STATE);
        assert_int_equal(write_wanted(model, &b, SIZE_MAX), QN_OK);
        assert_int_equal(qn_model_cache(model, QN_CACHE_F16), QN_OK);
        assert_int_equal(qn_model_cache(model, QN_CACHE_Q8_0), i == 0 ? QN_OK : QN_ERR_UNSUPPORTED);
        assert_int_equal(qn_model_cache(model, QN_CACHE_Q8_0 + 1), QN_ERR_ARGUMENT);
        qn_model_free(model);
        build_free(&b);
    }
}

/* The tables of residency with every amount of memory. */
static void residency(void **state) {
    (void)state;
    static const uint16_t phases[] = {1};
    struct gguf_tensor tensor = {.bytes = 4};
    const struct gguf gguf = {.tensors = &tensor, .n_tensors = 1};
    struct residency tables;
    struct qn_error error;
    int status = QN_ERR_MEMORY;
    for (size_t limit = 0; limit < 100000; limit += 8) {
        struct arena arena = {.limit = limit};
        memset(&tables, 0, sizeof(tables));
        status = residency_init(&tables, &gguf, phases, 512, &arena, &error);
        if (status == QN_OK) {
            assert_true(tables.tensors && tables.phase_end && tables.ranges);
            assert_int_equal(residency_add(&tables, 2, 2, &error), QN_OK);
            assert_int_equal(tables.n_ranges, 0);
        } else {
            assert_int_equal(status, QN_ERR_MEMORY);
        }
        arena_free(&arena);
    }
    assert_int_equal(status, QN_OK);
}

/* An encoder stays one if the file says that it is causal. */
static void encoders(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    file_make(&f, "gemma-embedding");
    file_bool(&f, "attention.causal", true);
    file_write(&f, &b);
    qn_model *model = load_whole(&b);
    assert_int_equal(qn_model_is_encoder(model), 1);
    qn_model_free(model);
    build_free(&b);
    model = qn_model_open(0);
    assert_int_equal(qn_model_is_encoder(model), 0);
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describing),        cmocka_unit_test(after_a_failure), cmocka_unit_test(writing),
        cmocka_unit_test(large_directories), cmocka_unit_test(large_tensors),   cmocka_unit_test(memory_for_tables),
        cmocka_unit_test(encoders),          cmocka_unit_test(refused_memory),  cmocka_unit_test(caches),
        cmocka_unit_test(residency),
    };
    return cmocka_run_group_tests_name("model_calls", tests, NULL, NULL);
}
