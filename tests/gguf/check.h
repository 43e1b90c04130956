/* Shared by the suites of gguf/: cmocka, and scans of a block that has exactly the size of the bytes, so that ASan
 * detects overreads. */
#ifndef TESTS_GGUF_CHECK_H
#define TESTS_GGUF_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/error.h"
#include "tests/gguf/build.h"

static inline int scan_exact(struct gguf_scan *scan, const struct build *b, size_t have, struct qn_error *error) {
    uint8_t *exact = malloc(have ? have : 1);
    assert_non_null(exact);
    memcpy(exact, b->at, have);
    const int status = gguf_scan_bytes(scan, exact + (have ? 0 : 1), have, error);
    free(exact);
    return status;
}

/* Scans all of *b with a known file size, and frees it. */
static inline int scan_known(struct build *b, struct gguf_scan *scan, struct qn_error *error) {
    *error = (struct qn_error){0};
    *scan = (struct gguf_scan){.file_bytes = b->n};
    return scan_exact(scan, b, b->n, error);
}

/* All of *b is refused with this code and byte offset and a text that contains `word`, with and without a known file
 * size, and both at once and byte by byte. Frees *b. */
static inline void assert_refused(struct build *b, int code, uint64_t offset, const char *word) {
    for (int pass = 0; pass < 4; pass++) {
        struct gguf_scan scan = {.file_bytes = pass & 1 ? b->n : 0};
        struct qn_error error = {0};
        int status = QN_MORE;
        for (size_t have = pass & 2 ? 0 : b->n; status == QN_MORE && have <= b->n; have++) {
            status = scan_exact(&scan, b, have, &error);
        }
        if (status != code || error.code != code || error.offset != offset || strstr(error.text, word) == NULL) {
            fail_msg("status %d, error %d at %llu: %s", status, error.code, (unsigned long long)error.offset,
                     error.text);
        }
    }
    build_free(b);
}

/* The same for a flaw that only a known file size reveals. With an unknown size, the scan asks for `needed` bytes. */
static inline void assert_refused_known(struct build *b, int code, uint64_t offset, const char *word, uint64_t needed) {
    struct gguf_scan scan;
    struct qn_error error;
    const int status = scan_known(b, &scan, &error);
    if (status != code || error.offset != offset || strstr(error.text, word) == NULL) {
        fail_msg("status %d, error %d at %llu: %s", status, error.code, (unsigned long long)error.offset, error.text);
    }
    scan = (struct gguf_scan){0};
    assert_int_equal(scan_exact(&scan, b, b->n, &error), QN_MORE);
    assert_int_equal(scan.needed, needed);
    build_free(b);
}

/* The header of a file with `count` tensors. The first entry follows at byte 24. */
static inline struct build tensors(uint64_t count) {
    struct build b = {0};
    put_header(&b, 3, count, 0);
    return b;
}

/* All of *b is accepted. Frees *b. */
static inline void assert_accepted(struct build *b) {
    struct gguf_scan scan;
    struct qn_error error;
    if (scan_known(b, &scan, &error) != QN_OK) {
        fail_msg("%s", error.text);
    }
    build_free(b);
}

#endif
