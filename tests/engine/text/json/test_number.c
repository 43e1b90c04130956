/* Numbers from and to text, compared with the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/text/json/number.h"
#include "engine/text/json/sandbox.h"

static struct arena arena;
static struct qn_error error;
static struct sandbox box;

static int start(void **state) {
    (void)state;
    arena_free(&arena);
    arena.limit = (size_t)64 << 20;
    error = (struct qn_error){0};
    box = (struct sandbox){.arena = &arena, .error = &error};
    return 0;
}

static bool same(double a, double b) { return memcmp(&a, &b, sizeof(a)) == 0; }

/* Reads a copy of exactly the given size. */
static bool read_exact(const char *text, double *number) {
    const size_t bytes = strlen(text);
    char *copy = malloc(bytes ? bytes : 1);
    memcpy(copy, text, bytes);
    const bool read = number_read(copy, bytes, number);
    free(copy);
    return read;
}

static void assert_reads(const char *text) {
    double number = -1;
    if (!read_exact(text, &number) || !same(number, strtod(text, NULL))) {
        fail_msg("%s became %.17g", text, number);
    }
}

static uint64_t random_bits(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 32 | *state << 32;
}

static double random_double(uint64_t *state) {
    const uint64_t bits = random_bits(state) & INT64_MAX;
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number_is_finite(number) ? number : 1.0;
}

static void reading(void **state) {
    (void)state;
    static const char *const texts[] = {"0",
                                        "9",
                                        "19",
                                        "90",
                                        "0.1",
                                        "007",
                                        "000",
                                        "0.000",
                                        "0e5",
                                        "0e-999",
                                        "1e22",
                                        "1e23",
                                        "1E5",
                                        "1e+5",
                                        "1e-5",
                                        ".5",
                                        "5.",
                                        "4.9e-324",
                                        "2.4703282292062327e-324",
                                        "2.4703282292062328e-324",
                                        "2.2250738585072011e-308",
                                        "1.7976931348623157e308",
                                        "1.7976931348623158e308",
                                        "1.7976931348623159e308",
                                        "1e308",
                                        "2e308",
                                        "1e309",
                                        "1e400",
                                        "1e-379",
                                        "1e-380",
                                        "1e-381",
                                        "1e-400",
                                        "1e-99999",
                                        "9007199254740993",
                                        "9007199254740992.5",
                                        "9007199254740991.5",
                                        "1e-8",
                                        "1e-9",
                                        "1e-10",
                                        "123456789012345678901234567890123456789",
                                        "1234567890123456789012345678901234567890",
                                        "12345678901234567890123456789012345678901",
                                        "0.00000000000000000000000000000000000000000000000001",
                                        "99999999999999999999999999999999999999999999",
                                        "1e99999999999999999999"};
    for (size_t i = 0; i + 1 < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_reads(texts[i]);
    }
    uint64_t random = 1;
    for (int i = 0; i < 2000; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%.*e", (int)(random_bits(&random) % 30), random_double(&random));
        assert_reads(text);
    }
}

static void refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",   ".",  "e5",   "1e",  "1e+",  "1e-", "1.2.3",
                                        "1x", "x",  "/",    ":",   "1/",   "1:",  "-1",
                                        "1 ", " 1", "1e5x", "1e-", "1e5.", ".e5", "1e99999999999999999999"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        double number;
        if (read_exact(texts[i], &number)) {
            fail_msg("%s was read as %.17g", texts[i], number);
        }
    }
}

static void integers(void **state) {
    (void)state;
    uint64_t integer;
    assert_true(integer_read("18446744073709551615", 20, 10, &integer) && integer == UINT64_MAX);
    assert_false(integer_read("18446744073709551616", 20, 10, &integer));
    assert_true(integer_read("18446744073709551609", 20, 10, &integer) && integer == UINT64_MAX - 6);
    assert_true(integer_read("ffffffffffffffff", 16, 16, &integer) && integer == UINT64_MAX);
    assert_false(integer_read("10000000000000000", 17, 16, &integer));
    assert_true(integer_read("zZ", 2, 36, &integer) && integer == 35 * 36 + 35);
    static const char *const wrong[] = {"", "a", "/", ":", "-1", "1a"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(integer_read(wrong[i], strlen(wrong[i]), 10, &integer));
    }
    assert_false(integer_read("g", 1, 16, &integer));
    assert_false(integer_read("2", 1, 2, &integer));
}

static void assert_prints(double number, char type, size_t precision) {
    char format[] = "%.*f";
    char expected[512];
    struct buffer buffer;
    start(NULL);
    format[3] = type;
    snprintf(expected, sizeof(expected), format, (int)precision, number);
    buffer_start(&buffer, &box);
    buffer_float(&buffer, number, type, precision, false);
    if (buffer.bytes != strlen(expected) || memcmp(buffer.text, expected, buffer.bytes) != 0) {
        fail_msg("%.17g with %%.%zu%c is %.*s, not %s", number, precision, type, (int)buffer.bytes, buffer.text,
                 expected);
    }
}

static void printing(void **state) {
    (void)state;
    static const double numbers[] = {0,      -0.0,    1,    9,     10,    99,     100,  0.5,    1.5,   2.5,     0.05,
                                     0.25,   0.35,    9.5,  9.99,  99.5,  999.5,  1e-4, 1e-5,   0.001, 0.0001,  0.00001,
                                     123456, 1234567, 1e15, 1e16,  1e17,  1e22,   1e23, 5e-324, 1e300, 1.0 / 3, -2.5,
                                     1e9,    1e10,    1e-9, 1e-10, 1e-99, 1e-100, 1e99, 1e100};
    static const char types[] = {'f', 'e', 'g'};
    for (size_t t = 0; t < sizeof(types); t++) {
        for (size_t precision = 0; precision <= 18; precision++) {
            for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                assert_prints(numbers[i], types[t], precision);
            }
        }
    }
    uint64_t random = 2;
    for (int i = 0; i < 300; i++) {
        assert_prints(random_double(&random), "eg"[i % 2], random_bits(&random) % 20);
    }
}

/* The shortest text that reads back as the number, without an exponent from 0.0001 to below 10^16. */
static void shortest(void **state) {
    (void)state;
    static const double numbers[] = {1e15,   1e16, 9999999999999998.0, 1e17, 1e-4, 1e-5, 0.00012, 0.1,
                                     5e-324, 1e23, 9007199254740993.0};
    uint64_t random = 3;
    for (int i = 0; i < 300; i++) {
        const size_t known = sizeof(numbers) / sizeof(numbers[0]);
        const double number = i < (int)known ? numbers[i] : random_double(&random);
        char text[64];
        struct buffer buffer;
        int digits = 1;
        size_t found = 0;
        do {
            snprintf(text, sizeof(text), "%.*e", digits - 1, number);
        } while (!same(strtod(text, NULL), number) && digits++ < 17);
        start(NULL);
        buffer_start(&buffer, &box);
        buffer_float(&buffer, number, 'r', 0, false);
        buffer_put(&buffer, 0, false);
        const char *e = strchr(buffer.text, 'e');
        bool zeros = true; /* that lead */
        for (const char *at = buffer.text; *at && at != e; at++) {
            zeros = zeros && (*at == '0' || *at == '.');
            found += !zeros && *at != '.';
        }
        assert_true(same(strtod(buffer.text, NULL), number));
        assert_int_equal(e != NULL, number < 1e-4 || number >= 1e16);
        if (e ? found != (size_t)digits : found > 17 + 1) {
            fail_msg("%s has %zu digits, not %d", buffer.text, found, digits);
        }
    }
}

static void rounding(void **state) {
    (void)state;
    static const struct {
        double number;
        int decimals;
        double rounded;
    } cases[] = {{0.5, 0, 0},  {1.5, 0, 2},       {2.5, 0, 2},       {-0.5, 0, -0.0}, {2.675, 2, 2.67},
                 {15, -1, 20}, {25, -1, 20},      {35, -1, 40},      {149, -2, 100},  {150, -2, 200},
                 {50, -2, 0},  {51, -2, 100},     {1.25, 1, 1.2},    {1.35, 1, 1.4},  {1e300, 2, 1e300},
                 {9.5, 0, 10}, {0.125, 3, 0.125}, {0.125, 9, 0.125}, {5, -1, 0},      {6, -1, 10},
                 {5, -2, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!same(number_round(cases[i].number, cases[i].decimals), cases[i].rounded)) {
            fail_msg("%g to %d decimals is %g", cases[i].number, cases[i].decimals,
                     number_round(cases[i].number, cases[i].decimals));
        }
    }
    const double infinity = __builtin_inf();
    assert_true(same(number_round(infinity, 2), infinity));
    assert_true(number_round(__builtin_nan(""), 2) != number_round(__builtin_nan(""), 2));
}

static void not_finite(void **state) {
    (void)state;
    static const char *const expected[] = {"inf", "-inf", "nan"};
    const double numbers[] = {__builtin_inf(), -__builtin_inf(), __builtin_nan("")};
    for (size_t i = 0; i < 3; i++) {
        struct buffer buffer;
        start(NULL);
        buffer_start(&buffer, &box);
        buffer_float(&buffer, numbers[i], 'g', 3, false);
        assert_int_equal(buffer.bytes, strlen(expected[i]));
        assert_memory_equal(buffer.text, expected[i], buffer.bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),    cmocka_unit_test(refused),  cmocka_unit_test(integers),
        cmocka_unit_test(printing),   cmocka_unit_test(shortest), cmocka_unit_test(rounding),
        cmocka_unit_test(not_finite),
    };
    const int failed = cmocka_run_group_tests_name("json_number", tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
