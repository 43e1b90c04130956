/* Models of delta net layers with attention in some of them: invalid metadata is refused with the name and offset. */
#include "tests/engine/support/load.h"

enum { STATE = 4, RANK = 6, GROUPS = 2, TAPS = 3, INNER = RANK * STATE, CHANNELS = INNER + 2 * GROUPS * STATE };

static void rename_tensor(struct model_file *f, const char *name, const char *other) {
    struct file_tensor *tensor = file_tensor(f, name);
    snprintf(tensor->name, sizeof(tensor->name), "%s", other);
}

static void drop_tensor(struct model_file *f, const char *name) {
    file_drop_tensor(f, (size_t)(file_tensor(f, name) - f->tensors));
}

/* Two layers, of which the second has attention. */
static void make(struct model_file *f) {
    static const uint32_t sections[] = {1, 1, 1, 1};
    file_make(f, "qwen35");
    file_u32(f, "full_attention_interval", 2);
    file_u32(f, "ssm.conv_kernel", TAPS);
    file_u32(f, "ssm.inner_size", INNER);
    file_u32(f, "ssm.state_size", STATE);
    file_u32(f, "ssm.time_step_rank", RANK);
    file_u32(f, "ssm.group_count", GROUPS);
    file_array(f, "rope.dimension_sections", GGUF_U32, 4, sections);
    rename_tensor(f, "blk.0.ffn_norm.weight", "blk.0.post_attention_norm.weight");
    rename_tensor(f, "blk.1.ffn_norm.weight", "blk.1.post_attention_norm.weight");
    drop_tensor(f, "blk.0.attn_q.weight");
    drop_tensor(f, "blk.0.attn_k.weight");
    drop_tensor(f, "blk.0.attn_v.weight");
    drop_tensor(f, "blk.0.attn_output.weight");
    file_add_layer(f, 0, "attn_qkv", FILE_EMBD, CHANNELS);
    file_add_layer(f, 0, "attn_gate", FILE_EMBD, INNER);
    file_add_layer(f, 0, "ssm_beta", FILE_EMBD, RANK);
    file_add_layer(f, 0, "ssm_alpha", FILE_EMBD, RANK);
    file_add_layer(f, 0, "ssm_conv1d", TAPS, CHANNELS);
    file_add(f, "blk.0.ssm_dt.bias", RANK, 0);
    file_add(f, "blk.0.ssm_a", RANK, 0);
    file_add_layer(f, 0, "ssm_norm", STATE, 0);
    file_add_layer(f, 0, "ssm_out", INNER, FILE_EMBD);
    file_tensor(f, "blk.1.attn_q.weight")->shape[1] *= 2;
    file_add_layer(f, 1, "attn_q_norm", FILE_DIM, 0);
    file_add_layer(f, 1, "attn_k_norm", FILE_DIM, 0);
}

static void shapes(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    assert_runs(&f);
    file_u32(&f, "ssm.inner_size", INNER + STATE);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.ssm.group_count", "28 channels do not match 6 heads of 4 in 2 groups");
    make(&f);
    file_u32(&f, "ssm.group_count", 4);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.ssm.group_count", "24 channels do not match 6 heads of 4 in 4 groups");
    make(&f);
    file_u32(&f, "ssm.state_size", 6);
    assert_refused(&f, QN_ERR_UNSUPPORTED, "qwen35.ssm.state_size", "is 6", "a multiple of 4");
    make(&f);
    file_drop_key(&f, "ssm.group_count");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the metadata has no qwen35.ssm.group_count");
    make(&f);
    file_u32(&f, "attention.value_length", 2 * FILE_DIM);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "attention gates of 8 and values of 16 dimensions");
    make(&f);
    file_tensor(&f, "blk.1.attn_q.weight")->shape[1] /= 2;
    assert_refused(&f, QN_ERR_FORMAT, "blk.1.attn_q.weight", "blk.1.attn_q.weight is 32 x 32", "32 x 64");
    make(&f);
    drop_tensor(&f, "blk.0.attn_gate.weight");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the file has no tensor blk.0.attn_gate.weight");
}

static void which_layers(void **state) {
    (void)state;
    static const uint32_t flags[] = {1, 0};
    struct model_file f;
    make(&f);
    file_u32(&f, "full_attention_interval", 0);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.full_attention_interval", "1 to 512");
    file_drop_key(&f, "full_attention_interval"); /* the default is 4 */
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the file has no tensor blk.1.attn_qkv.weight");
    file_array(&f, "attention.recurrent_layers", GGUF_BOOL, 2, flags);
    assert_runs(&f);
    file_array(&f, "attention.recurrent_layers", GGUF_I32, 2, flags);
    assert_runs(&f);
    file_array(&f, "attention.recurrent_layers", GGUF_BOOL, 1, flags);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.attention.recurrent_layers", "a bool or number for each layer");
    file_array(&f, "attention.recurrent_layers", GGUF_F32, 2, flags);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.attention.recurrent_layers", "a bool or number for each layer");
    static const uint32_t heads[] = {0, 0};
    make(&f);
    file_array(&f, "attention.head_count_kv", GGUF_U32, 2, heads);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "layer 1 has no heads");
}

/* One flag for the only layer must be an array too. */
static void a_flag_that_is_no_array(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    file_u32(&f, "block_count", 1);
    file_u32(&f, "attention.recurrent_layers", 1);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.attention.recurrent_layers", "a bool or number for each layer");
}

/* Draft layers after the others. */
static void drafts(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    file_u32(&f, "nextn_predict_layers", 2);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.nextn_predict_layers", "is 2, but the model has 2 layers");
    file_u32(&f, "nextn_predict_layers", UINT32_MAX);
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.nextn_predict_layers", "but the model has 2 layers");
    file_u32(&f, "nextn_predict_layers", 1);
    file_u32(&f, "block_count", 3);
    file_add_layer(&f, 2, "attn_q", FILE_EMBD, 1);
    file_add_layer(&f, 2, "nextn.enorm", 7, 0);
    assert_runs(&f);
    file_add(&f, "blk.2.", 7, 0); /* the shortest name of such a layer */
    assert_runs(&f);
    file_add_layer(&f, 3, "nextn.enorm", 7, 0);
    assert_refused(&f, QN_ERR_UNSUPPORTED, "blk.3.nextn.enorm.weight", "blk.3.nextn.enorm.weight is not supported in");
    rename_tensor(&f, "blk.3.nextn.enorm.weight", "blk.2");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "blk.2", "blk.2 is not supported in");
    rename_tensor(&f, "blk.2", "blk.22.nextn");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "blk.22.nextn", "blk.22.nextn is not supported in");
    rename_tensor(&f, "blk.22.nextn", "blk.1.nextn");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "blk.1.nextn", "blk.1.nextn is not supported in");
    rename_tensor(&f, "blk.1.nextn", "blk.x.nextn");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "blk.x.nextn", "blk.x.nextn is not supported in");
    rename_tensor(&f, "blk.x.nextn", "alk.2.nextn");
    assert_refused(&f, QN_ERR_UNSUPPORTED, "alk.2.nextn", "alk.2.nextn is not supported in");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(which_layers),
        cmocka_unit_test(a_flag_that_is_no_array),
        cmocka_unit_test(drafts),
    };
    return cmocka_run_group_tests_name("engine_delta", tests, NULL, NULL);
}
