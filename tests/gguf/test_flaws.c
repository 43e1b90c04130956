/* Flaws that GGUF readers have had, each one a file that must be refused. Numbers are those of the CVE entries. */
#include "tests/gguf/check.h"

#define TENSOR(b, name, type, offset, ...)                                                                             \
    put_tensor((b), (name), sizeof((uint64_t[]){__VA_ARGS__}) / 8, (const uint64_t[]){__VA_ARGS__}, (type), (offset))

/* Directory of one key, whose entry follows at byte 24. */
static struct build one_key(void) {
    struct build b = {0};
    put_header(&b, 3, 0, 1);
    return b;
}

static struct build tensors(uint64_t count) {
    struct build b = {0};
    put_header(&b, 3, count, 0);
    return b;
}

static void accepted(struct build *b) {
    struct gguf_scan scan;
    struct qn_error error;
    if (scan_known(b, &scan, &error) != QN_OK) {
        fail_msg("%s", error.text);
    }
    build_free(b);
}

static void wrong_magic(void **state) {
    (void)state;
    static const char *const starts[] = {"G", "GGU", "GGUF", "ggml"};
    for (size_t i = 0; i < 4; i++) {
        struct build b = {0};
        put_bytes(&b, starts[i], strlen(starts[i]));
        b.at[b.n - 1] ^= 1;
        assert_refused(&b, QN_ERR_FORMAT, 0, "GGUF");
    }
}

static void versions_that_are_not_read(void **state) {
    (void)state;
    static const uint32_t versions[] = {0, 1, 4, 5, 0xffffffff};
    for (size_t i = 0; i < 5; i++) {
        struct build b = {0};
        put_header(&b, versions[i], 0, 0);
        assert_refused(&b, QN_ERR_UNSUPPORTED, 4, "version");
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
    for (size_t i = 0; i < 4; i++) { /* the count times 8 or 16 wraps, or is out of all measure */
        struct build b = one_key();
        put_array(&b, "k", GGUF_STRING, counts[i]);
        put_text(&b, "a"), put_text(&b, "b");
        assert_refused(&b, QN_ERR_FORMAT, 24 + 9 + 8, "key 0 (k)");
    }
    struct build b = one_key();
    put_array(&b, "k", GGUF_STRING, 1u << 30); /* more strings than the file has room for */
    put_text(&b, "a"), put_text(&b, "b");
    assert_refused_known(&b, QN_ERR_FORMAT, 24 + 9 + 16, "key 0 (k)", 67 + 8 + 8 * ((1ull << 30) - 3));
    b = one_key();
    put_array(&b, "k", GGUF_STRING, 3);
    put_text(&b, "a"), put_u64(&b, UINT64_MAX - 8), put_text(&b, "c"); /* a length that wraps, within the array */
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

/* A gibibyte is legal: of a file whose size is not known it is asked for, never taken. */
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
        accepted(&b);
    }
    struct build b = one_key();
    put_key(&b, "general.alignment", GGUF_U64), put_u64(&b, 32);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "u32");
    b = one_key();
    put_array(&b, "general.alignment", GGUF_U32, 1), put_u32(&b, 32);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "u32");
    b = one_key(); /* an array of strings that is no more than its head */
    put_array(&b, "general.alignment", GGUF_STRING, 0);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 29, "u32");
}

static void padding_wraps_for_a_huge_alignment(void **state) {
    (void)state;
    for (uint32_t bit = 17; bit < 32; bit++) {
        struct build b = {0};
        put_header(&b, 3, 1, 1);
        put_key_u32(&b, "general.alignment", 1u << bit);
        TENSOR(&b, "t", TYPE_F32, 0, 1);
        assert_refused(&b, QN_ERR_UNSUPPORTED, 24 + 29, "65536");
    }
}

static void tensor_names(void **state) {
    (void)state;
    char name[GGUF_MAX_NAME + 1] = {0};
    memset(name, 'n', GGUF_MAX_NAME);
    struct build b = tensors(1);
    TENSOR(&b, name, TYPE_F32, 0, 1);
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0");
    name[GGUF_MAX_NAME - 1] = 0;
    b = tensors(1);
    TENSOR(&b, name, TYPE_F32, 0, 1);
    put_data(&b, 32, 4);
    accepted(&b);
}

static void number_of_dimensions(void **state) {
    (void)state;
    static const uint32_t counts[] = {5, 0x20000000, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < 4; i++) {
        struct build b = tensors(1);
        put_text(&b, "t");
        put_u32(&b, counts[i]);
        put_data(&b, 1, 64);
        assert_refused(&b, QN_ERR_FORMAT, 24 + 9, "tensor 0 (t)");
    }
}

static void cve_2024_21802_dimensions_wrap(void **state) {
    (void)state;
    static const uint64_t shapes[][4] = {
        {1ull << 32, 1ull << 32, 1, 1},             /* 2^64 elements are 0 */
        {1ull << 16, 1ull << 16, 1 << 16, 1 << 16}, /* the same of four */
        {1ull << 31, 1ull << 31, 2, 1},             /* 2^63: no longer int64_t */
        {(1ull << 32) + 1, (1ull << 32) - 1, 1, 1}, /* wraps to a large number */
        {1ull << 31, 1ull << 32, 1, 1},
        {6074001001, 3037000500, 1, 1}, /* wraps to a small one */
        {UINT64_MAX, 1, 1, 1},          /* -1 */
        {32, 1ull << 63, 1, 1},
        {32, 1, 1, (uint64_t)-32},
        {(uint64_t)-2, (uint64_t)-2, 1, 1}, /* a product of two negative numbers */
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct build b = tensors(1);
        put_tensor(&b, "t", 4, shapes[i], TYPE_Q4_0, 0); /* less than a byte a weight: the bytes would fit */
        assert_refused(&b, QN_ERR_FORMAT, 24, "too many elements");
    }
}

static void cve_2026_33298_elements_times_type_size(void **state) {
    (void)state;
    struct build b = tensors(1);
    TENSOR(&b, "t", TYPE_F64, 0, 1ull << 61); /* 2^64 bytes are 0 */
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0 (t)");
    b = tensors(1);
    TENSOR(&b, "t", TYPE_F32, 0, INT64_MAX);
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0 (t)");
    b = tensors(1); /* 292 / 256 bytes a weight */
    TENSOR(&b, "t", TYPE_Q8_K, 0, (1ull << 63) - 256);
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0 (t)");
    b = tensors(1); /* as large as a file can be */
    TENSOR(&b, "t", TYPE_Q4_0, 0, 1ull << 62);
    struct gguf_scan scan = {0};
    struct qn_error error;
    assert_int_equal(scan_exact(&scan, &b, b.n, &error), QN_OK);
    assert_int_equal(scan.data_bytes, (1ull << 57) * 18);
    build_free(&b);
}

static void zero_dimensions(void **state) {
    (void)state;
    struct build b = tensors(6);
    TENSOR(&b, "a", TYPE_F32, 0, 0);
    TENSOR(&b, "b", TYPE_Q4_0, 0, 0, 5);
    TENSOR(&b, "c", TYPE_Q6_K, 0, 256, 0);
    TENSOR(&b, "d", TYPE_F16, 0, 0, 0, 0, 0);
    TENSOR(&b, "e", TYPE_F16, 0, 1ull << 62, 0);
    TENSOR(&b, "f", TYPE_F16, 0, 3, 0, 1ull << 60);
    put_data(&b, 32, 0);
    accepted(&b);
    b = tensors(1); /* no elements, but ne[1] * ne[2] wraps for whoever computes it */
    TENSOR(&b, "t", TYPE_F16, 0, 0, 1ull << 32, 1ull << 32);
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0 (t)");
}

static void tensor_types(void **state) {
    (void)state;
    static const uint32_t types[] = {4, 5, 31, 32, 33, 36, 37, 38, TYPE_COUNT, 1000, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct build b = tensors(1);
        TENSOR(&b, "t", types[i], 0, 256);
        put_data(&b, 32, 4096);
        assert_refused(&b, QN_ERR_UNSUPPORTED, 24 + 9 + 4 + 8, "tensor 0 (t)");
    }
}

static void rows_of_whole_blocks(void **state) {
    (void)state;
    struct build b = tensors(1);
    TENSOR(&b, "t", TYPE_Q4_0, 0, 33, 32);
    put_data(&b, 32, 4096);
    assert_refused(&b, QN_ERR_FORMAT, 24, "q4_0");
    b = tensors(1); /* 256 weights in all, but not in a row */
    TENSOR(&b, "t", TYPE_Q4_K, 0, 128, 2);
    put_data(&b, 32, 4096);
    assert_refused(&b, QN_ERR_FORMAT, 24, "q4_K");
    b = tensors(1); /* a scalar of a block type */
    put_tensor(&b, "t", 0, NULL, TYPE_Q4_0, 0);
    assert_refused(&b, QN_ERR_FORMAT, 24, "q4_0");
}

static void offsets_leave_no_gap_and_do_not_overlap(void **state) {
    (void)state;
    static const uint64_t offsets[] = {0, 4, 31, 33, 64, UINT64_MAX, UINT64_MAX - 31, 1ull << 63};
    for (size_t i = 0; i < 8; i++) {
        struct build b = tensors(2);
        TENSOR(&b, "t", TYPE_F32, 0, 1);
        TENSOR(&b, "u", TYPE_F32, offsets[i], 1);
        const uint64_t at = b.n - 8;
        put_data(&b, 32, 4096);
        assert_refused(&b, QN_ERR_FORMAT, at, "tensor 1 (u)");
    }
    struct build b = tensors(1);
    TENSOR(&b, "t", TYPE_F32, 32, 1);
    put_data(&b, 32, 4096);
    assert_refused(&b, QN_ERR_FORMAT, 24 + 9 + 4 + 8 + 4, "tensor 0 (t)");
}

/* CVE-2025-53630, CVE-2026-27940: each tensor is legal, their sum wraps. */
static void cve_2025_53630_sizes_accumulate(void **state) {
    (void)state;
    struct build b = tensors(3);
    TENSOR(&b, "t", TYPE_I8, 0, 1ull << 62);
    const uint64_t second = b.n;
    TENSOR(&b, "u", TYPE_I8, 1ull << 62, 1ull << 62);
    TENSOR(&b, "v", TYPE_I8, 1ull << 63, 1ull << 62);
    struct gguf_scan scan = {0};
    struct qn_error error;
    assert_int_equal(scan_exact(&scan, &b, b.n, &error), QN_ERR_FORMAT);
    assert_int_equal(error.offset, second);
    assert_non_null(strstr(error.text, "tensor 1 (u)"));
    build_free(&b);

    b = tensors(2); /* the last byte is the last that a file can have, but the directory comes before */
    TENSOR(&b, "t", TYPE_I8, 0, (1ull << 62));
    TENSOR(&b, "u", TYPE_I8, 1ull << 62, (1ull << 62) - 1);
    scan = (struct gguf_scan){0};
    assert_int_equal(scan_exact(&scan, &b, b.n, &error), QN_ERR_FORMAT);
    assert_int_equal(error.offset, second);
    build_free(&b);

    static const uint64_t after[] = {0, 1, 1ull << 60, (1ull << 60) + 4};
    for (size_t i = 0; i < 4; i++) { /* padding passes the end, and what follows wraps back to 0 */
        b = tensors(2);
        TENSOR(&b, "t", TYPE_I8, 0, INT64_MAX - 5);
        TENSOR(&b, "u", TYPE_F64, 1ull << 63, after[i]);
        scan = (struct gguf_scan){0};
        assert_int_equal(scan_exact(&scan, &b, b.n, &error), QN_ERR_FORMAT);
        build_free(&b);
    }
}

static void cve_2026_7482_tensors_beyond_the_file(void **state) {
    (void)state;
    for (size_t missing = 1; missing <= 36; missing++) { /* of 32 + 4 bytes of data */
        struct build b = tensors(2);
        TENSOR(&b, "t", TYPE_F32, 0, 1);
        const uint64_t second = b.n;
        TENSOR(&b, "u", TYPE_F32, 32, 1);
        put_data(&b, 32, 36);
        b.n -= missing;
        struct gguf_scan scan;
        struct qn_error error;
        assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
        assert_int_equal(error.offset, second);
        assert_non_null(strstr(error.text, "tensor 1 (u)"));
        build_free(&b);
    }
    struct build b = tensors(3); /* the first that is not whole is named */
    TENSOR(&b, "s", TYPE_F32, 0, 1);
    const uint64_t second = b.n;
    TENSOR(&b, "t", TYPE_F32, 32, 8);
    TENSOR(&b, "u", TYPE_F32, 64, 0);
    put_data(&b, 32, 63);
    struct gguf_scan scan;
    struct qn_error error;
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_int_equal(error.offset, second);
    build_free(&b);
    b = tensors(2); /* at once, not when the directory is whole */
    TENSOR(&b, "t", TYPE_F32, 0, 1000000);
    put_data(&b, 1, 100);
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "tensor 0 (t)"));
    build_free(&b);
    b = tensors(1); /* no data, but a file that ends within the padding before it */
    TENSOR(&b, "t", TYPE_F32, 0, 0);
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "tensor 0 (t)"));
    build_free(&b);
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
        cmocka_unit_test(versions_that_are_not_read),
        cmocka_unit_test(wrong_endianness),
        cmocka_unit_test(cve_2024_21836_number_of_tensors),
        cmocka_unit_test(cve_2024_23605_number_of_keys),
        cmocka_unit_test(cve_2024_21825_array_of_strings),
        cmocka_unit_test(arrays_larger_than_the_file),
        cmocka_unit_test(cve_2024_23496_string_length),
        cmocka_unit_test(unbounded_string_allocation),
        cmocka_unit_test(empty_key),
        cmocka_unit_test(unknown_value_types),
        cmocka_unit_test(nested_arrays),
        cmocka_unit_test(alignment_values),
        cmocka_unit_test(padding_wraps_for_a_huge_alignment),
        cmocka_unit_test(tensor_names),
        cmocka_unit_test(number_of_dimensions),
        cmocka_unit_test(cve_2024_21802_dimensions_wrap),
        cmocka_unit_test(cve_2026_33298_elements_times_type_size),
        cmocka_unit_test(zero_dimensions),
        cmocka_unit_test(tensor_types),
        cmocka_unit_test(rows_of_whole_blocks),
        cmocka_unit_test(offsets_leave_no_gap_and_do_not_overlap),
        cmocka_unit_test(cve_2025_53630_sizes_accumulate),
        cmocka_unit_test(cve_2026_7482_tensors_beyond_the_file),
        cmocka_unit_test(hostile_names_do_not_break_the_message),
    };
    return cmocka_run_group_tests_name("gguf_flaws", tests, NULL, NULL);
}
