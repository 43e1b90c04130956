/* type_traits: known and unknown numbers. test_decode.py compares the whole table with the gguf package. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quant/types.h"

static void removed_and_unknown_numbers_are_null(void **state) {
    (void)state;
    static const uint32_t unknown[] = {4, 5, 31, 32, 33, 36, 37, 38, TYPE_COUNT, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_null(type_traits(unknown[i]));
    }
}

static void types_have_names_and_sizes(void **state) {
    (void)state;
    unsigned known = 0;
    for (uint32_t type = 0; type < TYPE_COUNT; type++) {
        const struct type_traits *traits = type_traits(type);
        if (traits != NULL) {
            assert_non_null(traits->name);
            assert_true(traits->block_weights > 0 && traits->block_bytes > 0);
            known++;
        }
    }
    assert_true(known >= 35);
    assert_string_equal(type_traits(TYPE_Q4_K)->name, "q4_K");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removed_and_unknown_numbers_are_null),
        cmocka_unit_test(types_have_names_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
