/* platform/math.c compared with the C library in long double: errors are within the bounds of platform/math.h. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "platform/math.h"

_Static_assert(LDBL_MANT_DIG >= 64, "the reference must be more precise than a double");

#define POINTS 1000000

static uint64_t seed = 1;

/* splitmix64 */
static uint64_t next_bits(void) {
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double next_between(double low, double high) {
    return low + (high - low) * ((double)(next_bits() >> 11) * 0x1p-53);
}

/* |got - want| in units in the last place of the double nearest to want. */
static double ulps(double got, long double want) {
    int exponent;
    (void)frexp((double)want, &exponent);
    return (double)fabsl((long double)got - want) / ldexp(1, (exponent < -1021 ? -1021 : exponent) - 53);
}

static void exp_is_within_an_ulp(void **state) {
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        const double x = i % 2 ? next_between(-745, 709.78) : next_between(-2, 2);
        if (ulps(math_exp(x), expl(x)) > 1) {
            fail_msg("exp(%a)", x);
        }
    }
    assert_true(math_exp(0) == 1);
    assert_true(math_exp(-745.14) == 0 && math_exp(-1e300) == 0 && math_exp(-INFINITY) == 0);
    assert_true(isinf(math_exp(709.7827128933841)) && isinf(math_exp(1e300)) && isinf(math_exp(INFINITY)));
    assert_true(isnan(math_exp(NAN)));
}

static void log_is_within_an_ulp(void **state) {
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        double x = next_between(0.3, 2.3);
        if (i % 2) { /* any positive number, including subnormal ones */
            const uint64_t bits = next_bits() % (0x7ffull << 52);
            memcpy(&x, &bits, sizeof x);
        }
        if (x > 0 && ulps(math_log(x), logl(x)) > 1) {
            fail_msg("log(%a)", x);
        }
    }
    assert_true(math_log(1) == 0);
    assert_true(ulps(math_log(0x1p-1074), logl(0x1p-1074)) <= 1);
}

static void pow_is_within_its_bound(void **state) {
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        const double x = exp(next_between(-30, 30));
        const double y = next_between(-20, 20);
        const double logarithm = fabs(y * log(x));
        const long double want = powl(x, y);
        if (logarithm < 700 && fabsl(math_pow(x, y) - want) > want * (logarithm + 1) * 0x1p-52) {
            fail_msg("pow(%a, %a)", x, y);
        }
    }
    assert_true(math_pow(10000, 0) == 1);
}

static void sincos_is_within_its_bound(void **state) {
    (void)state;
    static const double ranges[] = {0x1p30, 100000, 4};
    for (int i = 0; i < POINTS; i++) {
        const double x = next_between(-ranges[i % 3], ranges[i % 3]);
        double sine, cosine;
        math_sincos(x, &sine, &cosine);
        if (fabsl(sine - sinl(x)) > 1e-12 || fabsl(cosine - cosl(x)) > 1e-12) {
            fail_msg("sincos(%a)", x);
        }
    }
    double sine, cosine;
    math_sincos(0, &sine, &cosine);
    assert_true(sine == 0 && cosine == 1);
    math_sincos(INFINITY, &sine, &cosine); /* the result is unspecified, but it must not trap */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_an_ulp),
        cmocka_unit_test(log_is_within_an_ulp),
        cmocka_unit_test(pow_is_within_its_bound),
        cmocka_unit_test(sincos_is_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
