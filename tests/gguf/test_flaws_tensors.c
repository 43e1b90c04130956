/* Flaws in tensor entries that other GGUF readers have accepted; each file must be refused. Numbers are CVE entries. */
#include "tests/gguf/check.h"

#define TENSOR(b, name, type, offset, ...)                                                                             \
    put_tensor((b), (name), sizeof((uint64_t[]){__VA_ARGS__}) / 8, (const uint64_t[]){__VA_ARGS__}, (type), (offset))

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
    assert_accepted(&b);
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
        {1ull << 32, 1ull << 32, 1, 1},             /* 2^64 elements overflow to 0 */
        {1ull << 16, 1ull << 16, 1 << 16, 1 << 16}, /* the same with four dimensions */
        {1ull << 31, 1ull << 31, 2, 1},             /* 2^63 does not fit int64_t */
        {(1ull << 32) + 1, (1ull << 32) - 1, 1, 1}, /* overflows to a large number */
        {1ull << 31, 1ull << 32, 1, 1},
        {6074001001, 3037000500, 1, 1}, /* overflows to a small number */
        {UINT64_MAX, 1, 1, 1},          /* -1 */
        {32, 1ull << 63, 1, 1},
        {32, 1, 1, (uint64_t)-32},
        {(uint64_t)-2, (uint64_t)-2, 1, 1}, /* a product of two negative numbers */
    };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct build b = tensors(1);
        put_tensor(&b, "t", 4, shapes[i], TYPE_Q4_0,
                   0); /* less than one byte per weight: the size in bytes would fit */
        assert_refused(&b, QN_ERR_FORMAT, 24, "too many elements");
    }
}

static void cve_2026_33298_elements_times_type_size(void **state) {
    (void)state;
    struct build b = tensors(1);
    TENSOR(&b, "t", TYPE_F64, 0, 1ull << 61); /* 2^64 bytes overflow to 0 */
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0 (t)");
    b = tensors(1);
    TENSOR(&b, "t", TYPE_F32, 0, INT64_MAX);
    assert_refused(&b, QN_ERR_FORMAT, 24, "tensor 0 (t)");
    b = tensors(1); /* 292 / 256 bytes per weight */
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
    assert_accepted(&b);
    b = tensors(1); /* no elements, but shape[1] * shape[2] would overflow */
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
    b = tensors(1); /* 256 weights in total, but not in one row */
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

/* CVE-2025-53630, CVE-2026-27940: each tensor is legal, but the sum of their sizes overflows. */
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

    b = tensors(2); /* the data alone would reach the largest file size, but the directory precedes it */
    TENSOR(&b, "t", TYPE_I8, 0, (1ull << 62));
    TENSOR(&b, "u", TYPE_I8, 1ull << 62, (1ull << 62) - 1);
    scan = (struct gguf_scan){0};
    assert_int_equal(scan_exact(&scan, &b, b.n, &error), QN_ERR_FORMAT);
    assert_int_equal(error.offset, second);
    build_free(&b);

    static const uint64_t after[] = {0, 1, 1ull << 60, (1ull << 60) + 4};
    for (size_t i = 0; i < 4; i++) { /* padding passes the largest offset, and the next offset overflows to 0 */
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
    struct build b = tensors(3); /* the error names the first incomplete tensor */
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
    b = tensors(
        2); /* the first tensor ends where the file does, and the second needs fewer bytes than the padding has */
    TENSOR(&b, "t", TYPE_F32, 0, 8);
    TENSOR(&b, "u", TYPE_F32, 32, 1);
    put_data(&b, 32, 32);
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "tensor 1 (u): its data ends at byte"));
    build_free(&b);
    b = tensors(2); /* at once, not only at the end of the directory */
    TENSOR(&b, "t", TYPE_F32, 0, 1000000);
    put_data(&b, 1, 100);
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "tensor 0 (t)"));
    build_free(&b);
    b = tensors(1); /* no data, but the file ends within the padding before it */
    TENSOR(&b, "t", TYPE_F32, 0, 0);
    assert_int_equal(scan_known(&b, &scan, &error), QN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "tensor 0 (t)"));
    build_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("gguf_flaws_tensors", tests, NULL, NULL);
}
