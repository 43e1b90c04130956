/* qn_self_check accepts a correct build and names the fault of a wrong one. CONTRACTED: the linked check was compiled
 * with contracted multiply-add. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fenv.h>
#include <string.h>

#include "quern.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static void assert_fault(const char *text) {
    const int32_t status = qn_self_check();
    fesetround(FE_TONEAREST);
    assert_int_equal(status, QN_ERR_MISCOMPILED);
    assert_int_equal(qn_last_error()->code, QN_ERR_MISCOMPILED);
    assert_non_null(strstr(qn_last_error()->text, text));
}

#if defined(CONTRACTED)

static void test_contraction_is_found(void **state) {
    (void)state;
    assert_fault("multiply-add is contracted; compile with -ffp-contract=off");
}

#else

static void test_correct_build_passes(void **state) {
    (void)state;
    assert_int_equal(qn_self_check(), QN_OK);
}

static void test_other_rounding_is_found(void **state) {
    (void)state;
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        fesetround(modes[i]);
        assert_fault("");
    }
    fesetround(FE_TOWARDZERO);
    assert_fault("rounded to nearest");
    assert_int_equal(qn_self_check(), QN_OK);
}

#if defined(__x86_64__)
/* The bits of MXCSR: flush to zero (results), denormals are zero (operands). */
static void test_flushed_subnormals_are_found(void **state) {
    (void)state;
    static const unsigned bits[] = {0x8000, 0x0040, 0x8040};
    const unsigned before = _mm_getcsr();
    for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
        _mm_setcsr(before | bits[i]);
        const int32_t status = qn_self_check();
        _mm_setcsr(before);
        assert_int_equal(status, QN_ERR_MISCOMPILED);
        assert_non_null(strstr(qn_last_error()->text, "subnormal"));
    }
}
#endif

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
#if defined(CONTRACTED)
        cmocka_unit_test(test_contraction_is_found),
#else
        cmocka_unit_test(test_correct_build_passes),
        cmocka_unit_test(test_other_rounding_is_found),
#if defined(__x86_64__)
        cmocka_unit_test(test_flushed_subnormals_are_found),
#endif
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
