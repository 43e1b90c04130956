/* Builds GGUF files with vocabularies for the tokenizer's suites, key by key, valid or not. */
#ifndef TESTS_ENGINE_TEXT_TOKENIZER_VOCABULARY_BUILDER_H
#define TESTS_ENGINE_TEXT_TOKENIZER_VOCABULARY_BUILDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/text/tokenizer/detokenizer.h"
#include "engine/text/tokenizer/tokenizer.h"
#include "engine/text/tokenizer/vocabulary_read.h"
#include "tests/gguf/build.h"

#define KEY    "tokenizer.ggml."
#define MEMORY ((size_t)1 << 28)

struct file {
    struct build body; /* the keys and values */
    uint64_t n_values;
};

static inline void file_text(struct file *f, const char *key, const char *text) {
    put_key(&f->body, key, GGUF_STRING), put_text(&f->body, text);
    f->n_values++;
}

static inline void file_u32(struct file *f, const char *key, uint32_t value) {
    put_key_u32(&f->body, key, value);
    f->n_values++;
}

static inline void file_bool(struct file *f, const char *key, int value) {
    put_key(&f->body, key, GGUF_BOOL), put_u8(&f->body, value != 0);
    f->n_values++;
}

static inline void file_texts(struct file *f, const char *key, size_t n, const char *const *texts) {
    put_array(&f->body, key, GGUF_STRING, n);
    for (size_t i = 0; i < n; i++) {
        put_text(&f->body, texts[i]);
    }
    f->n_values++;
}

static inline void file_i32s(struct file *f, const char *key, size_t n, const int32_t *numbers) {
    put_array(&f->body, key, GGUF_I32, n);
    for (size_t i = 0; i < n; i++) {
        put_u32(&f->body, (uint32_t)numbers[i]);
    }
    f->n_values++;
}

static inline void file_f32s(struct file *f, const char *key, size_t n, const float *numbers) {
    put_array(&f->body, key, GGUF_F32, n);
    for (size_t i = 0; i < n; i++) {
        put_f32(&f->body, numbers[i]);
    }
    f->n_values++;
}

struct loaded {
    struct build bytes;
    struct arena arena;  /* of the directory */
    struct arena memory; /* of the vocabulary */
    struct gguf gguf;
    const struct vocabulary *vocabulary; /* null: see error */
    struct qn_error error;
};

/* Reads the file's vocabulary with a limit on its memory. Frees the file. */
static inline void load_within(struct loaded *l, struct file *f, size_t memory) {
    struct gguf_scan scan = {0};
    *l = (struct loaded){.arena = {.limit = MEMORY}, .memory = {.limit = memory}};
    put_header(&l->bytes, 3, 0, f->n_values);
    put_bytes(&l->bytes, f->body.at, f->body.n);
    build_free(&f->body);
    f->n_values = 0;
    assert_int_equal(gguf_scan_bytes(&scan, l->bytes.at, l->bytes.n, &l->error), QN_OK);
    assert_int_equal(gguf_index(&l->gguf, &scan, l->bytes.at, &l->arena, &l->error), QN_OK);
    l->vocabulary = vocabulary_new(&l->gguf, &l->memory, &l->error);
}

static inline void load(struct loaded *l, struct file *f) { load_within(l, f, MEMORY); }

static inline void loaded_free(struct loaded *l) {
    arena_free(&l->memory);
    arena_free(&l->arena);
    build_free(&l->bytes);
}

/* Asserts that the file is rejected with this code and an error that contains this text. */
static inline void assert_rejected(struct file *f, int code, const char *text) {
    struct loaded l;
    load(&l, f);
    assert_null(l.vocabulary);
    if (strstr(l.error.text, text) == NULL) {
        print_error("%s\n", l.error.text);
    }
    assert_int_equal(l.error.code, code);
    assert_non_null(strstr(l.error.text, text));
    loaded_free(&l);
}

/* Tokenizes a text with enough memory. Returns the number of ids. */
static inline int64_t ids_of(const struct loaded *l, const char *text, uint32_t flags, int32_t *ids, size_t capacity) {
    struct arena scratch = {.limit = MEMORY};
    struct qn_error error;
    const int64_t n =
        vocabulary_tokenize(l->vocabulary, text, strlen(text), NULL, flags, ids, capacity, &scratch, &error);
    arena_free(&scratch);
    return n;
}

static inline void assert_ids(const struct loaded *l, const char *text, uint32_t flags, size_t n,
                              const int32_t *expected) {
    int32_t ids[64] = {0};
    assert_int_equal(ids_of(l, text, flags, ids, 64), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ids[i], expected[i]);
    }
}
#define ASSERT_IDS(loaded, text, flags, ...)                                                                           \
    assert_ids(loaded, text, flags, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t),                          \
               (const int32_t[]){__VA_ARGS__})

#endif
