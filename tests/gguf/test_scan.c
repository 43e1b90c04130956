/* gguf_scan_bytes with valid files: complete, truncated and in pieces. */
#include "tests/gguf/check.h"

static void accepts_every_type(void **state) {
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        struct build b = {0};
        put_every(&b, version);
        struct gguf_scan scan;
        struct qn_error error;
        assert_int_equal(scan_known(&b, &scan, &error), QN_OK);
        assert_int_equal(scan.version, version);
        assert_int_equal(scan.n_values, EVERY_VALUES);
        assert_int_equal(scan.n_tensors, EVERY_TENSORS);
        assert_int_equal(scan.alignment, 64);
        assert_int_equal(scan.data_bytes, 530);
        assert_int_equal(scan.data_offset + scan.data_bytes, b.n);
        assert_int_equal(scan.data_offset % 64, 0);
        assert_int_equal(error.code, 0);
        build_free(&b);
    }
}

static void accepts_an_empty_directory(void **state) {
    (void)state;
    struct build b = {0};
    put_header(&b, 3, 0, 0);
    struct gguf_scan scan;
    struct qn_error error;
    assert_int_equal(scan_known(&b, &scan, &error), QN_OK);
    assert_int_equal(scan.data_offset, 24);
    assert_int_equal(scan.data_bytes, 0);
    assert_int_equal(scan.alignment, 32);
    build_free(&b);
}

/* CVE-2024-41130 was a null dereference after a short read. */
static void cve_2024_41130_every_truncation(void **state) {
    (void)state;
    struct build b = {0};
    put_every(&b, 3);
    struct gguf_scan whole;
    struct qn_error error;
    assert_int_equal(scan_known(&b, &whole, &error), QN_OK);
    const uint64_t directory = whole.position;
    for (size_t have = 0; have < b.n; have++) {
        struct gguf_scan unknown = {0};
        assert_int_equal(scan_exact(&unknown, &b, have, &error), have < directory ? QN_MORE : QN_OK);
        if (have < directory) {
            assert_true(unknown.needed > have && unknown.needed <= directory);
            assert_true(unknown.position <= have);
        }

        struct gguf_scan more_comes = {.file_bytes = b.n};
        assert_int_equal(scan_exact(&more_comes, &b, have, &error), have < directory ? QN_MORE : QN_OK);

        struct gguf_scan cut = {.file_bytes = have};
        error = (struct qn_error){0};
        if (have) { /* 0 means an unknown size */
            assert_int_equal(scan_exact(&cut, &b, have, &error), QN_ERR_FORMAT);
            assert_int_equal(error.code, QN_ERR_FORMAT);
            assert_true(error.offset < directory && error.text_bytes > 0);
        }
    }
    build_free(&b);
}

/* Pieces of several sizes, each call with a block of its own: the result must equal that of a single call. */
static void pieces_give_the_same(void **state) {
    (void)state;
    struct build b = {0};
    put_every(&b, 3);
    static const size_t pieces[] = {1, 2, 3, 7, 24, 100, 333};
    for (size_t known = 0; known < 2; known++) {
        struct gguf_scan whole = {.file_bytes = known ? b.n : 0};
        struct qn_error error;
        assert_int_equal(scan_exact(&whole, &b, b.n, &error), QN_OK);
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            struct gguf_scan scan = {.file_bytes = known ? b.n : 0};
            size_t have = 0;
            uint64_t position = 0;
            int status = scan_exact(&scan, &b, 0, &error);
            while (status == QN_MORE) {
                assert_true(have < b.n);
                assert_true(scan.needed > have);
                assert_true(scan.position >= position);
                position = scan.position;
                have = have + pieces[i] < b.n ? have + pieces[i] : b.n;
                status = scan_exact(&scan, &b, have, &error);
            }
            assert_int_equal(status, QN_OK);
            scan.needed = whole.needed;
            assert_memory_equal(&scan, &whole, sizeof(scan));
            assert_int_equal(scan_exact(&scan, &b, have, &error), QN_OK); /* and again */
        }
    }
    build_free(&b);
}

/* If the caller supplies exactly what the scan asks for, a few calls suffice. */
static void needed_leads_to_the_end(void **state) {
    (void)state;
    struct build b = {0};
    put_every(&b, 3);
    struct gguf_scan scan = {0};
    struct qn_error error;
    int calls = 0;
    while (scan_exact(&scan, &b, (size_t)scan.needed, &error) == QN_MORE) {
        assert_true(scan.needed <= b.n);
        calls++;
    }
    assert_int_equal(scan.position <= scan.needed || scan.needed == 0, 1);
    assert_true(calls < 5 * (EVERY_VALUES + EVERY_TENSORS) + 10);
    build_free(&b);
}

/* A scan that runs out of bytes within an array of strings continues there and does not read checked strings again. */
static void an_array_of_strings_is_resumed_inside(void **state) {
    (void)state;
    struct build b = {0};
    put_header(&b, 3, 0, 1);
    put_array(&b, "tokens", GGUF_STRING, 1000);
    const size_t start = b.n;
    for (int i = 0; i < 1000; i++) {
        put_text(&b, "tok");
    }
    struct gguf_scan scan = {0};
    struct qn_error error;
    assert_int_equal(gguf_scan_bytes(&scan, b.at, start + 500 * 11 + 5, &error), QN_MORE);
    assert_int_equal(scan.position, start + 500 * 11);
    assert_int_equal(scan.needed, start + 1000 * 11 - 3 - 499 * 3); /* at least the lengths of the remaining strings */
    memset(b.at + start, 0xff, 500 * 11);                           /* would be refused if it were read again */
    assert_int_equal(gguf_scan_bytes(&scan, b.at, b.n, &error), QN_OK);
    assert_int_equal(scan.position, b.n);
    build_free(&b);
}

static void bytes_beyond_the_file_are_not_read(void **state) {
    (void)state;
    struct build b = {0};
    put_every(&b, 3);
    struct gguf_scan scan = {.file_bytes = 60};
    struct qn_error error;
    assert_int_equal(scan_exact(&scan, &b, b.n, &error), QN_ERR_FORMAT);
    build_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_type),
        cmocka_unit_test(accepts_an_empty_directory),
        cmocka_unit_test(cve_2024_41130_every_truncation),
        cmocka_unit_test(pieces_give_the_same),
        cmocka_unit_test(needed_leads_to_the_end),
        cmocka_unit_test(an_array_of_strings_is_resumed_inside),
        cmocka_unit_test(bytes_beyond_the_file_are_not_read),
    };
    return cmocka_run_group_tests_name("gguf_scan", tests, NULL, NULL);
}
