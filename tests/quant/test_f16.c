/* quant/f16.h compared with the compiler's _Float16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quant/f16.h"

static uint16_t f16_bits(_Float16 h) {
    union {
        _Float16 h;
        uint16_t u;
    } pun = {.h = h};
    return pun.u;
}

static _Float16 f16_from_bits(uint16_t bits) {
    union {
        uint16_t u;
        _Float16 h;
    } pun = {.u = bits};
    return pun.h;
}

static void every_f16_converts_and_converts_back(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const float got = f16_to_f32((uint16_t)bits);
        if ((bits & 0x7fff) > 0x7c00) {
            assert_true(got != got);
            const uint16_t back = f32_to_f16(got);
            assert_true((back & 0x7fff) > 0x7c00 && (back & 0x8000) == (bits & 0x8000));
        } else {
            assert_int_equal(f32_bits(got), f32_bits((float)f16_from_bits((uint16_t)bits)));
            assert_int_equal(f32_to_f16(got), bits);
        }
    }
}

static void check_float(uint32_t bits) {
    const float x = f32_from_bits(bits);
    if (x == x) {
        assert_int_equal(f32_to_f16(x), f16_bits((_Float16)x));
    }
}

static void floats_round_like_the_compiler(void **state) {
    (void)state;
    for (uint64_t bits = 0; bits < 1ull << 32; bits += 509) {
        check_float((uint32_t)bits);
    }
    /* Each f16, each midpoint between two, and the neighbors of these floats. */
    for (uint32_t f16 = 0; f16 < 0x7c00; f16++) {
        const float low = f16_to_f32((uint16_t)f16);
        const float high = f16 == 0x7bff ? 65536.0f : f16_to_f32((uint16_t)(f16 + 1));
        const uint32_t points[] = {f32_bits(low), f32_bits((low + high) / 2)};
        for (unsigned i = 0; i < 2; i++) {
            for (uint32_t near = points[i] - (points[i] > 0); near <= points[i] + 1; near++) {
                check_float(near);
                check_float(near | 0x80000000u);
            }
        }
    }
}

static void bf16_is_the_upper_16_bits(void **state) {
    (void)state;
    assert_int_equal(f32_bits(bf16_to_f32(0x3fc0)), f32_bits(1.5f));
    assert_int_equal(f32_bits(bf16_to_f32(0x8001)), 0x80010000u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_f16_converts_and_converts_back),
        cmocka_unit_test(floats_round_like_the_compiler),
        cmocka_unit_test(bf16_is_the_upper_16_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
