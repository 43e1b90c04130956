/* Checks of what the exports return. */
#ifndef TESTS_FUZZ_STATUS_H
#define TESTS_FUZZ_STATUS_H

#include "quern.h"
#include "tests/fuzz/fuzz.h"

/* Checks that a failure left a complete error record. */
static inline void require_error(int64_t status) {
    const struct qn_error *error = qn_last_error();
    REQUIRE(status < 0 && (status >= QN_ERR_LIMIT || status == QN_ERR_NOT_FINITE));
    REQUIRE(error->code == status && error->text_bytes > 0 && error->text_bytes == strlen(error->text));
}

/* The same status, after that check if it is an error. */
static inline int32_t checked(int32_t status) {
    if (status < 0) {
        require_error(status);
    }
    return status;
}

#endif
