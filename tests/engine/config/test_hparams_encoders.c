/* Metadata of encoders: valid values are accepted, invalid ones are refused by name. */
#include "tests/engine/support/load.h"

/* The file loads as a bidirectional model and gives an embedding. */
static void assert_embeds(const struct model_file *f) {
    struct build b;
    file_write(f, &b);
    qn_model *model = load_whole(&b);
    const int32_t ids[] = {1, 2, 3};
    assert_int_equal(qn_model_is_encoder(model), 1);
    qn_session *session = qn_session_new(model, 3, 1);
    assert_int_equal(qn_session_embed(session, ids, 3, QN_POOLING_MEAN, 1), QN_OK);
    int32_t status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
    assert_int_equal(qn_session_rows(session), 1);
    qn_session_free(session);
    qn_model_free(model);
    build_free(&b);
}

static void encoders(void **state) {
    (void)state;
    struct model_file f;
    static const uint32_t windows[] = {0, 1, 2, 3, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        file_make(&f, "gemma-embedding");
        file_u32(&f, "attention.sliding_window", windows[i]);
        assert_embeds(&f);
    }
    file_make(&f, "llama");
    file_bool(&f, "attention.causal", true);
    assert_runs(&f);
    file_bool(&f, "attention.causal", false);
    assert_embeds(&f);
    file_u32(&f, "attention.causal", 0);
    assert_refused(&f, QN_ERR_FORMAT, "llama.attention.causal", "llama.attention.causal");
    file_make(&f, "llama");
    file_f32(&f, "pooling_type", 1);
    assert_refused(&f, QN_ERR_FORMAT, "llama.pooling_type", "llama.pooling_type");
    file_make(&f, "llama");
    file_add(&f, "dense_2.weight", FILE_EMBD, 7);
    assert_refused(&f, QN_ERR_UNSUPPORTED, "dense_2.weight", "dense_2.weight is not supported in");
}

static void dense_matrices(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "gemma-embedding");
    file_u32(&f, "dense_2_feat_out", 7);
    assert_embeds(&f);
    file_add(&f, "dense_3.weight", 7, FILE_EMBD);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "one of dense_2.weight and dense_3.weight");
    file_add(&f, "dense_2.weight", FILE_EMBD, 7);
    assert_embeds(&f);
    file_tensor(&f, "dense_3.weight")->shape[1]++;
    assert_refused(&f, QN_ERR_FORMAT, "dense_3.weight", "dense_3.weight is 7 x 33");
    file_tensor(&f, "dense_3.weight")->shape[1]--;
    file_u32(&f, "dense_2_feat_out", 8);
    assert_refused(&f, QN_ERR_FORMAT, "dense_2.weight", "dense_2.weight is 32 x 7");
    file_u32(&f, "dense_2_feat_out", (1u << 20) + 1);
    assert_refused(&f, QN_ERR_FORMAT, "gemma-embedding.dense_2_feat_out", "1 to 1048576");
    file_drop_key(&f, "dense_2_feat_out");
    assert_refused(&f, QN_ERR_FORMAT, "dense_2.weight", "dense_2.weight is 32 x 7");
}

/* The valid file as another architecture. */
static void make_modern_bert(struct model_file *f) {
    file_make(f, "llama");
    f->architecture = "modern-bert";
    for (size_t i = 0; i < f->n_keys; i++) {
        char name[96];
        if (strncmp(f->keys[i].name, "llama.", 6) == 0) {
            snprintf(name, sizeof(name), "modern-bert.%s", f->keys[i].name + 6);
            memcpy(f->keys[i].name, name, sizeof(name));
        }
    }
    file_text(f, "general.architecture", "modern-bert");
    file_u32(f, "attention.head_count_kv", FILE_HEADS);
    file_f32(f, "attention.layer_norm_epsilon", 1e-5);
    file_add(f, "token_embd_norm.weight", FILE_EMBD, 0);
    for (unsigned i = 0; i < FILE_LAYERS; i++) {
        static const char *const whole[] = {"attn_k", "attn_v"};
        char name[GGUF_MAX_NAME];
        for (size_t k = 0; k < 2; k++) {
            snprintf(name, sizeof(name), "blk.%u.%s.weight", i, whole[k]);
            file_tensor(f, name)->shape[1] = FILE_HEADS * FILE_DIM;
        }
        snprintf(name, sizeof(name), "blk.%u.ffn_gate.weight", i);
        file_drop_tensor(f, (size_t)(file_tensor(f, name) - f->tensors));
        snprintf(name, sizeof(name), "blk.%u.ffn_up.weight", i);
        file_tensor(f, name)->shape[1] = (uint64_t)2 * FILE_FF;
    }
}

static void modern_bert(void **state) {
    (void)state;
    static const char *const acts[] = {"gelu", "geglu", "silu", "swish", "swiglu"};
    struct model_file f;
    make_modern_bert(&f);
    assert_embeds(&f);
    for (size_t i = 0; i < 5; i++) {
        file_text(&f, "hidden_activation", acts[i]);
        assert_embeds(&f);
    }
    file_text(&f, "hidden_activation", "relu");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "modern-bert.hidden_activation", "\"relu\"");
    file_u32(&f, "hidden_activation", 1);
    assert_refused(&f, QN_ERR_FORMAT, "modern-bert.hidden_activation", "hidden_activation");
    make_modern_bert(&f);
    file_drop_tensor(&f, (size_t)(file_tensor(&f, "blk.0.attn_norm.weight") - f.tensors));
    assert_embeds(&f);
    file_drop_tensor(&f, (size_t)(file_tensor(&f, "blk.1.attn_norm.weight") - f.tensors));
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no tensor blk.1.attn_norm.weight");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoders),
        cmocka_unit_test(dense_matrices),
        cmocka_unit_test(modern_bert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
