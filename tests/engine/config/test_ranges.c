/* Every number of the metadata with a fixed range: one below and one above are refused with the range. */
#include "tests/engine/support/load.h"

#define WIDTH   (1u << 20)
#define CONTEXT (1u << 24)

/* Metadata that is valid in every architecture below. Keys that an architecture does not have are ignored. */
static void make(struct model_file *f, const char *architecture) {
    static const uint32_t sections[] = {1, 1, 1, 1};
    file_make(f, architecture);
    file_u32(f, "expert_count", 2);
    file_u32(f, "expert_used_count", 1);
    file_u32(f, "expert_feed_forward_length", 8);
    file_u32(f, "attention.kv_lora_rank", 16);
    file_u32(f, "attention.q_lora_rank", 0);
    file_u32(f, "ssm.conv_kernel", 3);
    file_u32(f, "ssm.inner_size", 24);
    file_u32(f, "ssm.state_size", 4);
    file_u32(f, "ssm.time_step_rank", 6);
    file_u32(f, "ssm.group_count", 2);
    file_u32(f, "shortconv.l_cache", 3);
    file_u32(f, "full_attention_interval", 2);
    file_array(f, "rope.dimension_sections", GGUF_U32, 4, sections);
}

static void assert_out_of_range(const char *architecture, const char *key, uint32_t value, uint32_t low,
                                uint32_t high) {
    struct model_file f;
    char name[96];
    char range[64];
    make(&f, architecture);
    file_u32(&f, key, value);
    snprintf(range, sizeof(range), "is %u; it must lie in %u to %u", value, low, high);
    assert_refused(&f, QN_ERR_FORMAT, file_name(&f, key, name), name, range);
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        const char *architecture, *key;
        uint32_t low, high;
    } rows[] = {
        {"llama", "block_count", 1, 512},
        {"llama", "context_length", 1, CONTEXT},
        {"llama", "embedding_length", 1, WIDTH},
        {"llama", "feed_forward_length", 1, WIDTH},
        {"mamba", "attention.head_count", 0, 4096},
        {"llama", "attention.head_count", 1, 4096},
        {"llama", "attention.head_count_kv", 1, 4096},
        {"llama", "attention.key_length", 1, WIDTH},
        {"llama", "attention.value_length", 1, WIDTH},
        {"gemma4", "attention.key_length_swa", 1, WIDTH},
        {"gemma4", "attention.value_length_swa", 1, WIDTH},
        {"gemma-embedding", "dense_2_feat_out", 1, WIDTH},
        {"deepseek2", "expert_count", 1, 512},
        {"llama", "expert_count", 0, 512},
        {"deepseek2", "expert_used_count", 1, 2},
        {"deepseek2", "leading_dense_block_count", 0, FILE_LAYERS},
        {"deepseek2", "expert_group_count", 0, 512},
        {"deepseek2", "expert_gating_func", 0, 3},
        {"deepseek2", "expert_shared_count", 0, WIDTH / 8},
        {"deepseek2", "expert_feed_forward_length", 0, WIDTH},
        {"qwen2moe", "expert_shared_feed_forward_length", 0, WIDTH},
        {"granitemoe", "expert_shared_feed_forward_length", 0, WIDTH},
        {"deepseek2", "attention.kv_lora_rank", 1, WIDTH},
        {"deepseek2", "attention.q_lora_rank", 0, WIDTH},
        {"deepseek2", "attention.key_length_mla", 0, WIDTH},
        {"lfm2", "shortconv.l_cache", 2, 64},
        {"mamba", "ssm.conv_kernel", 2, 64},
        {"mamba", "ssm.inner_size", 1, WIDTH},
        {"mamba", "ssm.time_step_rank", 1, WIDTH},
        {"mamba", "ssm.state_size", 1, 4096},
        {"mamba2", "ssm.group_count", 1, 4096},
        {"qwen35", "ssm.group_count", 1, 4096},
        {"qwen35", "full_attention_interval", 1, 512},
        {"llama", "rope.dimension_count", 2, FILE_DIM},
        {"llama", "rope.scaling.original_context_length", 1, CONTEXT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].low) {
            assert_out_of_range(rows[i].architecture, rows[i].key, rows[i].low - 1, rows[i].low, rows[i].high);
        }
        assert_out_of_range(rows[i].architecture, rows[i].key, rows[i].high + 1, rows[i].low, rows[i].high);
    }
}

/* Values of latent attention that are computed from the latent vector have a width of their own. */
static void latent_values(void **state) {
    (void)state;
    static const uint32_t wrong[] = {0, WIDTH + 1};
    for (size_t i = 0; i < 2; i++) {
        struct model_file f;
        make(&f, "deepseek2");
        file_u32(&f, "attention.key_length_mla", 16);
        file_u32(&f, "attention.value_length_mla", wrong[i]);
        assert_refused(&f, QN_ERR_FORMAT, "deepseek2.attention.value_length_mla", "it must lie in 1 to 1048576");
    }
}

/* All heads together have at most WIDTH dimensions. */
static void widest_heads(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "llama");
    file_u32(&f, "expert_count", 0);
    file_u32(&f, "attention.key_length", WIDTH / FILE_HEADS);
    assert_refused(&f, QN_ERR_FORMAT, "blk.0.attn_q.weight", "the metadata requires 32 x 1048576");
    file_u32(&f, "attention.key_length", WIDTH / FILE_HEADS + 8);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "4 heads of 262152 dimensions are more than 1048576");
}

/* Sections are an array: a number of the same type is refused. */
static void sections(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "qwen35");
    struct file_key *key = file_key(&f, "rope.dimension_sections");
    key->type = GGUF_U32;
    key->number = 4;
    assert_refused(&f, QN_ERR_FORMAT, "qwen35.rope.dimension_sections", "must hold three or four integers");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(latent_values),
        cmocka_unit_test(widest_heads),
        cmocka_unit_test(sections),
    };
    return cmocka_run_group_tests_name("config_ranges", tests, NULL, NULL);
}
