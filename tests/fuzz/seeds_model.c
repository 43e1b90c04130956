/* seeds_model <folder>: writes the seeds of fuzz_model: directories of small valid models. The target adds the weights.
 */
#include <dirent.h>

#include "tests/engine/support/model_file.h"
#include "tests/fuzz/seeds.h"

static void save(const struct model_file *f, const char *folder, const char *name) {
    struct build b;
    char path[4096];
    file_write_directory(f, &b);
    put_data(&b, 32, 0);
    snprintf(path, sizeof(path), "%s/%s.gguf", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(b.at, 1, b.n, file) != b.n || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    build_free(&b);
}

/* Writes random choices, see model_choices.h. */
static void save_choices(const char *folder) {
    uint32_t random = 1;
    for (int i = 0; i < 64; i++) {
        uint8_t bytes[64];
        for (size_t k = 0; k < sizeof(bytes); k++) {
            random = random * 1664525u + 1013904223u;
            bytes[k] = (uint8_t)(random >> 24);
        }
        char path[4096];
        snprintf(path, sizeof(path), "%s/choices-%d", folder, i);
        FILE *file = fopen(path, "wb");
        if (file == NULL || fwrite(bytes, 1, sizeof(bytes), file) != sizeof(bytes) || fclose(file) != 0) {
            perror(path);
            exit(1);
        }
    }
}

/* Sets the type of all matrices whose rows consist of whole blocks. */
static void set_types(struct model_file *f, uint32_t type) {
    for (size_t i = 0; i < f->n_tensors; i++) {
        if (f->tensors[i].n_dims == 2 && f->tensors[i].shape[0] % type_traits(type)->block_weights == 0) {
            f->tensors[i].type = type;
        }
    }
}

/* Makes n_embd as large as a super-block. */
static void widen(struct model_file *f) {
    file_u32(f, "embedding_length", 256);
    for (size_t i = 0; i < f->n_tensors; i++) {
        uint64_t *shape = f->tensors[i].shape;
        const bool output = strstr(f->tensors[i].name, "attn_output") != NULL;
        const bool down = strstr(f->tensors[i].name, "ffn_down") != NULL;
        const bool head = strstr(f->tensors[i].name, "attn_q_norm") || strstr(f->tensors[i].name, "attn_k_norm");
        shape[output || down ? 1 : 0] = head ? FILE_DIM : 256;
    }
}

/* Writes the directory of a model in tests/vectors. */
static void save_vector(const char *folder, const char *name) {
    static uint8_t bytes[1 << 20];
    char path[4096];
    struct gguf_scan scan = {0};
    struct qn_error error;
    snprintf(path, sizeof(path), QUERN_VECTORS "/%s", name);
    FILE *file = fopen(path, "rb");
    const size_t have = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
    if (file == NULL || fclose(file) != 0 || gguf_scan_bytes(&scan, bytes, have, &error) != QN_OK) {
        fprintf(stderr, "%s: no directory in its first %zu bytes\n", path, have);
        exit(1);
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, (size_t)scan.data_offset, file) != scan.data_offset || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* Writes the directory of a model with the first bytes of one metadata value replaced, for each value of the model. */
static void save_changed(const char *folder, const char *name) {
    static const uint32_t numbers[] = {0, 1, 0x7fffffff};
    static uint8_t bytes[1 << 20];
    char path[4096];
    struct gguf_scan scan = {0};
    struct gguf gguf;
    struct qn_error error;
    struct arena arena = {.limit = 1 << 24};
    snprintf(path, sizeof(path), QUERN_VECTORS "/%s", name);
    FILE *file = fopen(path, "rb");
    const size_t have = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
    if (file == NULL || fclose(file) != 0 || gguf_scan_bytes(&scan, bytes, have, &error) != QN_OK ||
        gguf_index(&gguf, &scan, bytes, &arena, &error) != QN_OK) {
        fprintf(stderr, "%s: no directory in its first %zu bytes\n", path, have);
        exit(1);
    }
    for (size_t i = 0; i < gguf.n_values; i++) {
        const struct gguf_value *value = &gguf.values[i];
        const bool text = value->type == GGUF_STRING || value->element == GGUF_STRING;
        if (text || memcmp(value->key.at, "tokenizer.", 10) == 0) {
            continue;
        }
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            uint8_t *at = bytes + ((const uint8_t *)value->data - bytes);
            uint8_t old[4];
            const size_t size = value->bytes < 4 ? value->bytes : 4;
            memcpy(old, at, size);
            memcpy(at, &numbers[k], size);
            seed_write(folder, name, i * 10 + k, bytes, (size_t)scan.data_offset);
            memcpy(at, old, size);
        }
    }
    arena_free(&arena);
}

/* What qn_model_sampling reads: values in range, out of range and of the wrong type. */
static void save_recommendations(const char *folder) {
    for (uint32_t i = 0; i < 5; i++) {
        struct model_file f;
        char name[64];
        file_make(&f, "llama");
        file_f32(&f, "general.sampling.temp", i == 1 ? -1 : 0.5);
        file_f32(&f, "general.sampling.top_p", 0.9);
        file_u32(&f, "general.sampling.top_k", 20);
        if (i == 2) {
            file_u32(&f, "general.sampling.min_p", 1);
        } else if (i == 3) {
            file_u32(&f, "general.sampling.mirostat", 2);
        } else if (i == 4) {
            file_f32(&f, "general.sampling.top_k", 2);
        }
        snprintf(name, sizeof(name), "sampling-%u", i);
        save(&f, folder, name);
    }
    static const char *const unknown[] = {"unknown", "llama9", ""};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct model_file f;
        char name[64];
        file_make(&f, "llama");
        file_text(&f, "general.architecture", unknown[i]);
        snprintf(name, sizeof(name), "unknown-%zu", i);
        save(&f, folder, name);
    }
}

static void save_vectors(const char *folder) {
    DIR *vectors = opendir(QUERN_VECTORS);
    if (vectors == NULL) {
        perror(QUERN_VECTORS);
        exit(1);
    }
    for (const struct dirent *entry; (entry = readdir(vectors));) {
        if (strstr(entry->d_name, ".gguf")) {
            save_vector(folder, entry->d_name);
        }
    }
    closedir(vectors);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    static const uint32_t types[] = {TYPE_F16,  TYPE_BF16, TYPE_Q4_0, TYPE_Q4_1, TYPE_Q5_0, TYPE_Q5_1,
                                     TYPE_Q8_0, TYPE_Q2_K, TYPE_Q3_K, TYPE_Q4_K, TYPE_Q5_K, TYPE_Q6_K};
    static const char *const architectures[] = {"llama", "gemma3"};
    for (size_t a = 0; a < 2; a++) {
        struct model_file f;
        char name[64];
        file_make(&f, architectures[a]);
        save(&f, argv[1], architectures[a]);
        for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
            file_make(&f, architectures[a]);
            if (type_traits(types[t])->block_weights == 256) {
                widen(&f);
            }
            set_types(&f, types[t]);
            snprintf(name, sizeof(name), "%s-%s", architectures[a], type_traits(types[t])->name);
            save(&f, argv[1], name);
        }
        file_make(&f, architectures[a]);
        file_add_vocabulary(&f, FILE_VOCAB);
        file_text(&f, "tokenizer.chat_template", "{% for m in messages %}<s>{{ m.content }}</s>{% endfor %}");
        file_text(&f, "rope.scaling.type", "linear");
        file_f32(&f, "rope.scaling.factor", 8);
        file_f32(&f, "final_logit_softcapping", 30);
        file_add(&f, "output.weight", FILE_EMBD, FILE_VOCAB);
        file_add(&f, "rope_freqs.weight", FILE_DIM / 2, 0);
        file_add(&f, "blk.1.attn_k.bias", FILE_HEADS_KV * FILE_DIM, 0);
        snprintf(name, sizeof(name), "%s-more", architectures[a]);
        save(&f, argv[1], name);
    }
    static const char *const changed[] = {"tiny-gemma4-f32.gguf", "tiny-deepseek2-f32.gguf",
                                          "tiny-qwen35-f32.gguf", "tiny-falcon-h1-f32.gguf",
                                          "tiny-phi3-f32.gguf",   "tiny-qwen2moe-f32.gguf"};
    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        save_changed(argv[1], changed[i]);
    }
    save_recommendations(argv[1]);
    save_vectors(argv[1]);
    save_choices(argv[1]);
    return 0;
}
