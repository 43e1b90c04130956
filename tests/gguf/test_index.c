/* gguf_index: tables, duplicate names, hostile sets of names, refused memory. */
#include "tests/gguf/check.h"

#include <stdio.h>

#define LIMIT (1u << 30)

/* Scans and indexes all of *b. */
static int read_all(const struct build *b, struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    struct gguf_scan scan = {.file_bytes = b->n};
    assert_int_equal(gguf_scan_bytes(&scan, b->at, b->n, error), QN_OK);
    return gguf_index(gguf, &scan, b->at, arena, error);
}

static void assert_text(struct gguf_text text, const char *expected) {
    assert_int_equal(text.bytes, strlen(expected));
    assert_memory_equal(text.at, expected, text.bytes);
}

static void indexes_every_value(void **state) {
    (void)state;
    static const char *const keys[EVERY_VALUES] = {
        "u8",    "i8",    "u16",    "i16",      "u32",   "i32",   "f32",   "bool",   "string",
        "u64",   "i64",   "f64",    "empty",    "a.u8",  "a.i8",  "a.u16", "a.i16",  "a.u32",
        "a.i32", "a.f32", "a.bool", "a.string", "a.u64", "a.i64", "a.f64", "a.none", "general.alignment"};
    static const size_t counts[EVERY_VALUES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3,
                                                1, 2, 2, 2, 2, 2, 3, 4, 1, 1, 1, 0, 1};
    static const size_t bytes[EVERY_VALUES] = {1, 1, 2, 2, 4, 4, 4, 1,  6, 8, 8, 8, 0, 3,
                                               1, 4, 4, 8, 8, 8, 3, 41, 8, 8, 8, 0, 4};
    struct build b = {0};
    put_every(&b, 3);
    struct arena arena = {.limit = LIMIT};
    struct gguf gguf;
    struct qn_error error;
    assert_int_equal(read_all(&b, &gguf, &arena, &error), QN_OK);
    assert_int_equal(gguf.n_values, EVERY_VALUES);
    assert_int_equal(gguf.version, 3);
    assert_int_equal(gguf.alignment, 64);
    for (size_t i = 0; i < EVERY_VALUES; i++) {
        const struct gguf_value *value = &gguf.values[i];
        assert_text(value->key, keys[i]);
        assert_int_equal(value->count, counts[i]);
        assert_int_equal(value->bytes, bytes[i]);
        assert_true(value->data >= b.at && value->data + value->bytes <= b.at + b.n);
        assert_int_equal(b.at[value->offset - 4], value->type);
        assert_int_equal(b.at[value->offset - 5], keys[i][strlen(keys[i]) - 1]);
        assert_ptr_equal(gguf_find(&gguf, keys[i]), value);
    }
    assert_null(gguf_find(&gguf, ""));
    assert_null(gguf_find(&gguf, "u9"));
    assert_null(gguf_find(&gguf, "general.alignmen"));
    assert_null(gguf_find(&gguf, "general.alignment2"));
    arena_free(&arena);
    build_free(&b);
}

static void indexes_every_tensor(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t shape[4], offset, bytes;
        uint32_t n_dims, type;
    } expected[EVERY_TENSORS] = {{"matrix", {64, 3, 1, 1}, 0, 108, 2, TYPE_Q4_0},
                                 {"scalar", {1, 1, 1, 1}, 128, 4, 0, TYPE_F32},
                                 {"nothing", {0, 7, 1, 1}, 192, 0, 2, TYPE_F16},
                                 {"four", {2, 3, 4, 5}, 192, 120, 4, TYPE_I8},
                                 {"last", {256, 1, 1, 1}, 320, 210, 1, TYPE_Q6_K}};
    struct build b = {0};
    put_every(&b, 3);
    struct arena arena = {.limit = LIMIT};
    struct gguf gguf;
    struct qn_error error;
    assert_int_equal(read_all(&b, &gguf, &arena, &error), QN_OK);
    assert_int_equal(gguf.n_tensors, EVERY_TENSORS);
    assert_int_equal(gguf.data_bytes, 530);
    assert_int_equal(gguf.data_offset, b.n - 530);
    for (size_t i = 0; i < EVERY_TENSORS; i++) {
        const struct gguf_tensor *tensor = &gguf.tensors[i];
        assert_text(tensor->name, expected[i].name);
        assert_memory_equal(tensor->shape, expected[i].shape, sizeof(tensor->shape));
        assert_int_equal(tensor->offset, gguf.data_offset + expected[i].offset);
        assert_int_equal(tensor->bytes, expected[i].bytes);
        assert_int_equal(tensor->n_dims, expected[i].n_dims);
        assert_int_equal(tensor->type, expected[i].type);
        assert_int_equal(b.at[tensor->info_offset], strlen(expected[i].name));
        assert_memory_equal(b.at + tensor->info_offset + 8, expected[i].name, strlen(expected[i].name));
        assert_ptr_equal(gguf_find_tensor(&gguf, expected[i].name), tensor);
    }
    assert_null(gguf_find_tensor(&gguf, ""));
    assert_null(gguf_find_tensor(&gguf, "fours"));
    arena_free(&arena);
    build_free(&b);
}

static void an_empty_directory_has_nothing(void **state) {
    (void)state;
    struct build b = {0};
    put_header(&b, 3, 0, 0);
    struct arena arena = {.limit = LIMIT};
    struct gguf gguf;
    struct qn_error error;
    assert_int_equal(read_all(&b, &gguf, &arena, &error), QN_OK);
    assert_null(gguf_find(&gguf, "a"));
    assert_null(gguf_find_tensor(&gguf, "a"));
    arena_free(&arena);
    build_free(&b);
}

/* n names; those at `first` and `second` are equal. */
static void put_names(struct build *b, bool keys, uint32_t n, uint32_t first, uint32_t second) {
    put_header(b, 3, keys ? 0 : n, keys ? n : 0);
    for (uint32_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "name.%u", (i == second ? first : i) * 7919 % 1000);
        if (keys) {
            put_key_u32(b, name, i);
        } else {
            put_tensor(b, name, 0, NULL, TYPE_F32, 32 * (uint64_t)i);
        }
    }
    put_data(b, 32, 32 * n);
}

static void names_that_occur_twice(void **state) {
    (void)state;
    static const uint32_t pairs[][3] = {{2, 0, 1},     {3, 0, 2},   {100, 0, 99},
                                        {100, 98, 99}, {100, 0, 1}, {999, 123, 456}};
    for (size_t i = 0; i < 2 * sizeof(pairs) / sizeof(pairs[0]); i++) {
        const uint32_t *pair = pairs[i / 2];
        struct build b = {0};
        put_names(&b, i % 2, pair[0], pair[1], pair[2]);
        struct arena arena = {.limit = LIMIT};
        struct gguf gguf;
        struct qn_error error = {0};
        assert_int_equal(read_all(&b, &gguf, &arena, &error), QN_ERR_FORMAT);
        char words[64];
        snprintf(words, sizeof(words), "%s %u and %u have the same name, name.%u", i % 2 ? "keys" : "tensors", pair[1],
                 pair[2], pair[1] * 7919 % 1000);
        assert_string_equal(error.text, words);
        assert_true(error.offset > 24 && error.offset < b.n);
        arena_free(&arena);
        build_free(&b);
    }
}

/* A tensor may have the name of a key, and names that share a prefix differ. */
static void names_that_are_nearly_the_same(void **state) {
    (void)state;
    static const char *const names[] = {"a", "aa", "aaa", "b", "A", "a ", " a", ""};
    struct build b = {0};
    put_header(&b, 3, 8, 7);
    for (int i = 0; i < 7; i++) {
        put_key_u32(&b, names[i], (uint32_t)i);
    }
    for (int i = 0; i < 8; i++) {
        put_tensor(&b, names[i], 1, (const uint64_t[]){0}, TYPE_F32, 0);
    }
    put_data(&b, 32, 0);
    struct arena arena = {.limit = LIMIT};
    struct gguf gguf;
    struct qn_error error;
    assert_int_equal(read_all(&b, &gguf, &arena, &error), QN_OK);
    for (int i = 0; i < 8; i++) {
        assert_ptr_equal(gguf_find_tensor(&gguf, names[i]), &gguf.tensors[i]);
    }
    arena_free(&arena);
    build_free(&b);
}

/* 2^17 names that collide in common multiplicative hashes ("Aa" and "BB" are equal with 31), share a long prefix, and
 * are in an order that is bad for simple sorts. A quadratic algorithm would take minutes. */
static void hash_flood(void **state) {
    (void)state;
    enum { BITS = 17, COUNT = 1 << BITS };
    struct build b = {0};
    put_header(&b, 3, COUNT, 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint32_t bits = i % 2 ? COUNT - 1 - i / 2 : i / 2; /* from both ends toward the middle */
        char name[GGUF_MAX_NAME] = "blk.blk.blk.blk.blk.blk.";
        size_t n = strlen(name);
        for (int bit = 0; bit < BITS; bit++, n += 2) {
            memcpy(name + n, bits >> bit & 1 ? "Aa" : "BB", 2);
        }
        put_tensor(&b, name, 1, (const uint64_t[]){0}, TYPE_F32, 0);
    }
    put_data(&b, 32, 0);
    struct arena arena = {.limit = LIMIT};
    struct gguf gguf;
    struct qn_error error;
    assert_int_equal(read_all(&b, &gguf, &arena, &error), QN_OK);
    for (uint32_t i = 1; i < COUNT; i++) {
        const struct gguf_tensor *a = &gguf.tensors[gguf.tensor_order[i - 1]];
        const struct gguf_tensor *c = &gguf.tensors[gguf.tensor_order[i]];
        assert_true(memcmp(a->name.at, c->name.at, a->name.bytes) < 0);
    }
    arena_free(&arena);
    build_free(&b);
}

/* CVE-2024-32878: after an error, an uninitialized pointer was freed. Here, memory is refused at every step. */
static void cve_2024_32878_memory_is_refused(void **state) {
    (void)state;
    struct build b = {0};
    put_names(&b, false, 900, 900, 900);
    struct build keys = {0};
    put_names(&keys, true, 900, 900, 900);
    const struct build *both[] = {&b, &keys};
    for (size_t i = 0; i < 2; i++) {
        bool granted = false;
        size_t refused = 0;
        for (size_t limit = 0; !granted; limit += 1024) {
            struct arena arena = {.limit = limit};
            struct gguf gguf;
            struct qn_error error = {0};
            const int status = read_all(both[i], &gguf, &arena, &error);
            granted = status == QN_OK;
            if (!granted) {
                assert_int_equal(status, QN_ERR_MEMORY);
                assert_int_equal(error.code, QN_ERR_MEMORY);
                refused++;
            }
            assert_true(arena.used <= limit);
            arena_free(&arena);
        }
        assert_true(refused > 1);
    }
    build_free(&b);
    build_free(&keys);
}

static void an_unfinished_scan_is_refused(void **state) {
    (void)state;
    struct build b = {0};
    put_every(&b, 3);
    for (size_t have = 0; have < 400; have += 13) {
        struct gguf_scan scan = {0};
        struct arena arena = {.limit = LIMIT};
        struct gguf gguf;
        struct qn_error error;
        assert_int_equal(gguf_scan_bytes(&scan, b.at, have, &error), QN_MORE);
        assert_int_equal(gguf_index(&gguf, &scan, b.at, &arena, &error), QN_ERR_STATE);
        arena_free(&arena);
    }
    build_free(&b);
}

/* The bytes must not change between scan and index. If they do, the result is an error, not an overread. */
static void changed_bytes_are_not_trusted(void **state) {
    (void)state;
    struct build b = {0};
    put_every(&b, 3);
    struct gguf_scan scan = {0};
    struct qn_error error;
    assert_int_equal(gguf_scan_bytes(&scan, b.at, b.n, &error), QN_OK);
    const size_t directory = (size_t)scan.position;
    for (size_t i = 24; i < directory; i++) {
        uint8_t *exact = malloc(directory);
        assert_non_null(exact);
        memcpy(exact, b.at, directory);
        exact[i] ^= 0x41;
        struct arena arena = {.limit = LIMIT};
        struct gguf gguf;
        const int status = gguf_index(&gguf, &scan, exact, &arena, &error);
        assert_true(status == QN_OK || (status < 0 && error.code == status));
        arena_free(&arena);
        free(exact);
    }
    build_free(&b);
}

/* Scans *b, then indexes it with another byte at `at`. Frees *b. */
static void assert_change_refused(struct build *b, size_t at, uint8_t byte) {
    struct gguf_scan scan = {0};
    struct arena arena = {.limit = LIMIT};
    struct gguf gguf;
    struct qn_error error;
    assert_int_equal(gguf_scan_bytes(&scan, b->at, b->n, &error), QN_OK);
    b->at[at] = byte;
    assert_int_equal(gguf_index(&gguf, &scan, b->at, &arena, &error), QN_ERR_FORMAT);
    arena_free(&arena);
    build_free(b);
}

/* Changes that make an entry invalid are found again. Each is in the last entry, so that no later one fails instead. */
static void invalid_changes_are_refused(void **state) {
    (void)state;
    static const uint64_t shape[] = {1};
    struct build b = {0};
    put_header(&b, 3, 0, 1), put_key_u32(&b, "k", 1);
    assert_change_refused(&b, 24 + 8 + 1, 99); /* the type of the value */
    b = (struct build){0};
    put_header(&b, 3, 0, 1), put_key_u32(&b, "k", 1);
    assert_change_refused(&b, 24, 0); /* an empty key */
    b = (struct build){0};
    put_header(&b, 3, 1, 0), put_tensor(&b, "t", 1, shape, TYPE_F32, 0);
    const size_t offset = b.n - 8;
    put_data(&b, 32, 4);
    assert_change_refused(&b, offset, 32); /* a gap before the data of the tensor */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indexes_every_value),
        cmocka_unit_test(indexes_every_tensor),
        cmocka_unit_test(an_empty_directory_has_nothing),
        cmocka_unit_test(names_that_occur_twice),
        cmocka_unit_test(names_that_are_nearly_the_same),
        cmocka_unit_test(hash_flood),
        cmocka_unit_test(cve_2024_32878_memory_is_refused),
        cmocka_unit_test(an_unfinished_scan_is_refused),
        cmocka_unit_test(changed_bytes_are_not_trusted),
        cmocka_unit_test(invalid_changes_are_refused),
    };
    return cmocka_run_group_tests_name("gguf_index", tests, NULL, NULL);
}
