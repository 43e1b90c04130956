/* What the metadata become, where a number decides between two readings, and what is refused before any tensor. */
#include "tests/engine/support/load.h"

#include "engine/config/hparams.h"

static struct hparams hparams;
static struct qn_error error;
static struct arena arena;
static struct build bytes;

/* Reads the hyperparameters with as much memory as `limit` says. They last until the next call. */
static int read_within(const struct model_file *f, size_t limit) {
    static struct arena tables;
    struct gguf gguf;
    struct gguf_scan scan;
    arena_free(&tables);
    arena_free(&arena);
    build_free(&bytes);
    file_write_directory(f, &bytes);
    scan = (struct gguf_scan){.file_bytes = 0};
    error = (struct qn_error){0};
    tables.limit = (size_t)1 << 20;
    arena.limit = limit;
    assert_int_equal(gguf_scan_bytes(&scan, bytes.at, bytes.n, &error), QN_OK);
    assert_int_equal(gguf_index(&gguf, &scan, bytes.at, &tables, &error), QN_OK);
    const int status = hparams_read(&hparams, &gguf, &arena, &error);
    arena_free(&tables);
    return status;
}

static void accept(const struct model_file *f) {
    if (read_within(f, (size_t)1 << 20) != QN_OK) {
        fail_msg("%s", error.text);
    }
}

static void refuse(const struct model_file *f, int code, const char *words) {
    const int status = read_within(f, (size_t)1 << 20);
    if (status != code || error.code != code || strstr(error.text, words) == NULL) {
        fail_msg("status %d, error %d: %s", status, error.code, error.text);
    }
}

static void make(struct model_file *f, const char *architecture, uint32_t layers) {
    file_make(f, architecture);
    file_u32(f, "block_count", layers);
    file_f32(f, "attention.layer_norm_epsilon", 1e-5);
    file_u32(f, "expert_count", 2);
    file_u32(f, "expert_used_count", 2);
    file_u32(f, "shortconv.l_cache", 3);
    file_u32(f, "ssm.conv_kernel", 3);
    file_u32(f, "ssm.inner_size", 24);
    file_u32(f, "ssm.state_size", 4);
    file_u32(f, "ssm.time_step_rank", 6);
    file_u32(f, "ssm.group_count", 2);
}

static void make_latent(struct model_file *f) {
    make(f, "deepseek2", FILE_LAYERS);
    file_u32(f, "expert_feed_forward_length", 8);
    file_u32(f, "attention.head_count_kv", FILE_HEADS);
    file_u32(f, "attention.key_length", 16);
    file_u32(f, "attention.value_length", 16);
    file_u32(f, "attention.kv_lora_rank", 16);
    file_u32(f, "attention.q_lora_rank", 0);
    file_u32(f, "rope.dimension_count", 8);
}

/* A flaw is reported before memory is taken; without memory there is an error of its own. */
static void memory(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "llama", FILE_LAYERS);
    file_u32(&f, "expert_count", 0);
    accept(&f);
    assert_int_equal(read_within(&f, 1), QN_ERR_MEMORY);
    assert_int_equal(error.code, QN_ERR_MEMORY);
    file_u32(&f, "context_length", 0);
    assert_int_equal(read_within(&f, 1), QN_ERR_FORMAT);
    assert_int_equal(error.code, QN_ERR_FORMAT);
}

static void multipliers(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "cohere2", FILE_LAYERS);
    file_f32(&f, "logit_scale", 0.5);
    file_f32(&f, "embedding_scale", 3);
    accept(&f);
    assert_true(hparams.logit_scale == 0.5f && hparams.embedding_scale == 1.0f);
    file_make(&f, "granite");
    file_f32(&f, "logit_scale", 0.5);
    file_f32(&f, "embedding_scale", 3);
    accept(&f);
    assert_true(hparams.logit_scale == 2.0f && hparams.embedding_scale == 3.0f);
}

static void experts(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "olmoe", FILE_LAYERS);
    for (uint32_t groups = 0; groups <= 1; groups++) {
        file_u32(&f, "expert_group_count", groups);
        accept(&f);
    }
    file_u32(&f, "expert_group_count", 2);
    refuse(&f, QN_ERR_UNSUPPORTED, "is 2; expert groups are not supported");
    make(&f, "qwen2moe", FILE_LAYERS);
    accept(&f);
    assert_int_equal(hparams.experts.n_ff, FILE_FF / 2);
    file_u32(&f, "feed_forward_length", 1);
    refuse(&f, QN_ERR_FORMAT, "2 chosen experts cannot share a width of 1");
}

static void layers_without_ffn(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "mamba", FILE_LAYERS);
    file_drop_key(&f, "feed_forward_length");
    accept(&f);
    assert_int_equal(hparams.layers[0].ffn, FFN_NONE);
    assert_int_equal(hparams.layers[FILE_LAYERS - 1].ffn, FFN_NONE);
}

static void latent_attention(void **state) {
    (void)state;
    struct model_file f;
    make_latent(&f);
    accept(&f);
    file_f32(&f, "attention.temperature_scale", 0.5);
    refuse(&f, QN_ERR_UNSUPPORTED, "a temperature is not supported");
}

/* YaRN without a multiplier of its own: 1 + 0.1 ln(factor). */
static void yarn(void **state) {
    (void)state;
    struct model_file f;
    make_latent(&f);
    file_text(&f, "rope.scaling.type", "yarn");
    file_f32(&f, "rope.scaling.factor", 4);
    accept(&f);
    assert_true(fabsf(hparams.rope.sets[LAYER_ROPE].magnitude - 1.138629f) < 1e-5f);
}

/* A layer is sparse if the file gives it a cutoff, or if it is one of the first ten. */
static void sparsity(void **state) {
    (void)state;
    static const float cutoffs[] = {-1e30f, -9e29f, 9e29f};
    uint32_t bits[3];
    struct model_file f;
    memcpy(bits, cutoffs, sizeof(bits));
    make(&f, "gemma3n", 3);
    file_array(&f, "activation_sparsity_scale", GGUF_F32, 3, bits);
    accept(&f);
    assert_int_equal(hparams.layers[0].ffn, FFN_DENSE);
    assert_int_equal(hparams.layers[1].ffn, FFN_SPARSE);
    assert_int_equal(hparams.layers[2].ffn, FFN_SPARSE);
    bits[2] = 0x7149f2ca; /* 1e30 */
    refuse(&f, QN_ERR_FORMAT, "of layer 2 is not a finite number");
    make(&f, "gemma3n", 1);
    file_f32(&f, "activation_sparsity_scale", 1);
    refuse(&f, QN_ERR_FORMAT, "must be an array of f32 for 1 layers");
    make(&f, "gemma3n", 12);
    accept(&f);
    assert_int_equal(hparams.layers[9].ffn, FFN_SPARSE);
    assert_int_equal(hparams.layers[10].ffn, FFN_DENSE);
}

/* Without another pattern, a layer that lacks query or key heads is recurrent. */
static void recurrent_layers(void **state) {
    (void)state;
    static const uint32_t heads[] = {0, 4, 4}, kv[] = {2, 2, 0};
    struct model_file f;
    make(&f, "lfm2", 3);
    file_array(&f, "attention.head_count", GGUF_U32, 3, heads);
    file_array(&f, "attention.head_count_kv", GGUF_U32, 3, kv);
    accept(&f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hparams.layers[i].kind, i == 1 ? LAYER_ATTENTION : LAYER_SHORTCONV);
        assert_int_equal(hparams.layers[i].n_head, i == 1 ? 4 : 0);
    }
    file_bool(&f, "attention.causal", false);
    refuse(&f, QN_ERR_UNSUPPORTED, "recurrent layers do not support");
    make(&f, "lfm2", 3);
    file_bool(&f, "attention.causal", true);
    accept(&f);
}

static void sections(void **state) {
    (void)state;
    static const uint32_t least[] = {1, 0, 0}, most[] = {2, 3, 3}, none[] = {0, 0, 0}, more[] = {3, 3, 3};
    struct model_file f;
    make(&f, "qwen2vl", FILE_LAYERS);
    file_array(&f, "rope.dimension_sections", GGUF_U32, 3, least);
    accept(&f);
    file_array(&f, "rope.dimension_sections", GGUF_U32, 3, most);
    accept(&f);
    file_array(&f, "rope.dimension_sections", GGUF_U32, 3, none);
    refuse(&f, QN_ERR_FORMAT, "whose sum is 1 to 8");
    file_array(&f, "rope.dimension_sections", GGUF_U32, 3, more);
    refuse(&f, QN_ERR_FORMAT, "whose sum is 1 to 8");
}

static void assert_windows(const struct model_file *f, uint32_t first, uint32_t last) {
    accept(f);
    const struct layer_hparams *layers = hparams.layers;
    const uint32_t n = hparams.n_layer;
    assert_int_equal(layers[0].window, first);
    assert_int_equal(layers[n - 1].window, last);
    assert_int_equal(layers[0].rope == LAYER_ROPE_WINDOW, first != 0);
    assert_int_equal(layers[n - 1].rope == LAYER_ROPE_WINDOW, last != 0);
}

static void windows(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "qwen2", FILE_LAYERS); /* an architecture without windows */
    file_u32(&f, "attention.sliding_window", 9);
    assert_windows(&f, 0, 0);
    make(&f, "exaone4", FILE_LAYERS); /* one with windows only in models of 64 layers */
    assert_windows(&f, 0, 0);
    make(&f, "exaone4", 64);
    assert_windows(&f, 4096, 0);
    make(&f, "lfm2", FILE_LAYERS); /* one with the window in all layers, whatever the pattern */
    file_u32(&f, "attention.sliding_window", 9);
    file_u32(&f, "attention.sliding_window_pattern", 2);
    assert_windows(&f, 9, 9);
    make(&f, "gemma2", FILE_LAYERS);
    assert_windows(&f, 9, 0);
    file_u32(&f, "attention.sliding_window", 0); /* a file without a window */
    assert_windows(&f, 0, 0);
}

/* In SmolLM3, every fourth layer has no RoPE. */
static void layers_without_rope(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "smollm3", 8);
    accept(&f);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(hparams.layers[i].rope, i % 4 == 3 ? LAYER_ROPE_NONE : LAYER_ROPE);
    }
}

/* For a number that may be absent, 0 means that it is. */
static void zero_is_absent(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "granite", FILE_LAYERS);
    file_f32(&f, "logit_scale", 2);
    file_f32(&f, "embedding_scale", 0);
    accept(&f);
    assert_true(hparams.embedding_scale == 1.0f);
    file_f32(&f, "logit_scale", 0);
    refuse(&f, QN_ERR_FORMAT, "granite.logit_scale is not a positive finite number");
}

/* A later flaw does not replace the error of an earlier one. */
static void the_first_flaw_is_reported(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "qwen2", FILE_LAYERS);
    file_u32(&f, "rope.dimension_count", 3);
    file_u32(&f, "rope.scaling.type", 1);
    refuse(&f, QN_ERR_FORMAT, "rope over 3 dimensions");
    file_u32(&f, "rope.dimension_count", 4);
    refuse(&f, QN_ERR_FORMAT, "qwen2.rope.scaling.type is u32");
}

/* Numbers for each layer have the limits of a number for all layers. */
static void layer_arrays(void **state) {
    (void)state;
    uint32_t widths[] = {1, 1u << 20};
    struct model_file f;
    make(&f, "qwen2", FILE_LAYERS);
    file_array(&f, "feed_forward_length", GGUF_U32, FILE_LAYERS, widths);
    accept(&f);
    assert_int_equal(hparams.layers[1].n_ff, 1u << 20);
    widths[1]++;
    refuse(&f, QN_ERR_FORMAT, "is 1048577 in layer 1; it must lie in 1 to 1048576");
    widths[1] = 0;
    refuse(&f, QN_ERR_FORMAT, "is 0 in layer 1; it must lie in 1 to 1048576");
}

static int end(void **state) {
    (void)state;
    arena_free(&arena);
    build_free(&bytes);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),
        cmocka_unit_test(multipliers),
        cmocka_unit_test(experts),
        cmocka_unit_test(layers_without_ffn),
        cmocka_unit_test(latent_attention),
        cmocka_unit_test(yarn),
        cmocka_unit_test(sparsity),
        cmocka_unit_test(recurrent_layers),
        cmocka_unit_test(sections),
        cmocka_unit_test(windows),
        cmocka_unit_test(layers_without_rope),
        cmocka_unit_test(zero_is_absent),
        cmocka_unit_test(the_first_flaw_is_reported),
        cmocka_unit_test(layer_arrays),
    };
    return cmocka_run_group_tests_name("config_hparams_values", tests, NULL, end);
}
