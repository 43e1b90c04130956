/* Shared keys, per-layer embeddings, residual streams and sparse gates: the metadata must be consistent. */
#include "tests/engine/support/load.h"

/* Two layers without a window. */
static void make_gemma4(struct model_file *f, uint32_t shared, uint32_t per_layer) {
    static const uint32_t none[] = {0, 0};
    file_make(f, "gemma4");
    file_array(f, "attention.sliding_window_pattern", GGUF_BOOL, FILE_LAYERS, none);
    file_u32(f, "attention.shared_kv_layers", shared);
    file_u32(f, "embedding_length_per_layer_input", per_layer);
    file_add(f, "rope_freqs.weight", FILE_DIM / 2, 0);
    if (per_layer) {
        file_add(f, "per_layer_token_embd.weight", (uint64_t)FILE_LAYERS * per_layer, FILE_VOCAB);
        file_add(f, "per_layer_model_proj.weight", FILE_EMBD, (uint64_t)FILE_LAYERS * per_layer);
        file_add(f, "per_layer_proj_norm.weight", per_layer, 0);
    }
    for (unsigned i = 0; per_layer && i < FILE_LAYERS; i++) {
        file_add_layer(f, i, "inp_gate", FILE_EMBD, per_layer);
        file_add_layer(f, i, "proj", per_layer, FILE_EMBD);
        file_add_layer(f, i, "post_norm", FILE_EMBD, 0);
    }
}

static void drop_tensor(struct model_file *f, const char *name) {
    file_drop_tensor(f, (size_t)(file_tensor(f, name) - f->tensors));
}

/* Bytes of keys and values per position. */
static uint64_t page_bytes(uint32_t shared) {
    struct model_file f;
    struct build b;
    struct qn_plan plan;
    make_gemma4(&f, shared, 8);
    file_write(&f, &b);
    qn_model *model = load_whole(&b);
    assert_int_equal(qn_model_plan(model, 0, 1, &plan), QN_OK);
    qn_model_free(model);
    build_free(&b);
    return plan.kv_page_bytes / plan.kv_page_tokens;
}

static void keys_that_layers_share_are_there_once(void **state) {
    (void)state;
    struct model_file f;
    make_gemma4(&f, 0, 8);
    assert_runs(&f);
    make_gemma4(&f, 1, 8); /* the last layer does not use its own keys ... */
    assert_runs(&f);
    drop_tensor(&f, "blk.1.attn_k.weight"); /* ... which may be absent */
    drop_tensor(&f, "blk.1.attn_v.weight");
    drop_tensor(&f, "blk.1.attn_k_norm.weight");
    assert_runs(&f);
    file_u32(&f, "attention.shared_kv_layers", 0);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no tensor blk.1.attn_k");
    make_gemma4(&f, 0, 0);
    drop_tensor(&f, "blk.1.attn_v.weight"); /* the keys are the values */
    assert_runs(&f);
    const uint64_t layer = FILE_HEADS_KV * 2 * FILE_DIM * sizeof(uint16_t);
    assert_int_equal(page_bytes(0), 2 * layer);
    assert_int_equal(page_bytes(1), layer);
}

static void keys_that_cannot_be_shared(void **state) {
    (void)state;
    static const uint32_t window_first[] = {1, 0}, windows[] = {1, 1}, heads[] = {2, 4};
    struct model_file f;
    make_gemma4(&f, FILE_LAYERS, 8);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.shared_kv_layers", "is 2; it must lie in 0 to 1");
    make_gemma4(&f, UINT32_MAX, 8);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.shared_kv_layers", "it must lie in 0 to 1");
    make_gemma4(&f, 1, 8);
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, 2, window_first);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.shared_kv_layers", "layer 1", "layer 0, which has a window");
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, 2, windows);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.shared_kv_layers", "layer 1", "there is no such layer");
    make_gemma4(&f, 1, 8);
    file_array(&f, "attention.head_count_kv", GGUF_U32, 2, heads);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.shared_kv_layers", "which has other heads");
    make_gemma4(&f, 1, 8);
    file_bool(&f, "attention.causal", false);
    assert_refused(&f, QN_ERR_UNSUPPORTED, NULL, "attention.causal");
}

static void widths(void **state) {
    (void)state;
    static const uint32_t wide[] = {0, 1u << 19, 1u << 20, UINT32_MAX};
    struct model_file f;
    make_gemma4(&f, 0, 8);
    file_drop_key(&f, "embedding_length_per_layer_input");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "the metadata has no gemma4.embedding_length_per_layer_input");
    make_gemma4(&f, 0, 8);
    file_u32(&f, "embedding_length_per_layer_input", 0); /* then its tensors are not supported */
    assert_refused(&f, QN_ERR_UNSUPPORTED, "per_layer_token_embd.weight", "is not supported in");
    for (size_t i = 1; i < 4; i++) {
        make_gemma4(&f, 0, 8);
        file_u32(&f, "embedding_length_per_layer_input", wide[i]);
        assert_refused(&f, QN_ERR_FORMAT, "gemma4.embedding_length_per_layer_input", "it must lie in 0 to");
    }
    make_gemma4(&f, 0, 8);
    file_u32(&f, "attention.key_length_swa", 12);
    assert_refused(&f, QN_ERR_UNSUPPORTED, NULL, "multiples of 8");
    make_gemma4(&f, 0, 8);
    file_u32(&f, "attention.value_length", 16);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "layer 0 has keys of 8 and values of 16");
    make_gemma4(&f, 0, 8);
    file_u32(&f, "rope.dimension_count_swa", 16);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.rope.dimension_count_swa", "it must lie in 2 to 8");
    make_gemma4(&f, 0, 8);
    drop_tensor(&f, "rope_freqs.weight");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no tensor rope_freqs.weight");
    make_gemma4(&f, 0, 8);
    file_u32(&f, "block_count", 0);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.block_count", "it must lie in 1");
}

static void windows_must_be_named(void **state) {
    (void)state;
    static const uint32_t one[] = {1};
    struct model_file f;
    make_gemma4(&f, 0, 8);
    file_drop_key(&f, "attention.sliding_window_pattern");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "gemma4.attention.sliding_window_pattern must be an array");
    file_u32(&f, "attention.sliding_window_pattern", 2);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.sliding_window_pattern", "must be an array");
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, 1, one);
    assert_refused(&f, QN_ERR_FORMAT, "gemma4.attention.sliding_window_pattern", "for each layer");
    make_gemma4(&f, 0, 8);
    file_drop_key(&f, "attention.sliding_window");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no gemma4.attention.sliding_window above 0");
}

static void streams_and_gates(void **state) {
    (void)state;
    static const uint32_t scales[] = {0x3fd28ad3, 0x7fc00000}, infinite[] = {0xff800000, 0x7f800000};
    struct model_file f;
    file_make(&f, "gemma3n");
    file_array(&f, "activation_sparsity_scale", GGUF_F32, 1, scales);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3n.activation_sparsity_scale", "an array of f32 for 2 layers");
    file_array(&f, "activation_sparsity_scale", GGUF_U32, 2, scales);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3n.activation_sparsity_scale", "an array of f32 for 2 layers");
    file_array(&f, "activation_sparsity_scale", GGUF_F32, 2, scales);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3n.activation_sparsity_scale", "layer 1 is not a finite number");
    file_array(&f, "activation_sparsity_scale", GGUF_F32, 2, infinite);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3n.activation_sparsity_scale", "layer 1 is not a finite number");
    static const uint32_t counts[] = {0, 1, 9, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        file_make(&f, "gemma3n");
        file_u32(&f, "altup.num_inputs", counts[i]);
        assert_refused(&f, QN_ERR_FORMAT, "gemma3n.altup.num_inputs", "it must lie in 2 to 8");
    }
    file_make(&f, "gemma3n");
    file_u32(&f, "altup.active_idx", 1);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3n.altup.active_idx", "is 1");
    file_make(&f, "gemma3n");
    file_u32(&f, "embedding_length_per_layer_input", 0);
    assert_refused(&f, QN_ERR_FORMAT, "gemma3n.embedding_length_per_layer_input", "is 0");
}

/* Only layers without a window need rope_freqs. */
static void rope_factors(void **state) {
    (void)state;
    static const uint32_t all[] = {1, 1}, one[] = {1, 0};
    struct model_file f;
    make_gemma4(&f, 0, 0);
    drop_tensor(&f, "rope_freqs.weight");
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no tensor rope_freqs.weight");
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, FILE_LAYERS, one);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "no tensor rope_freqs.weight");
    file_array(&f, "attention.sliding_window_pattern", GGUF_BOOL, FILE_LAYERS, all);
    assert_runs(&f);
    make_gemma4(&f, 0, 0); /* the first flaw is reported */
    file_tensor(&f, "token_embd.weight")->shape[0]++;
    assert_refused(&f, QN_ERR_FORMAT, "token_embd.weight", "token_embd.weight is 33 x 40");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_layers_share_are_there_once),
        cmocka_unit_test(keys_that_cannot_be_shared),
        cmocka_unit_test(widths),
        cmocka_unit_test(windows_must_be_named),
        cmocka_unit_test(streams_and_gates),
        cmocka_unit_test(rope_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
