/* Makes a valid model's directory from any bytes: each byte chooses a size, a type or an option. */
#ifndef TESTS_FUZZ_MODEL_CHOICES_H
#define TESTS_FUZZ_MODEL_CHOICES_H

#include "tests/engine/support/model_file.h"
#include "tests/fuzz/fuzz.h"

/* Adds a matrix of a type whose blocks fit its rows. */
static inline void choose_matrix(struct model_file *f, struct choices *choices, const char *name, uint64_t cols,
                                 uint64_t rows) {
    static const uint32_t types[] = {TYPE_F32,  TYPE_F16,  TYPE_BF16, TYPE_Q4_0, TYPE_Q4_1, TYPE_Q5_0, TYPE_Q5_1,
                                     TYPE_Q8_0, TYPE_Q2_K, TYPE_Q3_K, TYPE_Q4_K, TYPE_Q5_K, TYPE_Q6_K};
    const uint32_t type = types[choose(choices, sizeof(types) / sizeof(types[0]))];
    file_add(f, name, cols, rows);
    f->tensors[f->n_tensors - 1].type = cols % type_traits(type)->block_weights == 0 ? type : TYPE_F32;
}

static inline void choose_layer(struct model_file *f, struct choices *choices, unsigned i, const uint32_t sizes[5]) {
    const uint32_t embd = sizes[0], ff = sizes[1], query = sizes[2], key = sizes[3], dim = sizes[4];
    const bool gemma3 = strncmp(f->architecture, "gemma", 5) == 0;
    const struct {
        const char *name;
        uint32_t cols, rows;
    } matrices[] = {{"attn_q", embd, query}, {"attn_k", embd, key}, {"attn_v", embd, key}, {"attn_output", query, embd},
                    {"ffn_gate", embd, ff},  {"ffn_up", embd, ff},  {"ffn_down", ff, embd}};
    for (size_t m = 0; m < sizeof(matrices) / sizeof(matrices[0]); m++) {
        char name[GGUF_MAX_NAME];
        snprintf(name, sizeof(name), "blk.%u.%s.weight", i, matrices[m].name);
        choose_matrix(f, choices, name, matrices[m].cols, matrices[m].rows);
        if (choose(choices, 4) == 1) {
            snprintf(name, sizeof(name), "blk.%u.%s.bias", i, matrices[m].name);
            file_add(f, name, matrices[m].rows, 0);
        }
    }
    file_add_layer(f, i, "attn_norm", embd, 0);
    file_add_layer(f, i, "ffn_norm", embd, 0);
    if (gemma3) {
        file_add_layer(f, i, "attn_q_norm", dim, 0);
        file_add_layer(f, i, "attn_k_norm", dim, 0);
        file_add_layer(f, i, "post_attention_norm", embd, 0);
        file_add_layer(f, i, "post_ffw_norm", embd, 0);
    }
}

static inline void choose_model(struct model_file *f, const uint8_t *bytes, size_t count) {
    static const uint32_t widths[] = {1, 2, 7, 8, 31, 32, 33, 64, 96, 256};
    static const uint32_t groups[] = {1, 2, 3, 5, 8};
    struct choices choices = {bytes, count};
    memset(f, 0, sizeof(*f));
    static const char *const architectures[] = {"llama", "gemma3", "gemma-embedding"};
    f->architecture = architectures[choose(&choices, 3)];
    const uint32_t layers = 1 + choose(&choices, 2);
    const uint32_t embd = widths[choose(&choices, 10)], ff = widths[choose(&choices, 10)];
    const uint32_t dim = 8 * (1 + choose(&choices, 5)), kv = 1 + choose(&choices, 3);
    const uint32_t heads = kv * groups[choose(&choices, 5)];
    const uint32_t vocab = 1 + choose(&choices, 70);
    file_text(f, "general.architecture", f->architecture);
    file_u32(f, "block_count", layers);
    file_u32(f, "context_length", 64);
    file_u32(f, "embedding_length", embd);
    file_u32(f, "feed_forward_length", ff);
    file_u32(f, "attention.head_count", heads);
    file_u32(f, "attention.head_count_kv", kv);
    file_u32(f, "attention.key_length", dim);
    file_u32(f, "attention.value_length", dim);
    file_f32(f, "attention.layer_norm_rms_epsilon", 1e-5);
    if (choose(&choices, 2)) {
        file_u32(f, "attention.sliding_window", choose(&choices, 12));
        file_u32(f, "attention.sliding_window_pattern", choose(&choices, 4));
    }
    if (choose(&choices, 2) && f->architecture[0] == 'g') {
        file_u32(f, "rope.dimension_count", 2 + 2 * choose(&choices, dim / 2));
    }
    if (choose(&choices, 4) == 1) {
        file_f32(f, "final_logit_softcapping", 1 + choose(&choices, 50));
    }
    if (choose(&choices, 4) == 1) {
        file_bool(f, "attention.causal", choose(&choices, 2));
    }
    if (choose(&choices, 4) == 1) {
        file_u32(f, "pooling_type", choose(&choices, 6));
    }
    const uint32_t dense = choose(&choices, 3);
    if (dense && strcmp(f->architecture, "gemma-embedding") == 0) {
        file_u32(f, "dense_2_feat_out", dense * embd);
        choose_matrix(f, &choices, "dense_2.weight", embd, dense * embd);
        choose_matrix(f, &choices, "dense_3.weight", dense * embd, embd);
    }
    choose_matrix(f, &choices, "token_embd.weight", embd, vocab);
    if (choose(&choices, 2) && strcmp(f->architecture, "gemma-embedding") != 0) {
        choose_matrix(f, &choices, "output.weight", embd, vocab);
    }
    file_add(f, "output_norm.weight", embd, 0);
    for (unsigned i = 0; i < layers; i++) {
        choose_layer(f, &choices, i, (const uint32_t[]){embd, ff, heads * dim, kv * dim, dim});
    }
}

#endif
