/* Latent attention: heads that do not fit the latent vector, the rotated part or the KV cache are refused. */
#include "tests/engine/support/load.h"

enum { LATENT = 16, ROT = 8, PLAIN_HEAD = 16 };

/* The metadata of a model with latent attention whose keys are computed from the latent vector. Its tensors are absent:
 * valid metadata is refused for the first of them. */
static void make(struct model_file *f) {
    file_make(f, "deepseek2");
    file_u32(f, "expert_count", 2);
    file_u32(f, "expert_used_count", 1);
    file_u32(f, "expert_feed_forward_length", 8);
    file_u32(f, "attention.head_count_kv", FILE_HEADS);
    file_u32(f, "attention.key_length", PLAIN_HEAD);
    file_u32(f, "attention.value_length", PLAIN_HEAD);
    file_u32(f, "attention.kv_lora_rank", LATENT);
    file_u32(f, "attention.q_lora_rank", 0);
    file_u32(f, "rope.dimension_count", ROT);
    file_drop_tensor(f, (size_t)(file_tensor(f, "blk.0.attn_q.weight") - f->tensors));
}

/* The same with keys and values that are one latent vector for all heads. */
static void make_absorbed(struct model_file *f) {
    make(f);
    file_u32(f, "attention.head_count_kv", 1);
    file_u32(f, "attention.key_length", LATENT + ROT);
    file_u32(f, "attention.value_length", LATENT);
    file_u32(f, "attention.key_length_mla", PLAIN_HEAD);
    file_u32(f, "attention.value_length_mla", PLAIN_HEAD);
}

static void assert_accepted(const struct model_file *f) {
    assert_refused(f, QN_ERR_FORMAT, NULL, "the file has no tensor blk.0.");
}

static void valid(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    assert_accepted(&f);
    make_absorbed(&f);
    assert_accepted(&f);
}

/* Each head has dimensions that are not rotated. */
static void a_head_is_wider_than_its_rotated_part(void **state) {
    (void)state;
    struct model_file f;
    make(&f);
    file_u32(&f, "rope.dimension_count", PLAIN_HEAD);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "heads of 16 (key) and 16 (value) dimensions, 16 of them rotated");
    static const uint32_t widths[] = {ROT, ROT - 2, 1};
    for (size_t i = 0; i < 3; i++) {
        char words[32];
        make_absorbed(&f);
        file_u32(&f, "attention.key_length_mla", widths[i]);
        snprintf(words, sizeof(words), "heads of %u (key)", widths[i]);
        assert_refused(&f, QN_ERR_FORMAT, NULL, words, "8 of them rotated");
    }
    make_absorbed(&f);
    file_u32(&f, "attention.key_length_mla", ROT + 1);
    assert_accepted(&f);
}

static void the_cache_holds_the_latent_vector(void **state) {
    (void)state;
    static const char *const keys[] = {"attention.key_length", "attention.value_length", "attention.head_count_kv"};
    static const uint32_t wrong[] = {LATENT + ROT + 8, LATENT + 8, 2};
    struct model_file f;
    for (size_t i = 0; i < 3; i++) {
        make_absorbed(&f);
        file_u32(&f, keys[i], wrong[i]);
        assert_refused(&f, QN_ERR_FORMAT, NULL, "latent attention: heads of", "do not fit");
    }
}

static void limits(void **state) {
    (void)state;
    struct model_file f;
    make_absorbed(&f);
    file_u32(&f, "attention.key_length_mla", (1u << 20) / FILE_HEADS);
    assert_accepted(&f);
    file_u32(&f, "attention.key_length_mla", (1u << 20) / FILE_HEADS + 1);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "latent attention: heads of 262145 (key)");
    make_absorbed(&f);
    file_u32(&f, "attention.value_length_mla", (1u << 20) / FILE_HEADS + 1);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "and 262145 (value)");
    make(&f);
    file_u32(&f, "attention.head_count_kv", 2);
    assert_refused(&f, QN_ERR_FORMAT, NULL, "4 heads in layer 0 has 2 KV heads");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid),
        cmocka_unit_test(a_head_is_wider_than_its_rotated_part),
        cmocka_unit_test(the_cache_holds_the_latent_vector),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests_name("config_hparams_latent", tests, NULL, NULL);
}
