/* Flaws in headers and values that other GGUF readers have accepted; each file must be refused. Numbers are CVE
 * entries. test_flaws_tensors.c covers tensors. */
#include <stdio.h>

#include "tests/gguf/check.h"

/* The header of a file with one key. The entry follows at byte 24. */
static struct build one_key(void) {
    struct build b = {0};
    put_header(&b, 3, 0, 1);
    return b;
}

static void wrong_magic(void **state) {
    (void)state;
    static const char *const starts[] = {"G", "GGU", "GGUF", "ggml"};
    for (size_t i = 0; i < 4; i++) {
        struct build b = {0};
        put_bytes(&b, starts[i], strlen(starts[i]));
        b.at[b.n - 1] ^= 1;
        put_bytes(&b, (uint8_t[24]){0}, 24 - b.n);
        assert_refused(&b, QN_ERR_FORMAT, 0, "letters GGUF");
    }
}

/* Files that users take for a model. */
static void other_files(void **state) {
    (void)state;
    static const struct {
        char start[25];
        const char *word;
    } files[] = {
        {"version https://git-lfs.", "Git LFS"},
        {"<!doctype html><title>Si", "web page"},
        {"<html lang=en><title>Not", "web page"},
        {"\r\n \t<!DOCTYPE html><html>", "web page"},
        {"{\"error\":\"unauthorized\"}", "JSON"},
        {"PK\3\4\24\0\0\0\10\0archive/dat", "PyTorch"},
        {"\x1f\x8b\10\0\0\0\0\0\0\3GGUF", "gzip"},
        {"\x28\xb5\x2f\xfd\4\0GGUF", "Zstandard"},
        {"\xfd"
         "7zXZ\0\0\4",
         "xz"},
        {"\x40\1\0\0\0\0\0\0{\"__metadata__\"", "safetensors"},
        {"lmgg", "GGML"},
        {"fmgg\1", "GGML"},
        {"tjgg\3", "GGML"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct build b = {0};
        put_bytes(&b, files[i].start, 24);
        assert_refused(&b, QN_ERR_FORMAT, 0, files[i].word);
    }
}

static void versions_that_are_not_read(void **state) {
    (void)state;
    static const uint32_t versions[] = {0, 1, 4, 5, 0xffffffff};
    for (size_t i = 0; i < 5; i++) {
        struct build b = {0};
        char word[48];
        snprintf(word, sizeof(word), "GGUF version %u is not supported", versions[i]);
        put_header(&b, versions[i], 0, 0);
        assert_refused(&b, QN_ERR_UNSUPPORTED, 4, word);
    }
}

static void wrong_endianness(void **state) {
    (void)state;
    for (uint32_t version = 1; version <= 3; version++) {
        struct build b = {0};
        put_header(&b, version << 24, 0, 0);
        assert_refused(&b, QN_ERR_UNSUPPORTED, 4, "big-endian");
    }
}

static void cve_2024_21836_number_of_tensors(void **state) {
    (void)state;
    static const uint64_t counts[] = {UINT64_MAX, 1ull << 63, (UINT64_MAX / 24) + 1, (1ull << 30) + 1};
    for (size_t i = 0; i < 4; i++) {
        struct build b = tensors(counts[i]);
        assert_refused(&b, QN_ERR_FORMAT, 8, "tensors");
    }
    struct build b = tensors(5);
    for (int i = 0; i < 4; i++) {
        put_tensor(&b, (const char *[]){"a", "b", "c", ""}[i], 0, NULL, TYPE_F32, 32 * (uint64_t)i);
    }
    assert_refused_known(&b, QN_ERR_FORMAT, 8, "tensors", b.n + 24);
}

static void cve_2024_23605_number_of_keys(void **state) {
    (void)state;
    static const uint64_t counts[] = {UINT64_MAX, 1ull << 63, (UINT64_MAX / 14) + 1, (1ull << 30) + 1};
    for (size_t i = 0; i < 4; i++) {
        struct build b = {0};
        put_header(&b, 3, 0, counts[i]);
        assert_refused(&b, QN_ERR_FORMAT, 8, "keys");
    }
    struct build b = {0};
    put_header(&b, 3, 0, 2);
    put_key(&b, "k", GGUF_U8), put_u8(&b, 1);
    put_u64(&b, 3), put_u32(&b, 0);
    assert_refused_known(&b, QN_ERR_FORMAT, 8, "keys", b.n + 4);
}

static void cve_2024_21825_array_of_strings(void **state) {
    (void)state;
    static const uint64_t counts[] = {UINT64_MAX, 1ull << 63, 1ull << 61, (1ull << 30) + 1};
    for (size_t i = 0; i < 4; i++) { /* the count times 8 or 16 overflows, or is absurd */
        struct build b = one_key();
        put_array(&b, "k", GGUF_STRING, counts[i]);
        put_text(&b, "a"), put_text(&b, "b");
        assert_refused(&b, QN_ERR_FORMAT, 24 + 9 + 8, "key 0 (k)");
    }
    struct build b = one_key();
    put_array(&b, "k", GGUF_STRING, 1u << 30); /* more strings than fit into the file */
    put_text(&b, "a"), put_text(&b, "b");
    assert_refused_known(&b, QN_ERR_FORMAT, 24 + 9 + 16, "key 0 (k)", 67 + 8 + 8 * ((1ull << 30) - 3));
    b = one_key();
    put_array(&b, "k", GGUF_STRING, 3);
    put_text(&b, "a"), put_u64(&b, UINT64_MAX - 8), put_text(&b, "c"); /* a length that overflows, within the array */
    assert_refused(&b, QN_ERR_FORMAT, 49 + 9, "key 0 (k)");
    b = one_key();
    put_array(&b, "k", GGUF_STRING, 3);
    put_text(&b, "a"), put_u64(&b, 10), put_text(&b, "c"); /* the second string swallows the third */
    assert_refused_known(&b, QN_ERR_FORMAT, 49 + 9 + 8, "key 0 (k)", b.n + 9);
}

static void arrays_larger_than_the_file(void **state) {
    (void)state;
    static const uint64_t counts[] = {UINT64_MAX, 1ull << 63, 1ull << 62, 1ull << 61, (1ull << 30) + 1};
    static const uint32_t elements[] = {GGUF_U8, GGUF_U16, GGUF_F32, GGUF_F64};
    for (size_t i = 0; i < 5 * 4; i++) {
        struct build b = one_key();
        put_array(&b, "k", elements[i % 4], counts[i / 4]);
        put_u64(&b, 0);
        assert_refused(&b, QN_ERR_FORMAT, 24 + 9 + 8, "key 0 (k)");
    }
    struct build b = one_key();
    put_array(&b, "k", GGUF_F64, 1u << 30);
    put_u64(&b, 0);
    assert_refused_known(&b, QN_ERR_FORMAT, 49, "key 0 (k)", 49 + (8ull << 30));
}

static void cve_2024_23496_string_length(void **state) {
    (void)state;
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7, 1ull << 63, 1ull << 32, (1u << 30) + 1};
    for (size_t i = 0; i < 5; i++) {
        struct build key = one_key();
        put_u64(&key, lengths[i]), put_u64(&key, 0);
        assert_refused(&key, QN_ERR_FORMAT, 24, "key 0 (?)");
        struct build value = one_key();
        put_key(&value, "k", GGUF_STRING), put_u64(&value, lengths[i]);
        assert_refused(&value, QN_ERR_FORMAT, 24 + 13, "key 0 (k)");
        struct build name = tensors(1);
        put_u64(&name, lengths[i]), put_u64(&name, 0), put_u64(&name, 0);
        assert_refused(&name, QN_ERR_FORMAT, 24, "tensor 0 (?)");
    }
}

/* A string of one GiB is legal: with an unknown file size, the scan asks for it and allocates nothing. */
static void unbounded_string_allocation(void **state) {
    (void)state;
    struct build b = one_key();
    put_key(&b, "k", GGUF_STRING), put_u64(&b, 1u << 30);
    put_u8(&b, 0);
    assert_refused_known(&b, QN_ERR_FORMAT, 24 + 13 + 8, "key 0 (k)", 45 + (1ull << 30));
    b = one_key();
    put_u64(&b, 1u << 30), put_u64(&b, 0);
    assert_refused_known(&b, QN_ERR_FORMAT, 32, "key 0 (?)", 32 + (1ull << 30) + 5);
}

/* The same for the strings of an array, of which the scan reads each length; one byte more is too much. */
static void strings_at_the_limit(void **state) {
    (void)state;
    struct build b = one_key();
    put_array(&b, "k", GGUF_STRING, 1), put_u64(&b, 1u << 30);
    assert_refused_known(&b, QN_ERR_FORMAT, b.n, "key 0 (k)", b.n + (1ull << 30));
    b = one_key();
    put_array(&b, "k", GGUF_STRING, 1), put_u64(&b, (1u << 30) + 1);
    assert_refused(&b, QN_ERR_FORMAT, b.n - 8, "exceeds the limit");
}

/* The largest numbers of keys and tensors, in a file of unknown size. */
static void entries_at_the_limit(void **state) {
    (void)state;
    for (uint64_t more = 0; more <= 1; more++) {
        for (int keys = 0; keys <= 1; keys++) {
            const uint64_t count = (1ull << 30) + more;
            struct build b = {0};
            struct gguf_scan scan = {0};
            struct qn_error error;
            put_header(&b, 3, keys ? 0 : count, keys ? count : 0);
            assert_int_equal(scan_exact(&scan, &b, b.n, &error), more ? QN_ERR_FORMAT : QN_MORE);
            build_free(&b);
        }
    }
}

static void empty_key(void **state) {
    (void)state;
    struct build b = one_key();
    put_key_u32(&b, "", 1);
    assert_refused(&b, QN_ERR_FORMAT, 24, "empty");
}

static void unknown_value_types(void **state) {
    (void)state;
    static const uint32_t types[] = {13, 255, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < 4; i++) {
        struct build b = one_key();
        put_key(&b, "k", types[i]), put_u64(&b, 0);
        assert_refused(&b, QN_ERR_FORMAT, 24 + 9, "key 0 (k)");
        b = one_key();
        put_array(&b, "k", types[i], 0);
        assert_refused(&b, QN_ERR_FORMAT, 24 + 9 + 4, "key 0 (k)");
    }
}

static void nested_arrays(void **state) {
    (void)state;
    struct build b = one_key();
    put_array(&b, "k", GGUF_ARRAY, 1);
    for (int depth = 0; depth < 1000; depth++) {
        put_u32(&b, GGUF_ARRAY), put_u64(&b, 1);
    }
    assert_refused(&b, QN_ERR_UNSUPPORTED, 24 + 9 + 4, "array of arrays");
}

static void alignment_values(void **state) {
    (void)state;
    static const uint32_t wrong[] = {0, 3, 33, 0xffffffff};
    for (size_t i = 0; i < 4; i++) {
        struct build b = one_key();
        put_key_u32(&b, "general.alignment", wrong[i]);
        assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "power of two");
    }
    for (uint32_t bit = 0; bit <= 16; bit++) {
        struct build b = one_key();
        put_key_u32(&b, "general.alignment", 1u << bit);
        assert_accepted(&b);
    }
    struct build b = one_key();
    put_key(&b, "general.alignment", GGUF_U64), put_u64(&b, 32);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "u32");
    b = one_key();
    put_array(&b, "general.alignment", GGUF_U32, 1), put_u32(&b, 32);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "u32");
    b = one_key(); /* an array of strings that ends after its header */
    put_array(&b, "general.alignment", GGUF_STRING, 0);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "u32");
}

static void hostile_names_do_not_break_the_message(void **state) {
    (void)state;
    struct build b = {0};
    put_header(&b, 3, 0, 1);
    put_u64(&b, 5000);
    for (int i = 0; i < 5000; i++) {
        put_u8(&b, i % 2 ? '\n' : 0xff);
    }
    put_u32(&b, 99), put_u64(&b, 0);
    struct gguf_scan scan;
    struct qn_error error;
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_int_equal(strlen(error.text), error.text_bytes);
    assert_null(strchr(error.text, '\n'));
    build_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_magic),
        cmocka_unit_test(other_files),
        cmocka_unit_test(versions_that_are_not_read),
        cmocka_unit_test(wrong_endianness),
        cmocka_unit_test(cve_2024_21836_number_of_tensors),
        cmocka_unit_test(cve_2024_23605_number_of_keys),
        cmocka_unit_test(cve_2024_21825_array_of_strings),
        cmocka_unit_test(arrays_larger_than_the_file),
        cmocka_unit_test(cve_2024_23496_string_length),
        cmocka_unit_test(unbounded_string_allocation),
        cmocka_unit_test(strings_at_the_limit),
        cmocka_unit_test(entries_at_the_limit),
        cmocka_unit_test(empty_key),
        cmocka_unit_test(unknown_value_types),
        cmocka_unit_test(nested_arrays),
        cmocka_unit_test(alignment_values),
        cmocka_unit_test(hostile_names_do_not_break_the_message),
    };
    return cmocka_run_group_tests_name("gguf_flaws", tests, NULL, NULL);
}
