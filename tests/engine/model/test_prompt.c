/* Which of a file's chat templates is used, errors of rendering, and the begin-of-text token. */
#include "tests/engine/support/load.h"

static qn_model *model_of(const struct model_file *f) {
    struct build b;
    file_write(f, &b);
    qn_model *model = load_whole(&b);
    build_free(&b);
    return model;
}

/* A model with a vocabulary. */
static void make(struct model_file *f) {
    file_make(f, "llama");
    file_add_vocabulary(f, FILE_VOCAB);
}

static qn_prompt *render(qn_model *model, const char *text, const char *context) {
    return qn_prompt_render(model, text, strlen(text), context, strlen(context));
}

/* The model's own template renders `expected`; NULL: an error of this code. */
static void assert_renders(const struct model_file *f, const char *context, const char *expected, int code) {
    qn_model *model = model_of(f);
    const size_t live = blocks.live;
    qn_prompt *prompt = render(model, "", context);
    if (expected) {
        char text[64];
        if (prompt == NULL) {
            fail_msg("%s", qn_last_error()->text);
        }
        assert_int_equal(qn_prompt_text(prompt, text, sizeof(text)), strlen(expected));
        assert_memory_equal(text, expected, strlen(expected));
    } else {
        assert_null(prompt);
        assert_int_equal(qn_last_error()->code, code);
        assert_int_equal(blocks.live, live);
    }
    qn_prompt_free(prompt);
    qn_model_free(model);
}

static void which_template(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    file_text(&f, "tokenizer.chat_templatf.x", "wrong"); /* the same length, another key */
    file_u32(&f, "tokenizer.chat_template.number", 7);   /* not a text */
    file_text(&f, "tokenizer.chat_template.first", "first");
    file_text(&f, "tokenizer.chat_template.second", "second");
    assert_renders(&f, "{}", "first", 0);
    file_text(&f, "tokenizer.chat_template.default", "default");
    assert_renders(&f, "{}", "default", 0);
    file_text(&f, "tokenizer.chat_template", "usual");
    assert_renders(&f, "{}", "usual", 0);
    file_text(&f, "tokenizer.chat_template.tool_use", "tools");
    assert_renders(&f, "{}", "usual", 0);
    assert_renders(&f, "{\"tools\":[{}]}", "tools", 0);
}

/* The name after the dot may be empty. */
static void a_template_without_a_name(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    file_text(&f, "tokenizer.chat_template.", "empty");
    assert_renders(&f, "{}", "empty", 0);
}

static void refused(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    file_u32(&f, "tokenizer.chat_template", 1);
    assert_renders(&f, "{}", NULL, QN_ERR_FORMAT);
    file_text(&f, "tokenizer.chat_template", "{{ 1 // 0 }}");
    assert_renders(&f, "{}", NULL, QN_ERR_TEMPLATE);
    file_text(&f, "tokenizer.chat_template", "x");
    assert_renders(&f, "{", NULL, QN_ERR_ARGUMENT);
}

/* The begin-of-text token is added unless trusted text starts with it. */
static void begin_of_text(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *context;
        int32_t count; /* of leading tokens 1 */
    } cases[] = {
        {"<s>", "{}", 1},
        {"t5", "{}", 1},
        {"t5 t6", "{}", 1},
        {"<s>{{ messages[0].content }}", "{\"messages\":[{\"role\":\"user\",\"content\":\"t7\"}]}", 1},
        {"{{ messages[0].content }}", "{\"messages\":[{\"role\":\"user\",\"content\":\"<s>\"}]}", 1},
    };
    struct model_file f;
    make(&f);
    file_bool(&f, "tokenizer.ggml.add_bos_token", true);
    file_u32(&f, "tokenizer.ggml.bos_token_id", 1);
    static const uint32_t types[FILE_VOCAB] = {2, 3, 3};
    uint32_t all[FILE_VOCAB];
    for (size_t i = 0; i < FILE_VOCAB; i++) {
        all[i] = types[i] ? types[i] : 1;
    }
    file_array(&f, "tokenizer.ggml.token_type", GGUF_I32, FILE_VOCAB, all);
    qn_model *model = model_of(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int32_t ids[32];
        qn_prompt *prompt = render(model, cases[i].text, cases[i].context);
        assert_non_null(prompt);
        const int64_t count = qn_prompt_tokens(model, prompt, ids, 32);
        assert_true(count >= cases[i].count && count < 32);
        int32_t found = 0;
        for (int64_t k = 0; k < count; k++) {
            found += ids[k] == 1;
        }
        assert_int_equal(ids[0], 1);
        assert_int_equal(found, cases[i].count); /* the user's text never becomes the token */
        qn_prompt_free(prompt);
    }
    qn_model_free(model);
}

/* A prompt that is shorter than the begin-of-text token does not start with it. */
static void a_short_prompt(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    int32_t ids[8];
    make(&f);
    file_bool(&f, "tokenizer.ggml.add_bos_token", true);
    file_u32(&f, "tokenizer.ggml.bos_token_id", 1);
    file_write(&f, &b);
    memcpy(b.at + offset_in(&b, "<s>") + 8, "t\0\0", 3);
    qn_model *model = load_whole(&b);
    qn_prompt *prompt = render(model, "t", "{}");
    assert_non_null(prompt);
    assert_true(qn_prompt_tokens(model, prompt, ids, 8) > 1);
    assert_int_equal(ids[0], 1);
    qn_prompt_free(prompt);
    qn_model_free(model);
    build_free(&b);
}

static void token_ids(void **state) {
    (void)state;
    struct model_file f;
    char text[16];
    make(&f);
    qn_model *model = model_of(&f);
    static const int32_t ids[] = {-1, 0, FILE_VOCAB - 1, FILE_VOCAB, INT32_MAX};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const bool valid = ids[i] >= 0 && ids[i] < FILE_VOCAB;
        struct qn_decoder decoder = {0};
        const int64_t status = qn_detokenize(model, &ids[i], 1, QN_SHOW_SPECIAL, text, sizeof(text));
        assert_true(valid ? status > 0 : status == QN_ERR_ARGUMENT);
        const int64_t piece = qn_piece(model, &decoder, ids[i], QN_SHOW_SPECIAL, text, sizeof(text));
        assert_true(valid || ids[i] < 0 ? piece >= 0 : piece == QN_ERR_ARGUMENT);
    }
    assert_int_equal(qn_token_is_end(model, 2), 1);
    assert_int_equal(qn_token_is_end(model, 5), 0);
    qn_model_free(model);
}

static void models_without_a_vocabulary(void **state) {
    (void)state;
    struct model_file f;
    int32_t id = 0;
    char text[8];
    file_make(&f, "llama");
    qn_model *model = model_of(&f);
    assert_int_equal(qn_token_is_end(model, 2), 0);
    assert_int_equal(qn_tokenize(model, "a", 1, 0, &id, 1), QN_ERR_STATE);
    assert_int_equal(qn_detokenize(model, &id, 1, 0, text, sizeof(text)), QN_ERR_STATE);
    qn_prompt *prompt = render(model, "a", "{}");
    assert_non_null(prompt);
    assert_int_equal(qn_prompt_tokens(model, prompt, &id, 1), QN_ERR_STATE);
    qn_prompt_free(prompt);
    qn_model_free(model);
}

/* Without a model, or with one that failed to load, there is only the caller's template. */
static void models_that_are_not_there(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    qn_model *model;
    make(&f);
    file_text(&f, "tokenizer.chat_template", "x");
    file_u32(&f, "context_length", 0);
    file_write(&f, &b);
    assert_int_equal(load_pieces(&model, &b, b.n, SIZE_MAX), QN_ERR_FORMAT);
    for (int i = 0; i < 2; i++) {
        assert_null(render(i ? model : NULL, "", "{}"));
        assert_int_equal(qn_last_error()->code, QN_ERR_TEMPLATE);
        qn_prompt *prompt = render(i ? model : NULL, "y", "{}");
        assert_non_null(prompt);
        qn_prompt_free(prompt);
    }
    blocks_restart();
    blocks.refuse = 1;
    assert_null(render(NULL, "y", "{}"));
    assert_int_equal(qn_last_error()->code, QN_ERR_MEMORY);
    blocks_restart();
    qn_model_free(model);
    build_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_template),
        cmocka_unit_test(a_template_without_a_name),
        cmocka_unit_test(refused),
        cmocka_unit_test(begin_of_text),
        cmocka_unit_test(a_short_prompt),
        cmocka_unit_test(token_ids),
        cmocka_unit_test(models_without_a_vocabulary),
        cmocka_unit_test(models_that_are_not_there),
    };
    return cmocka_run_group_tests_name("model_prompt", tests, NULL, NULL);
}
