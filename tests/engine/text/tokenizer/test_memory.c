/* Refused memory causes an error, wherever it happens. */
#include "tests/engine/text/tokenizer/vocabulary_builder.h"

static void put_vocabulary(struct file *f, const char *model) {
    static const char *const tokens[] = {"<unk>", "<s>", "</s>", "<|im_end|>", "<b>", "a", "b", "c", "ab", "abc"};
    static const int32_t types[] = {2, 3, 3, 1, 4, 1, 1, 1, 1, 1};
    *f = (struct file){0};
    file_text(f, KEY "model", model), file_text(f, KEY "pre", "deepseek-llm");
    file_texts(f, KEY "tokens", 10, tokens), file_i32s(f, KEY "token_type", 10, types);
    file_texts(f, KEY "merges", 2, (const char *const[]){"a b", "ab c"});
}

static void vocabularies(void **state) {
    (void)state;
    static const char *const models[] = {"llama", "gpt2", "gemma4"};
    for (size_t i = 0; i < 3; i++) {
        size_t refused = 0;
        for (size_t memory = 0; memory < 8192; memory += 16) {
            struct file f;
            struct loaded l;
            put_vocabulary(&f, models[i]);
            load_within(&l, &f, memory);
            if (l.vocabulary == NULL) {
                assert_int_equal(l.error.code, QN_ERR_MEMORY);
                refused++;
            }
            loaded_free(&l);
        }
        assert_true(refused > 10 && refused < 512);
    }
}

static void texts(void **state) {
    (void)state;
    static const char *const models[] = {"llama", "gpt2", "gemma4"};
    static const char text[] =
        "abc <b>abcabc</s>ab abcabcabcabc<|im_end|>c cab bcaabcbac \xff\xc3<b>abababcabbacbabcab";
    for (size_t i = 0; i < 3; i++) {
        struct file f;
        struct loaded l;
        int32_t whole[128];
        put_vocabulary(&f, models[i]);
        load(&l, &f);
        assert_non_null(l.vocabulary);
        const int64_t count = ids_of(&l, text, QN_PARSE_SPECIAL | QN_ADD_SPECIAL, whole, 128);
        assert_in_range(count, 20, 128);
        size_t refused = 0;
        for (size_t memory = 0; memory < 16384; memory += 16) {
            struct arena scratch = {.limit = memory};
            struct qn_error error = {0};
            int32_t ids[128];
            const int64_t n = vocabulary_tokenize(l.vocabulary, text, strlen(text), NULL,
                                                  QN_PARSE_SPECIAL | QN_ADD_SPECIAL, ids, 128, &scratch, &error);
            if (n < 0) {
                assert_int_equal(n, QN_ERR_MEMORY);
                assert_int_equal(error.code, QN_ERR_MEMORY);
                refused++;
            } else {
                assert_int_equal(n, count);
                assert_memory_equal(ids, whole, (size_t)n * sizeof(ids[0]));
            }
            assert_true(scratch.used <= memory);
            arena_free(&scratch);
        }
        assert_true(refused > 10 && refused < 1024);
        loaded_free(&l);
    }
}

/* The size alone causes the error. The text is not read. */
static void text_too_long(void **state) {
    (void)state;
    struct file f;
    struct loaded l;
    struct arena scratch = {.limit = MEMORY};
    struct qn_error error = {0};
    put_vocabulary(&f, "gpt2");
    load(&l, &f);
    const size_t sizes[] = {(size_t)1 << 28, INT32_MAX, SIZE_MAX / 3, SIZE_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(vocabulary_tokenize(l.vocabulary, "", sizes[i], NULL, 0, NULL, 0, &scratch, &error),
                         QN_ERR_LIMIT);
    }
    arena_free(&scratch);
    loaded_free(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vocabularies),
        cmocka_unit_test(texts),
        cmocka_unit_test(text_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
