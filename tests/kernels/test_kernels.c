/* The kernel check natively, with the SIMD128 kernels compiled through SIMDe. QUERN_CHECK_SEED is the seed of its
 * random numbers. */
#include "check_all.h"
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_variants_agree(void **state) {
    (void)state;
    const char *seed = getenv("QUERN_CHECK_SEED");
    const uint32_t failed = check_all(seed ? (uint32_t)strtoul(seed, NULL, 0) : 1, NULL);
    printf("%s", check_report);
    assert_true(check_count > 0);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_variants_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
