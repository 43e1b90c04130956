/* Invalid hyperparameters are refused with the name and offset of their key; valid ones are accepted. */
#include "tests/engine/support/load.h"

/* A valid file with one number changed is refused with a text that contains `word`. */
static void refuse_u32(const char *suffix, uint32_t value, const char *word) {
    struct model_file f;
    char name[96];
    file_make(&f, "llama");
    file_u32(&f, suffix, value);
    file_name(&f, suffix, name);
    assert_refused(&f, QN_ERR_FORMAT, name, name, word);
}

static void refuse_f32(const char *suffix, double value) {
    struct model_file f;
    char name[96];
    file_make(&f, "llama");
    file_f32(&f, suffix, value);
    file_name(&f, suffix, name);
    assert_refused(&f, QN_ERR_FORMAT, name, name, "positive finite");
}

static void refuse_missing(const char *suffix) {
    struct model_file f;
    char name[96];
    file_make(&f, "llama");
    file_drop_key(&f, suffix);
    file_name(&f, suffix, name);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the metadata has no", name);
}

static void valid_files_run(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "llama");
    assert_runs(&f);
    file_add_vocabulary(&f, FILE_VOCAB);
    assert_runs(&f);
    file_make(&f, "gemma3");
    assert_runs(&f);
}

static void files_without_a_language_model(void **state) {
    (void)state;
    static const char *const files[][3] = {
        {"general.type", "adapter", "LoRA"},
        {"general.type", "mmproj", "image or audio encoder"},
        {"general.architecture", "clip", "image or audio encoder"},
        {"general.type", "imatrix", "importance matrix"},
        {"general.architecture", "imatrix", "importance matrix"},
        {"general.architecture", "controlvector", "control vector"},
    };
    struct model_file f;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        file_make(&f, "llama");
        file_text(&f, files[i][0], files[i][1]);
        assert_refused(&f, QN_ERR_UNSUPPORTED, files[i][0], "no language model", files[i][2]);
    }
    file_make(&f, "llama");
    file_text(&f, "general.type", "model");
    assert_runs(&f);
}

static void architectures(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "llama");
    file_drop_key(&f, "general.architecture");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no general.architecture");
    file_make(&f, "llama");
    file_u32(&f, "general.architecture", 1);
    assert_refused(&f, QN_ERR_FORMAT, "general.architecture", "no general.architecture");
    static const char *const others[] = {"t5", "llam", "llama4", "", "Llama", "\xff\n"};
    static const char *const shown[] = {"\"t5\"", "\"llam\"", "\"llama4\"", "\"\"", "\"Llama\"", "\"\\xff\\x0a\""};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        file_make(&f, "llama");
        file_text(&f, "general.architecture", others[i]);
        assert_refused(&f, QN_ERR_UNSUPPORTED, "general.architecture", shown[i], "these are: bert bitnet ");
    }
    file_make(&f, "llama");
    file_text(&f, "general.architecture", "a name that goes on and on and on and on");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "general.architecture", "\"a name that goes on and on and o\"",
                   " starcoder2");
}

static void sizes(void **state) {
    (void)state;
    refuse_u32("block_count", 0, "1 to 512");
    refuse_u32("block_count", 513, "1 to 512");
    refuse_u32("context_length", 0, "1 to 16777216");
    refuse_u32("context_length", (1u << 24) + 1, "1 to 16777216");
    refuse_u32("embedding_length", 0, "1 to 1048576");
    refuse_u32("embedding_length", (1u << 20) + 1, "1 to 1048576");
    refuse_u32("feed_forward_length", 0, "1 to 1048576");
    refuse_u32("feed_forward_length", UINT32_MAX, "1 to 1048576");
    refuse_u32("attention.head_count", 0, "1 to 4096");
    refuse_u32("attention.head_count", 4097, "1 to 4096");
    refuse_u32("attention.head_count_kv", 0, "1 to 4096");
    refuse_u32("attention.key_length", 0, "1 to 1048576");
    refuse_u32("attention.value_length", 0, "1 to 1048576");
    refuse_u32("rope.dimension_count", 0, "2 to 8");
    refuse_u32("rope.dimension_count", 10, "2 to 8");
}

static void numbers(void **state) {
    (void)state;
    static const double wrong[] = {-1.0, NAN, INFINITY, 1e38, 1e30, 0.0};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        refuse_f32("attention.layer_norm_rms_epsilon", wrong[i]);
        refuse_f32("rope.freq_base", wrong[i]);
        if (wrong[i] == 0.0) {
            break; /* for the other keys, 0 means absent */
        }
        refuse_f32("rope.scaling.factor", wrong[i]);
        refuse_f32("rope.scale_linear", wrong[i]);
    }
}

static void missing_keys(void **state) {
    (void)state;
    static const char *const keys[] = {"block_count",          "context_length",
                                       "embedding_length",     "feed_forward_length",
                                       "attention.head_count", "attention.layer_norm_rms_epsilon"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        refuse_missing(keys[i]);
    }
}

/* Every key with another type: refused by name. */
static void wrong_types(void **state) {
    (void)state;
    struct model_file sound;
    file_make(&sound, "gemma3");
    file_f32(&sound, "rope.freq_base", 1e4);
    file_f32(&sound, "rope.freq_base_swa", 1e4);
    file_f32(&sound, "rope.scaling.factor", 8);
    file_u32(&sound, "attention.sliding_window_pattern", 6);
    for (size_t i = 1; i < sound.n_keys; i++) {
        struct model_file f = sound;
        f.keys[i].type = GGUF_STRING;
        f.keys[i].text = "2";
        assert_refused(&f, QN_ERR_FORMAT, f.keys[i].name, f.keys[i].name, "string");
        f = sound;
        f.keys[i].type = sound.keys[i].type == GGUF_F32 ? GGUF_U32 : GGUF_F32;
        assert_refused(&f, QN_ERR_FORMAT, f.keys[i].name, f.keys[i].name);
        f = sound;
        f.keys[i].type = GGUF_I32;
        f.keys[i].number = -1;
        assert_refused(&f, QN_ERR_FORMAT, f.keys[i].name, f.keys[i].name);
    }
}

static void heads(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "llama");
    file_u32(&f, "attention.head_count_kv", 3);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "layer 0 has 4 heads over 3 KV heads");
    file_make(&f, "llama");
    file_u32(&f, "attention.head_count_kv", 8);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "4 heads over 8 KV heads");
    file_make(&f, "llama");
    file_u32(&f, "attention.key_length", 12);
    assert_refused(&f, QN_ERR_UNSUPPORTED, NULL, "12 (key) and 8 (value)");
    file_make(&f, "llama");
    file_u32(&f, "attention.value_length", 4);
    assert_refused(&f, QN_ERR_UNSUPPORTED, NULL, "8 (key) and 4 (value)");
    file_make(&f, "llama");
    file_u32(&f, "attention.key_length", 1u << 19);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "4 heads of 524288 dimensions");
    file_make(&f, "llama");
    file_u32(&f, "attention.value_length", 1u << 19);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "4 heads of 524288 dimensions");
    file_make(&f, "llama"); /* 32 / 64 dimensions per head are 0 */
    file_u32(&f, "attention.head_count", 64);
    file_drop_key(&f, "attention.key_length");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no llama.attention.key_length");
    file_make(&f, "llama"); /* by default: n_head KV heads, n_embd / n_head dimensions */
    file_drop_key(&f, "attention.head_count_kv");
    file_drop_key(&f, "attention.key_length");
    file_drop_key(&f, "attention.value_length");
    for (unsigned i = 0; i < FILE_LAYERS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "blk.%u.attn_k.weight", i);
        file_tensor(&f, name)->shape[1] = FILE_HEADS * FILE_DIM;
        snprintf(name, sizeof(name), "blk.%u.attn_v.weight", i);
        file_tensor(&f, name)->shape[1] = FILE_HEADS * FILE_DIM;
    }
    assert_runs(&f);
}

/* Arrays with one number for each layer. */
static void layer_arrays(void **state) {
    (void)state;
    static const uint32_t ff[] = {FILE_FF, 96, 7}, kv[] = {2, 4}, zero[] = {2, 0}, odd[] = {2, 3};
    struct model_file f;
    file_make(&f, "llama");
    file_array(&f, "feed_forward_length", GGUF_U32, 3, ff); /* more elements than layers */
    file_array(&f, "attention.head_count_kv", GGUF_I32, 2, kv);
    file_tensor(&f, "blk.1.ffn_gate.weight")->shape[1] = 96;
    file_tensor(&f, "blk.1.ffn_up.weight")->shape[1] = 96;
    file_tensor(&f, "blk.1.ffn_down.weight")->shape[0] = 96;
    file_tensor(&f, "blk.1.attn_k.weight")->shape[1] = 4 * FILE_DIM;
    file_tensor(&f, "blk.1.attn_v.weight")->shape[1] = 4 * FILE_DIM;
    assert_runs(&f);
    file_make(&f, "llama");
    file_array(&f, "feed_forward_length", GGUF_U32, 1, ff);
    assert_refused(&f, QN_ERR_FORMAT, "llama.feed_forward_length", "1 elements for 2 layers");
    file_make(&f, "llama");
    file_array(&f, "attention.head_count", GGUF_F32, 2, kv);
    assert_refused(&f, QN_ERR_FORMAT, "llama.attention.head_count", "array of f32");
    file_make(&f, "llama");
    file_array(&f, "attention.head_count_kv", GGUF_U32, 2, zero);
    assert_refused(&f, QN_ERR_FORMAT, "llama.attention.head_count_kv", "is 0 in layer 1");
    file_make(&f, "llama");
    file_array(&f, "attention.head_count_kv", GGUF_U32, 2, odd);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "layer 1 has 4 heads over 3 KV heads");
    file_make(&f, "llama");
    file_array(&f, "embedding_length", GGUF_U32, 2, ff);
    assert_refused(&f, QN_ERR_FORMAT, "llama.embedding_length", "llama.embedding_length");
}

static void rope(void **state) {
    (void)state;
    struct model_file f;
    static const char *const kinds[] = {"yarn2", "long", "", "linear2", "LINEAR"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        file_make(&f, "llama");
        file_text(&f, "rope.scaling.type", kinds[i]);
        assert_refused(&f, QN_ERR_UNSUPPORTED, "llama.rope.scaling.type", "llama.rope.scaling.type", kinds[i]);
    }
    file_make(&f, "llama");
    file_u32(&f, "rope.scaling.type", 1);
    assert_refused(&f, QN_ERR_FORMAT, "llama.rope.scaling.type", "llama.rope.scaling.type");
    file_make(&f, "llama");
    file_text(&f, "rope.scaling.type", "none");
    assert_runs(&f);
    file_text(&f, "rope.scaling.type", "linear");
    file_f32(&f, "rope.scaling.factor", 8);
    assert_runs(&f);
    file_text(&f, "rope.scaling.type", "yarn");
    assert_runs(&f);
    file_text(&f, "rope.scaling.type", "longrope");
    assert_runs(&f);
    file_make(&f, "llama"); /* llama rotates whole heads; gemma3 may rotate a part */
    file_u32(&f, "rope.dimension_count", 6);
    assert_refused(&f, QN_ERR_FORMAT, "llama.rope.dimension_count", "rope over 6 dimensions of heads of 8");
    file_make(&f, "gemma3");
    file_u32(&f, "rope.dimension_count", 6);
    assert_runs(&f);
    file_u32(&f, "rope.dimension_count", 7);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3.rope.dimension_count", "rope over 7 dimensions of heads of 8");
}

static void yarn(void **state) {
    (void)state;
    static const char *const keys[] = {"rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow",
                                       "rope.scaling.yarn_log_multiplier", "rope.scaling.attn_factor"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct model_file f;
        char name[96];
        file_make(&f, "llama");
        file_text(&f, "rope.scaling.type", "yarn");
        file_f32(&f, "rope.scaling.factor", 4);
        file_f32(&f, keys[i], 1);
        assert_runs(&f);
        file_f32(&f, keys[i], -1);
        file_name(&f, keys[i], name);
        assert_refused(&f, QN_ERR_FORMAT, name, name, "positive finite");
    }
    refuse_u32("rope.scaling.original_context_length", 0, "1 to 16777216");
}

static void sections(void **state) {
    (void)state;
    static const uint32_t fine[] = {1, 1, 1, 1}, none[] = {0, 0, 0, 0}, wide[] = {3, 3, 3, 0};
    static const uint32_t huge[] = {UINT32_MAX, 1, 1, 0}, five[] = {1, 1, 1, 1, 1};
    static const char name[] = "qwen2vl.rope.dimension_sections";
    struct model_file f;
    file_make(&f, "qwen2vl");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the metadata has no", name);
    file_u32(&f, "rope.dimension_sections", 4);
    assert_refused(&f, QN_ERR_FORMAT, name, name);
    file_array(&f, "rope.dimension_sections", GGUF_F32, 4, fine);
    assert_refused(&f, QN_ERR_FORMAT, name, name);
    file_array(&f, "rope.dimension_sections", GGUF_U32, 2, fine);
    assert_refused(&f, QN_ERR_FORMAT, name, name);
    file_array(&f, "rope.dimension_sections", GGUF_U32, 5, five);
    assert_refused(&f, QN_ERR_FORMAT, name, "must hold three or four integers");
    const uint32_t *const wrong[] = {none, wide, huge};
    for (size_t i = 0; i < 3; i++) {
        file_array(&f, "rope.dimension_sections", GGUF_I32, 4, wrong[i]);
        assert_refused(&f, QN_ERR_FORMAT, name, name, "whose sum is 1 to 8");
    }
    file_array(&f, "rope.dimension_sections", GGUF_I32, 4, fine);
    assert_runs(&f);
    file_array(&f, "rope.dimension_sections", GGUF_U32, 3, fine);
    assert_runs(&f);
}

static void scales(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "granite");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the metadata has no granite.logit_scale");
    file_f32(&f, "logit_scale", 8);
    assert_runs(&f);
    static const char *const keys[] = {"logit_scale", "embedding_scale", "residual_scale", "attention.scale"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct model_file wrong = f;
        char name[96];
        file_f32(&wrong, keys[i], INFINITY);
        file_name(&wrong, keys[i], name);
        assert_refused(&wrong, QN_ERR_FORMAT, name, name, "positive finite");
    }
    file_u32(&f, "rope.scaling.finetuned", 1);
    assert_refused(&f, QN_ERR_FORMAT, "granite.rope.scaling.finetuned", "granite.rope.scaling.finetuned");
}

/* The largest Gemma 3, which has 62 layers, scales attention by n_embd / n_head instead of head_dim. */
static void scale_by_embedding_width(void **state) {
    (void)state;
    for (uint32_t layers = 61; layers <= 62; layers++) {
        struct model_file f;
        struct build b;
        qn_model *model;
        file_make(&f, "gemma3");
        file_u32(&f, "block_count", layers);
        file_u32(&f, "attention.key_length", 16);
        file_write(&f, &b);
        assert_int_equal(load_pieces(&model, &b, b.n, SIZE_MAX), QN_ERR_FORMAT); /* the tensors are missing */
        const float width = layers == 62 ? (float)(FILE_EMBD / FILE_HEADS) : 16.0f;
        assert_true(model->hparams.attention_scale == 1.0f / sqrtf(width));
        qn_model_free(model);
        build_free(&b);
    }
}

static void learned_positions(void **state) {
    (void)state;
    struct build b;
    read_file("tests/vectors/tiny-gpt2-f32.gguf", &b);
    qn_model *model = load_whole(&b);
    assert_null(qn_session_new(model, 257, 0));
    assert_int_equal(qn_last_error()->code, QN_ERR_ARGUMENT);
    assert_non_null(strstr(qn_last_error()->text, "has learned 256 positions"));
    qn_session *session = qn_session_new(model, 256, 0);
    assert_non_null(session);
    qn_session_free(session);
    qn_model_free(model);
    build_free(&b);
}

static void windows(void **state) {
    (void)state;
    static const uint32_t bools[] = {1, 0};
    struct model_file f;
    file_make(&f, "gemma3");
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, 2, bools);
    assert_runs(&f);
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, 1, bools);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3.attention.sliding_window_pattern", "a bool or number for each layer");
    file_array(&f, "attention.sliding_window_pattern", GGUF_U32, 2, bools);
    assert_runs(&f);
    file_array(&f, "attention.sliding_window_pattern", GGUF_F32, 2, bools);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3.attention.sliding_window_pattern", "a bool or number for each layer");
    static const uint32_t patterns[] = {0, 1, 2, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        file_make(&f, "gemma3");
        file_u32(&f, "attention.sliding_window_pattern", patterns[i]);
        file_u32(&f, "attention.sliding_window", i % 2 ? UINT32_MAX : 1);
        assert_runs(&f);
    }
    file_drop_key(&f, "attention.sliding_window"); /* without a window, every layer sees all positions */
    assert_runs(&f);
}

static void vocabularies(void **state) {
    (void)state;
    struct model_file f;
    for (int more = -1; more <= 1; more += 2) {
        char tokens[32];
        file_make(&f, "llama");
        file_add_vocabulary(&f, (size_t)(FILE_VOCAB + more));
        snprintf(tokens, sizeof(tokens), "has %d tokens", FILE_VOCAB + more);
        assert_refused(&f, QN_ERR_FORMAT, NULL, tokens, "token_embd.weight 40 rows");
    }
    file_make(&f, "llama");
    file_add_vocabulary(&f, FILE_VOCAB);
    file_u32(&f, "tokenizer.ggml.eos_token_id", FILE_VOCAB - 1);
    assert_runs(&f);
    file_u32(&f, "tokenizer.ggml.eos_token_id", FILE_VOCAB);
    assert_refused(&f, QN_ERR_FORMAT, "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eos_token_id");
    file_make(&f, "llama");
    file_text(&f, "tokenizer.ggml.model", "no_vocab");
    assert_runs(&f);
    file_text(&f, "tokenizer.ggml.model", "test"); /* as llama.cpp's tests write it */
    assert_runs(&f);
    file_text(&f, "tokenizer.ggml.model", "no such kind");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "tokenizer.ggml.model", "no such kind");
}

static void alignment(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "llama");
    file_u32(&f, "general.alignment", 32);
    assert_runs(&f);
    file_u32(&f, "general.alignment", 4);
    assert_runs(&f);
    /* Alignments of 1 and 2 are valid in GGUF, but the engine needs 4. With these tensor sizes, the offsets stay valid.
     */
    for (uint32_t i = 1; i <= 2; i++) {
        file_u32(&f, "general.alignment", i);
        assert_refused(&f, QN_ERR_UNSUPPORTED, NULL, "general.alignment is", "aligned to at least 4 bytes");
    }
}

/* The properties of a model whose directory has not arrived. */
static void before_the_directory(void **state) {
    (void)state;
    qn_model *model = qn_model_open(0);
    assert_non_null(model);
    assert_int_equal(qn_model_is_encoder(model), 0);
    assert_int_equal(qn_model_is_recurrent(model), 0);
    assert_int_equal(qn_model_vocab_size(model), 0);
    qn_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_files_run),
        cmocka_unit_test(architectures),
        cmocka_unit_test(files_without_a_language_model),
        cmocka_unit_test(sizes),
        cmocka_unit_test(numbers),
        cmocka_unit_test(missing_keys),
        cmocka_unit_test(wrong_types),
        cmocka_unit_test(heads),
        cmocka_unit_test(layer_arrays),
        cmocka_unit_test(rope),
        cmocka_unit_test(yarn),
        cmocka_unit_test(sections),
        cmocka_unit_test(scales),
        cmocka_unit_test(scale_by_embedding_width),
        cmocka_unit_test(learned_positions),
        cmocka_unit_test(windows),
        cmocka_unit_test(vocabularies),
        cmocka_unit_test(alignment),
        cmocka_unit_test(before_the_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
