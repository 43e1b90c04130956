/* Makes a small valid model file, of which a test then changes one thing. */
#ifndef TESTS_ENGINE_MODEL_FILE_H
#define TESTS_ENGINE_MODEL_FILE_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "tests/gguf/build.h"

enum {
    FILE_LAYERS = 2,
    FILE_EMBD = 32,
    FILE_FF = 48,
    FILE_HEADS = 4,
    FILE_HEADS_KV = 2,
    FILE_DIM = 8,
    FILE_VOCAB = 40,
    FILE_CONTEXT = 160
};

struct file_key {
    char name[96];
    uint32_t type; /* GGUF_ARRAY: `count` elements, from values or texts */
    double number;
    const char *text;
    uint32_t element;
    size_t count;
    const uint32_t *values;
};

struct file_tensor {
    char name[GGUF_MAX_NAME];
    uint32_t n_dims;
    uint64_t shape[GGUF_MAX_DIMS];
    uint32_t type;
};

struct model_file {
    const char *architecture;
    struct file_key keys[48];
    size_t n_keys;
    struct file_tensor tensors[64];
    size_t n_tensors;
};

/* "<architecture>.<suffix>", or the suffix alone if it names a section itself. */
static inline const char *file_name(const struct model_file *f, const char *suffix, char name[96]) {
    const bool whole = strncmp(suffix, "general.", 8) == 0 || strncmp(suffix, "tokenizer.", 10) == 0;
    snprintf(name, 96, "%s%s%s", whole ? "" : f->architecture, whole ? "" : ".", suffix);
    return name;
}

/* The key of that name; adds it if there is none. */
static inline struct file_key *file_key(struct model_file *f, const char *suffix) {
    char name[96];
    file_name(f, suffix, name);
    for (size_t i = 0; i < f->n_keys; i++) {
        if (strcmp(f->keys[i].name, name) == 0) {
            return &f->keys[i];
        }
    }
    struct file_key *key = &f->keys[f->n_keys++];
    memset(key, 0, sizeof(*key));
    memcpy(key->name, name, sizeof(name));
    return key;
}

static inline void file_u32(struct model_file *f, const char *suffix, uint32_t value) {
    struct file_key *key = file_key(f, suffix);
    key->type = GGUF_U32;
    key->number = value;
}

static inline void file_bool(struct model_file *f, const char *suffix, bool value) {
    struct file_key *key = file_key(f, suffix);
    key->type = GGUF_BOOL;
    key->number = value;
}

static inline void file_f32(struct model_file *f, const char *suffix, double value) {
    struct file_key *key = file_key(f, suffix);
    key->type = GGUF_F32;
    key->number = value;
}

static inline void file_text(struct model_file *f, const char *suffix, const char *text) {
    struct file_key *key = file_key(f, suffix);
    key->type = GGUF_STRING;
    key->text = text;
}

static inline void file_array(struct model_file *f, const char *suffix, uint32_t element, size_t count,
                              const uint32_t *values) {
    struct file_key *key = file_key(f, suffix);
    key->type = GGUF_ARRAY;
    key->element = element;
    key->count = count;
    key->values = values;
}

static inline void file_drop_key(struct model_file *f, const char *suffix) {
    const struct file_key *key = file_key(f, suffix);
    const size_t i = (size_t)(key - f->keys);
    memmove(&f->keys[i], &f->keys[i + 1], (--f->n_keys - i) * sizeof(*key));
}

static inline struct file_tensor *file_tensor(struct model_file *f, const char *name) {
    for (size_t i = 0; i < f->n_tensors; i++) {
        if (strcmp(f->tensors[i].name, name) == 0) {
            return &f->tensors[i];
        }
    }
    abort();
}

static inline void file_drop_tensor(struct model_file *f, size_t i) {
    memmove(&f->tensors[i], &f->tensors[i + 1], (--f->n_tensors - i) * sizeof(f->tensors[0]));
}

/* rows == 0: a vector. */
static inline void file_add(struct model_file *f, const char *name, uint64_t cols, uint64_t rows) {
    struct file_tensor *tensor = &f->tensors[f->n_tensors++];
    *tensor = (struct file_tensor){.n_dims = rows ? 2 : 1, .shape = {cols, rows ? rows : 1, 1, 1}, .type = TYPE_F32};
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
}

static inline void file_add_layer(struct model_file *f, unsigned layer, const char *name, uint64_t cols,
                                  uint64_t rows) {
    char full[GGUF_MAX_NAME];
    snprintf(full, sizeof(full), "blk.%u.%s.weight", layer, name);
    file_add(f, full, cols, rows);
}

/* architecture: "llama", "gemma3" or "gemma-embedding". */
static inline void file_make(struct model_file *f, const char *architecture) {
    memset(f, 0, sizeof(*f));
    f->architecture = architecture;
    const bool gemma3 = strncmp(architecture, "gemma", 5) == 0;
    file_text(f, "general.architecture", architecture);
    file_u32(f, "block_count", FILE_LAYERS);
    file_u32(f, "context_length", FILE_CONTEXT);
    file_u32(f, "embedding_length", FILE_EMBD);
    file_u32(f, "feed_forward_length", FILE_FF);
    file_u32(f, "attention.head_count", FILE_HEADS);
    file_u32(f, "attention.head_count_kv", FILE_HEADS_KV);
    file_f32(f, "attention.layer_norm_rms_epsilon", 1e-5);
    file_u32(f, "attention.key_length", FILE_DIM);
    file_u32(f, "attention.value_length", FILE_DIM);
    if (gemma3) {
        file_u32(f, "attention.sliding_window", 9);
    }
    file_add(f, "token_embd.weight", FILE_EMBD, FILE_VOCAB);
    file_add(f, "output_norm.weight", FILE_EMBD, 0);
    for (unsigned i = 0; i < FILE_LAYERS; i++) {
        file_add_layer(f, i, "attn_norm", FILE_EMBD, 0);
        file_add_layer(f, i, "attn_q", FILE_EMBD, FILE_HEADS * FILE_DIM);
        file_add_layer(f, i, "attn_k", FILE_EMBD, FILE_HEADS_KV * FILE_DIM);
        file_add_layer(f, i, "attn_v", FILE_EMBD, FILE_HEADS_KV * FILE_DIM);
        file_add_layer(f, i, "attn_output", FILE_HEADS * FILE_DIM, FILE_EMBD);
        file_add_layer(f, i, "ffn_norm", FILE_EMBD, 0);
        file_add_layer(f, i, "ffn_gate", FILE_EMBD, FILE_FF);
        file_add_layer(f, i, "ffn_up", FILE_EMBD, FILE_FF);
        file_add_layer(f, i, "ffn_down", FILE_FF, FILE_EMBD);
        if (gemma3) {
            file_add_layer(f, i, "attn_q_norm", FILE_DIM, 0);
            file_add_layer(f, i, "attn_k_norm", FILE_DIM, 0);
            file_add_layer(f, i, "post_attention_norm", FILE_EMBD, 0);
            file_add_layer(f, i, "post_ffw_norm", FILE_EMBD, 0);
        }
    }
}

/* A vocabulary of `count` tokens: <unk>, <s>, </s>, then normal tokens. */
static inline void file_add_vocabulary(struct model_file *f, size_t count) {
    file_text(f, "tokenizer.ggml.model", "llama");
    file_array(f, "tokenizer.ggml.tokens", GGUF_STRING, count, NULL);
}

static inline void put_file_array(struct build *b, const struct file_key *key) {
    put_array(b, key->name, key->element, key->count);
    for (size_t i = 0; i < key->count; i++) {
        if (key->element == GGUF_STRING) {
            static const char *const first[] = {"<unk>", "<s>", "</s>"};
            char text[16];
            snprintf(text, sizeof(text), "t%u", (unsigned)i);
            put_text(b, i < 3 ? first[i] : text);
        } else {
            put_number(b, key->values[i], key->element == GGUF_BOOL ? 1 : 4);
        }
    }
}

static inline void put_file_key(struct build *b, const struct file_key *key) {
    if (key->type == GGUF_ARRAY) {
        put_file_array(b, key);
        return;
    }
    put_key(b, key->name, key->type);
    if (key->type == GGUF_STRING) {
        put_text(b, key->text);
    } else if (key->type == GGUF_F32) {
        put_f32(b, (float)key->number);
    } else if (key->type == GGUF_BOOL) {
        put_u8(b, (uint8_t)key->number);
    } else {
        put_u32(b, (uint32_t)(int64_t)key->number);
    }
}

static inline uint64_t file_tensor_bytes(const struct file_tensor *tensor) {
    const struct type_traits *traits = type_traits(tensor->type);
    uint64_t weights = 1;
    for (uint32_t i = 0; i < tensor->n_dims; i++) {
        weights *= tensor->shape[i];
    }
    return weights / traits->block_weights * traits->block_bytes;
}

/* The file up to the data section. */
static inline void file_write_directory(const struct model_file *f, struct build *b) {
    *b = (struct build){0};
    put_header(b, 3, f->n_tensors, f->n_keys);
    for (size_t i = 0; i < f->n_keys; i++) {
        put_file_key(b, &f->keys[i]);
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < f->n_tensors; i++) {
        const struct file_tensor *tensor = &f->tensors[i];
        put_tensor(b, tensor->name, tensor->n_dims, tensor->shape, tensor->type, offset);
        offset += (file_tensor_bytes(tensor) + 31) / 32 * 32;
    }
}

/* The whole file, with random weights and norms near 1. Tensors of other types than F32 are zeros. */
static inline void file_write(const struct model_file *f, struct build *b) {
    file_write_directory(f, b);
    uint32_t random = 1;
    for (size_t i = 0; i < f->n_tensors; i++) {
        const struct file_tensor *tensor = &f->tensors[i];
        const uint64_t bytes = file_tensor_bytes(tensor);
        const uint64_t floats = tensor->type == TYPE_F32 ? bytes / 4 : 0;
        put_data(b, 32, 0);
        for (uint64_t k = 0; k < floats; k++) {
            random = random * 1664525u + 1013904223u;
            const float unit = (float)(random >> 8) * 0x1p-23f - 1.0f;
            put_f32(b, tensor->n_dims == 1 ? 1.0f + 0.1f * unit : 0.4f * unit);
        }
        for (uint64_t k = 4 * floats; k < bytes; k++) {
            put_u8(b, 0);
        }
    }
}

#endif
