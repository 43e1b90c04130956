/* qn_model_sampling: what a file recommends, and files whose recommendations are invalid. */
#include "tests/engine/support/load.h"

static int32_t sampling_of(struct model_file *f, struct qn_sampling *sampling) {
    struct build b;
    file_write(f, &b);
    qn_model *model = load_whole(&b);
    const int32_t bits = qn_model_sampling(model, sampling);
    qn_model_free(model);
    build_free(&b);
    return bits;
}

static void assert_default(const struct qn_sampling *sampling) {
    struct qn_sampling expected;
    qn_sampling_default(&expected);
    assert_memory_equal(sampling, &expected, sizeof(expected));
}

static void files_without_keys_give_the_defaults(void **state) {
    (void)state;
    struct model_file f;
    struct qn_sampling sampling;
    file_make(&f, "llama");
    assert_int_equal(sampling_of(&f, &sampling), 0);
    assert_default(&sampling);
}

static void keys_replace_the_defaults(void **state) {
    (void)state;
    struct model_file f;
    struct qn_sampling sampling;
    file_make(&f, "llama");
    file_f32(&f, "general.sampling.temp", 0.25);
    file_f32(&f, "general.sampling.penalty_repeat", 1.5);
    file_u32(&f, "general.sampling.top_k", 20);
    assert_int_equal(sampling_of(&f, &sampling),
                     QN_SAMPLING_TEMPERATURE | QN_SAMPLING_REPEAT_PENALTY | QN_SAMPLING_TOP_K);
    assert_true(sampling.temperature == 0.25f && sampling.repeat_penalty == 1.5f && sampling.top_k == 20);
    assert_true(sampling.top_p == 0.95f && sampling.min_p == 0.05f && sampling.penalty_last_n == 64);
    file_f32(&f, "general.sampling.top_p", 1.0);
    file_f32(&f, "general.sampling.min_p", 0.0);
    file_u32(&f, "general.sampling.penalty_last_n", 0);
    file_u32(&f, "general.sampling.mirostat", 0); /* off */
    assert_int_equal(sampling_of(&f, &sampling), QN_SAMPLING_OTHER - 1);
    assert_true(sampling.top_p == 1.0f && sampling.min_p == 0.0f && sampling.penalty_last_n == 0);
}

static void what_is_not_supported_is_reported(void **state) {
    (void)state;
    struct model_file f;
    struct qn_sampling sampling;
    file_make(&f, "llama");
    file_u32(&f, "general.sampling.mirostat", 2);
    assert_int_equal(sampling_of(&f, &sampling), QN_SAMPLING_OTHER);
    file_make(&f, "llama");
    file_f32(&f, "general.sampling.xtc_probability", 0.5);
    assert_int_equal(sampling_of(&f, &sampling), QN_SAMPLING_OTHER);
    file_f32(&f, "general.sampling.xtc_probability", 0.0); /* off */
    assert_int_equal(sampling_of(&f, &sampling), 0);
    file_make(&f, "llama");
    file_text(&f, "general.sampling.sequence", "temperature");
    assert_int_equal(sampling_of(&f, &sampling), QN_SAMPLING_OTHER);
    assert_default(&sampling);
}

/* The error names the key; the file can be used nevertheless, with the defaults. */
static void assert_invalid(const char *key, double number, bool integer) {
    struct model_file f;
    struct qn_sampling sampling;
    file_make(&f, "llama");
    file_u32(&f, "general.sampling.top_k", 20);
    if (integer) {
        file_u32(&f, key, (uint32_t)number);
    } else {
        file_f32(&f, key, number);
    }
    assert_int_equal(sampling_of(&f, &sampling), QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, key));
    assert_default(&sampling);
}

static void invalid_values_are_refused(void **state) {
    (void)state;
    assert_invalid("general.sampling.temp", -0.5, false);
    assert_invalid("general.sampling.temp", (double)NAN, false);
    assert_invalid("general.sampling.temp", 1, true);
    assert_invalid("general.sampling.top_p", 1.5, false);
    assert_invalid("general.sampling.min_p", -0.1, false);
    assert_invalid("general.sampling.penalty_repeat", 0, false);
    assert_invalid("general.sampling.top_k", 20.5, false);
    assert_invalid("general.sampling.penalty_last_n", 4294967295.0, true);
    assert_invalid("general.sampling.mirostat", 1, false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_without_keys_give_the_defaults),
        cmocka_unit_test(keys_replace_the_defaults),
        cmocka_unit_test(what_is_not_supported_is_reported),
        cmocka_unit_test(invalid_values_are_refused),
    };
    return cmocka_run_group_tests_name("model_recommended", tests, NULL, NULL);
}
