/* vocabulary_new with invalid metadata: every kind of error that readers of such files have missed. */
#include "tests/engine/text/tokenizer/vocabulary_builder.h"

#include <stdio.h>

#include "engine/text/tokenizer/string_table.h"

static const char *const three[] = {"<unk>", "a", "b"};

static void spm(struct file *f) {
    *f = (struct file){0};
    file_text(f, KEY "model", "llama");
    file_texts(f, KEY "tokens", 3, three);
}

static void bpe(struct file *f) {
    *f = (struct file){0};
    file_text(f, KEY "model", "gpt2");
    file_texts(f, KEY "tokens", 3, three);
    file_texts(f, KEY "merges", 1, (const char *const[]){"a b"});
}

static void rejects_unknown_models(void **state) {
    (void)state;
    struct file f = {0};
    assert_rejected(&f, QN_ERR_FORMAT, "no tokenizer.ggml.model");
    file_u32(&f, KEY "model", 1);
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.model is u32");
    file_text(&f, KEY "model", "bert\n");
    assert_rejected(&f, QN_ERR_UNSUPPORTED, "tokenizer.ggml.model is bert\\x0a;");
    static char longest[1026];
    memset(longest, 'x', 1025);
    file_text(&f, KEY "model", "bert"), file_texts(&f, KEY "tokens", 1, (const char *const[]){longest});
    assert_rejected(&f, QN_ERR_UNSUPPORTED, "1025 bytes");
    file_text(&f, KEY "model", "t5"), file_texts(&f, KEY "tokens", 3, three);
    file_text(&f, KEY "precompiled_charsmap", "abc");
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.precompiled_charsmap is string");
    file_text(&f, KEY "model", "t5"), file_texts(&f, KEY "tokens", 3, three);
    put_array(&f.body, KEY "precompiled_charsmap", GGUF_U8, 4), put_bytes(&f.body, "\0\0\0\0", 4), f.n_values++;
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.precompiled_charsmap has 4 bytes");
    file_text(&f, KEY "model", "t5"), file_texts(&f, KEY "tokens", 3, three);
    put_array(&f.body, KEY "precompiled_charsmap", GGUF_I8, 6), put_bytes(&f.body, "\2\0\0\0ab", 6), f.n_values++;
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.precompiled_charsmap has 6 bytes");
    file_text(&f, KEY "model", "gpt2"), file_text(&f, KEY "pre", "gpt-22");
    assert_rejected(&f, QN_ERR_UNSUPPORTED, "tokenizer.ggml.pre is gpt-22");
    file_text(&f, KEY "model", "gpt2"), file_bool(&f, KEY "pre", 1);
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.pre is bool");
}

static void rejects_arrays_of_other_types_and_lengths(void **state) {
    (void)state;
    struct file f = {0};
    file_text(&f, KEY "model", "llama");
    assert_rejected(&f, QN_ERR_FORMAT, "no tokenizer.ggml.tokens");
    file_text(&f, KEY "model", "llama"), file_texts(&f, KEY "tokens", 0, NULL);
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.tokens has 0 texts");
    file_text(&f, KEY "model", "llama"), file_text(&f, KEY "tokens", "a");
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.tokens is string");
    file_text(&f, KEY "model", "llama"), file_i32s(&f, KEY "tokens", 2, (const int32_t[]){1, 2});
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.tokens is an array of i32");
    spm(&f), file_f32s(&f, KEY "scores", 2, (const float[]){0, 1});
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.scores has 2 elements for 3 tokens");
    spm(&f), file_texts(&f, KEY "scores", 3, three);
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.scores is an array of string");
    spm(&f), file_u32(&f, KEY "scores", 3);
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.scores is u32");
    spm(&f), put_array(&f.body, KEY "scores", GGUF_U8, 3), put_bytes(&f.body, "123", 3), f.n_values++;
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.scores is an array of u8");
    spm(&f), file_i32s(&f, KEY "token_type", 2, (const int32_t[]){1, 1});
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.token_type has 2 elements for 3 tokens");
    spm(&f), file_f32s(&f, KEY "token_type", 3, (const float[]){1, 1, 1});
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.token_type is an array of f32");
    spm(&f), put_array(&f.body, KEY "token_type", GGUF_U8, 3), put_bytes(&f.body, "\1\1\1", 3), f.n_values++;
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.token_type is an array of u8");
    file_text(&f, KEY "model", "gpt2"), file_texts(&f, KEY "tokens", 3, three);
    assert_rejected(&f, QN_ERR_FORMAT, "no tokenizer.ggml.merges");
    file_text(&f, KEY "model", "gpt2"), file_texts(&f, KEY "tokens", 3, three), file_text(&f, KEY "merges", "a b");
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.merges is string");
    spm(&f), file_u32(&f, KEY "add_bos_token", 1);
    assert_rejected(&f, QN_ERR_FORMAT, "tokenizer.ggml.add_bos_token is u32");
}

static void assert_text(const struct loaded *l, int32_t id, const char *text) {
    char buffer[16];
    assert_int_equal(vocabulary_detokenize(l->vocabulary, &id, 1, QN_SHOW_SPECIAL, buffer, 16), strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
}

/* If several tokens have the same text, the first one is used to encode. All of them can be decoded. Google's Gemma 4
 * QAT files have three. */
static void accepts_duplicate_texts(void **state) {
    (void)state;
    static const struct {
        const char *model;
        const char *texts[7];
        const char *text;
        int32_t id;
    } cases[] = {
        {"llama", {"<unk>", "x", "xy", "", "xy", "y", "xy"}, "xy", 2},
        {"gpt2", {"x", "y", "z", "xy", "", "xy", "xy"}, "xy", 3},
        {"bert", {"[UNK]", "y", "x", "", "\xe2\x96\x81xy", "\xe2\x96\x81xy", "\xe2\x96\x81xy"}, "xy", 4},
        {"t5", {"<unk>", "x", "\xe2\x96\x81xy", "y", "\xe2\x96\x81xy", "", "\xe2\x96\x81xy"}, "xy", 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct file f = {0};
        struct loaded l;
        file_text(&f, KEY "model", cases[i].model);
        file_texts(&f, KEY "tokens", 7, cases[i].texts);
        file_texts(&f, KEY "merges", 1, (const char *const[]){"x y"});
        file_bool(&f, KEY "add_space_prefix", i == 3);
        file_u32(&f, KEY "unknown_token_id", 0);
        load(&l, &f);
        assert_non_null(l.vocabulary);
        ASSERT_IDS(&l, cases[i].text, 0, cases[i].id);
        for (int32_t id = 0; id < 7; id++) {
            if (strcmp(cases[i].texts[id], cases[i].texts[cases[i].id]) == 0) {
                const char *shown = i == 2 ? " xy" : "xy";
                assert_text(&l, id, shown);
            }
        }
        loaded_free(&l);
    }
}

static void rejects_ids_outside(void **state) {
    (void)state;
    static const char *const keys[] = {"bos_token_id",     "eos_token_id",     "eot_token_id",     "eom_token_id",
                                       "unknown_token_id", "fim_pre_token_id", "fim_suf_token_id", "fim_mid_token_id",
                                       "fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id", "prefix_token_id",
                                       "suffix_token_id",  "middle_token_id"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (unsigned j = 0; j < 3; j++) {
            static const uint32_t ids[] = {3, 0x80000000u, UINT32_MAX};
            struct file f;
            char key[64];
            char text[128];
            snprintf(key, sizeof(key), KEY "%s", keys[i]);
            snprintf(text, sizeof(text), "%s is %u, the vocabulary has 3 tokens", key, ids[j]);
            spm(&f), file_u32(&f, key, ids[j]);
            assert_rejected(&f, QN_ERR_FORMAT, text);
        }
    }
}

static void accepts_the_last_id(void **state) {
    (void)state;
    struct file f;
    struct loaded l;
    spm(&f), file_u32(&f, KEY "eos_token_id", 2), file_u32(&f, KEY "bos_token_id", 2);
    load(&l, &f);
    assert_non_null(l.vocabulary);
    assert_int_equal(vocabulary_eos(l.vocabulary), 2);
    assert_int_equal(vocabulary_bos(l.vocabulary), 2);
    assert_true(vocabulary_is_end(l.vocabulary, 2));
    loaded_free(&l);
}

/* The defaults are 1, 2 and 0 for SPM and 11 for BPE. */
static void drops_default_ids_outside(void **state) {
    (void)state;
    struct file f = {0};
    struct loaded l;
    bpe(&f), file_bool(&f, KEY "add_bos_token", 1), file_bool(&f, KEY "add_eos_token", 1);
    load(&l, &f);
    assert_non_null(l.vocabulary);
    assert_int_equal(vocabulary_bos(l.vocabulary), -1);
    assert_int_equal(vocabulary_eos(l.vocabulary), -1);
    assert_false(vocabulary_is_end(l.vocabulary, -1));
    ASSERT_IDS(&l, "a", QN_ADD_SPECIAL, 1);
    loaded_free(&l);
    file_text(&f, KEY "model", "llama"), file_texts(&f, KEY "tokens", 1, three);
    load(&l, &f);
    assert_non_null(l.vocabulary);
    assert_int_equal(vocabulary_bos(l.vocabulary), -1);
    assert_int_equal(vocabulary_eos(l.vocabulary), -1);
    ASSERT_IDS(&l, "a", QN_ADD_SPECIAL, 0, 0, 0, 0); /* the bytes of U+2581 and a are unknown */
    loaded_free(&l);
}

static void chatglm_has_no_default_bos(void **state) {
    (void)state;
    static const char *const tokens[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    struct file f = {0};
    struct loaded l;
    for (int chatglm = 0; chatglm < 2; chatglm++) {
        file_text(&f, KEY "model", "gpt2"), file_text(&f, KEY "pre", chatglm ? "chatglm-bpe" : "gpt-2");
        file_texts(&f, KEY "tokens", 12, tokens), file_texts(&f, KEY "merges", 0, NULL);
        load(&l, &f);
        assert_non_null(l.vocabulary);
        assert_int_equal(vocabulary_bos(l.vocabulary), chatglm ? -1 : 11);
        assert_int_equal(vocabulary_eos(l.vocabulary), 11);
        loaded_free(&l);
    }
}

static void rejects_malformed_byte_tokens(void **state) {
    (void)state;
    static const char *const texts[] = {"<0x-1>", "<0x1>", "<0x123>", "<0xG0>", "<0x0G>",
                                        "<0x1G>", "<0x41", "",        "<",      "<0x 1>"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct file f = {0};
        file_text(&f, KEY "model", "llama");
        file_texts(&f, KEY "tokens", 1, &texts[i]);
        file_i32s(&f, KEY "token_type", 1, (const int32_t[]){TOKEN_BYTE});
        assert_rejected(&f, QN_ERR_FORMAT, "token 0 is a byte, but its text is");
    }
}

static void accepts_bytes_in_either_case(void **state) {
    (void)state;
    struct file f = {0};
    struct loaded l;
    uint8_t byte = 0;
    file_text(&f, KEY "model", "llama");
    file_texts(&f, KEY "tokens", 2, (const char *const[]){"<0xaF>", "<0x00>"});
    file_i32s(&f, KEY "token_type", 2, (const int32_t[]){TOKEN_BYTE, TOKEN_BYTE});
    load(&l, &f);
    assert_non_null(l.vocabulary);
    assert_int_equal(vocabulary_bytes(l.vocabulary, 0, 0, &byte, 1), 1);
    assert_int_equal(byte, 0xaf);
    assert_int_equal(vocabulary_bytes(l.vocabulary, 1, 0, &byte, 1), 1);
    assert_int_equal(byte, 0);
    loaded_free(&l);
}

/* Tokens of unknown types are never shown. Scores may have any value. */
static void accepts_unknown_types_and_any_score(void **state) {
    (void)state;
    struct file f;
    struct loaded l;
    spm(&f), file_i32s(&f, KEY "token_type", 3, (const int32_t[]){-1, 7, INT32_MIN});
    file_f32s(&f, KEY "scores", 4, (const float[]){__builtin_nanf(""), __builtin_inff(), -__builtin_inff(), 0});
    load(&l, &f);
    assert_non_null(l.vocabulary);
    for (int32_t i = -1; i < 4; i++) {
        uint8_t bytes[8];
        assert_int_equal(vocabulary_bytes(l.vocabulary, i, QN_SHOW_SPECIAL, bytes, 8), 0);
    }
    assert_true(ids_of(&l, "ab<unk>aab", QN_PARSE_SPECIAL, NULL, 0) > 0);
    loaded_free(&l);
}

static void treats_zeros_of_either_sign_as_equal(void **state) {
    (void)state;
    struct file f = {0};
    struct loaded l;
    file_text(&f, KEY "model", "llama"), file_bool(&f, KEY "add_space_prefix", 0);
    file_texts(&f, KEY "tokens", 5, (const char *const[]){"a", "b", "c", "ab", "bc"});
    file_f32s(&f, KEY "scores", 5, (const float[]){-1, -1, -1, -0.0f, 0.0f});
    load(&l, &f);
    assert_non_null(l.vocabulary);
    ASSERT_IDS(&l, "abc", 0, 3, 2);
    loaded_free(&l);
}

static void ignores_malformed_merges(void **state) {
    (void)state;
    static const char *const merges[] = {"", " ", "  ", "a", "ab", " a", "a ", "a  b", "b a", "b a", "c d e", "a b"};
    static const char *const tokens[] = {"a", "b", "ab", "ba"};
    struct file f = {0};
    struct loaded l;
    file_text(&f, KEY "model", "gpt2"), file_text(&f, KEY "pre", "gpt-2");
    file_texts(&f, KEY "tokens", 4, tokens);
    file_texts(&f, KEY "merges", sizeof(merges) / sizeof(merges[0]), merges);
    load(&l, &f);
    assert_non_null(l.vocabulary);
    ASSERT_IDS(&l, "ab", 0, 2);
    ASSERT_IDS(&l, "aba", 0, 0, 3);  /* "b a" comes first */
    assert_ids(&l, "c", 0, 0, NULL); /* in no token: dropped */
    loaded_free(&l);
}

static void accepts_no_merges(void **state) {
    (void)state;
    struct file f = {0};
    struct loaded l;
    file_text(&f, KEY "model", "gpt2"), file_texts(&f, KEY "tokens", 3, three), file_texts(&f, KEY "merges", 0, NULL);
    load(&l, &f);
    assert_non_null(l.vocabulary);
    ASSERT_IDS(&l, "aab", 0, 1, 1, 2);
    loaded_free(&l);
}

static void never_finds_empty_texts(void **state) {
    (void)state;
    struct file f = {0};
    struct loaded l;
    uint8_t byte;
    file_text(&f, KEY "model", "llama"), file_bool(&f, KEY "add_space_prefix", 0);
    file_texts(&f, KEY "tokens", 5, (const char *const[]){"", "", "", "", "a"});
    file_i32s(&f, KEY "token_type", 5,
              (const int32_t[]){TOKEN_NORMAL, TOKEN_CONTROL, TOKEN_USER_DEFINED, TOKEN_UNKNOWN, TOKEN_NORMAL});
    load(&l, &f);
    assert_non_null(l.vocabulary);
    ASSERT_IDS(&l, "aa", QN_PARSE_SPECIAL, 4, 4);
    for (int32_t i = 0; i < 4; i++) {
        assert_int_equal(vocabulary_bytes(l.vocabulary, i, QN_SHOW_SPECIAL, &byte, 1), 0);
    }
    loaded_free(&l);
}

/* Texts with colliding hashes cause an error, not a load that takes hours. */
static void rejects_texts_chosen_to_collide(void **state) {
    (void)state;
    enum { COUNT = 2000 };
    static char texts[COUNT][12];
    static const char *pointers[COUNT];
    size_t n = 0;
    for (unsigned i = 0; n < COUNT; i++) {
        snprintf(texts[n], sizeof(texts[n]), "%u", i);
        pointers[n] = texts[n];
        n += text_hash((const uint8_t *)texts[n], strlen(texts[n])) < UINT32_MAX / 256;
    }
    struct file f = {0};
    file_text(&f, KEY "model", "llama"), file_texts(&f, KEY "tokens", COUNT, pointers);
    assert_rejected(&f, QN_ERR_LIMIT, "too many texts have colliding hashes");
    struct loaded l; /* fewer than INDEX_REACH are accepted */
    file_text(&f, KEY "model", "llama"), file_texts(&f, KEY "tokens", 900, pointers);
    file_bool(&f, KEY "add_space_prefix", 0);
    load(&l, &f);
    assert_non_null(l.vocabulary);
    loaded_free(&l);
}

static void reports_the_offset(void **state) {
    (void)state;
    struct file f;
    struct loaded l;
    spm(&f), file_u32(&f, KEY "eos_token_id", 9);
    load(&l, &f);
    assert_null(l.vocabulary);
    assert_int_equal(l.error.offset, gguf_find(&l.gguf, KEY "eos_token_id")->offset);
    loaded_free(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejects_unknown_models),
        cmocka_unit_test(rejects_arrays_of_other_types_and_lengths),
        cmocka_unit_test(accepts_duplicate_texts),
        cmocka_unit_test(rejects_ids_outside),
        cmocka_unit_test(accepts_the_last_id),
        cmocka_unit_test(drops_default_ids_outside),
        cmocka_unit_test(chatglm_has_no_default_bos),
        cmocka_unit_test(rejects_malformed_byte_tokens),
        cmocka_unit_test(accepts_bytes_in_either_case),
        cmocka_unit_test(accepts_unknown_types_and_any_score),
        cmocka_unit_test(treats_zeros_of_either_sign_as_equal),
        cmocka_unit_test(ignores_malformed_merges),
        cmocka_unit_test(accepts_no_merges),
        cmocka_unit_test(never_finds_empty_texts),
        cmocka_unit_test(rejects_texts_chosen_to_collide),
        cmocka_unit_test(reports_the_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
