/* Typed reading of values. */
#include "tests/gguf/check.h"

#include <math.h>

struct fixture {
    struct build b;
    struct arena arena;
    struct gguf gguf;
    struct qn_error error;
};

static int open_every(void **state) {
    static struct fixture f;
    f = (struct fixture){.arena = {.limit = 1u << 20}};
    put_every(&f.b, 3);
    struct gguf_scan scan = {.file_bytes = f.b.n};
    *state = &f;
    return gguf_scan_bytes(&scan, f.b.at, f.b.n, &f.error) == QN_OK &&
                   gguf_index(&f.gguf, &scan, f.b.at, &f.arena, &f.error) == QN_OK
               ? 0
               : -1;
}

static int close_every(void **state) {
    struct fixture *f = *state;
    arena_free(&f->arena);
    build_free(&f->b);
    return 0;
}

/* The error names the key and both types, at the offset of the value. */
static void assert_named(const struct fixture *f, int status, const char *key, const char *is, const char *wanted) {
    assert_int_equal(status, QN_ERR_FORMAT);
    assert_int_equal(f->error.code, QN_ERR_FORMAT);
    assert_int_equal(f->error.offset, gguf_find(&f->gguf, key)->offset);
    assert_non_null(strstr(f->error.text, key));
    assert_non_null(strstr(f->error.text, is));
    assert_non_null(strstr(f->error.text, wanted));
}

static void signed_integers_of_any_width(void **state) {
    struct fixture *f = *state;
    int32_t out = 0;
    assert_int_equal(gguf_i32(&f->gguf, "u16", &out, &f->error), QN_OK);
    assert_int_equal(out, 60000);
    assert_int_equal(gguf_i32(&f->gguf, "i8", &out, &f->error), QN_OK);
    assert_int_equal(out, -5);
    assert_int_equal(gguf_i32(&f->gguf, "i32", &out, &f->error), QN_OK);
    assert_int_equal(out, -70000);
    assert_int_equal(gguf_i32(&f->gguf, "absent", &out, &f->error), QN_MORE);
    assert_named(f, gguf_i32(&f->gguf, "u32", &out, &f->error), "u32", "does not fit", "i32");
    assert_named(f, gguf_i32(&f->gguf, "u64", &out, &f->error), "u64", "does not fit", "i32");
    assert_named(f, gguf_i32(&f->gguf, "f32", &out, &f->error), "f32", "f32", "integer");
    assert_int_equal(out, -70000);
}

static void integers_of_any_width(void **state) {
    struct fixture *f = *state;
    uint32_t out = 0;
    assert_int_equal(gguf_u32(&f->gguf, "u8", &out, &f->error), QN_OK);
    assert_int_equal(out, 200);
    assert_int_equal(gguf_u32(&f->gguf, "u16", &out, &f->error), QN_OK);
    assert_int_equal(out, 60000);
    assert_int_equal(gguf_u32(&f->gguf, "u32", &out, &f->error), QN_OK);
    assert_int_equal(out, 4000000000u);
    assert_int_equal(gguf_u32(&f->gguf, "i64", &out, &f->error), QN_OK);
    assert_int_equal(out, 77);
    out = 5;
    assert_named(f, gguf_u32(&f->gguf, "i8", &out, &f->error), "i8", "-5", "u32");
    assert_named(f, gguf_u32(&f->gguf, "i16", &out, &f->error), "i16", "-6000", "u32");
    assert_named(f, gguf_u32(&f->gguf, "i32", &out, &f->error), "i32", "-70000", "u32");
    assert_named(f, gguf_u32(&f->gguf, "u64", &out, &f->error), "u64", "18446744073709551615", "u32");
    assert_named(f, gguf_u32(&f->gguf, "f32", &out, &f->error), "f32", "f32", "integer");
    assert_named(f, gguf_u32(&f->gguf, "bool", &out, &f->error), "bool", "bool", "integer");
    assert_named(f, gguf_u32(&f->gguf, "string", &out, &f->error), "string", "string", "integer");
    assert_named(f, gguf_u32(&f->gguf, "a.u32", &out, &f->error), "a.u32", "an array of u32", "integer");
    assert_int_equal(gguf_u32(&f->gguf, "none", &out, &f->error), QN_MORE);
    assert_int_equal(out, 5); /* never changed */
}

/* The limits of each integer type: values that just fit u32, and values that just do not. */
static void integers_at_the_edges(void **state) {
    (void)state;
    static const struct {
        uint32_t type, bytes;
        uint64_t value;
        int status;
    } cases[] = {
        {GGUF_U8, 1, 255, QN_OK},
        {GGUF_I8, 1, 127, QN_OK},
        {GGUF_I8, 1, 128, QN_ERR_FORMAT},
        {GGUF_U16, 2, 65535, QN_OK},
        {GGUF_I16, 2, 32767, QN_OK},
        {GGUF_I16, 2, 32768, QN_ERR_FORMAT},
        {GGUF_U32, 4, UINT32_MAX, QN_OK},
        {GGUF_I32, 4, INT32_MAX, QN_OK},
        {GGUF_I32, 4, 1u << 31, QN_ERR_FORMAT},
        {GGUF_U64, 8, UINT32_MAX, QN_OK},
        {GGUF_U64, 8, 1ull << 32, QN_ERR_FORMAT},
        {GGUF_I64, 8, UINT32_MAX, QN_OK},
        {GGUF_I64, 8, 1ull << 32, QN_ERR_FORMAT},
        {GGUF_I64, 8, 1ull << 63, QN_ERR_FORMAT},
        {GGUF_U64, 8, 1ull << 63, QN_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f = {.arena = {.limit = 1u << 20}};
        put_header(&f.b, 3, 0, 1);
        put_key(&f.b, "k", cases[i].type);
        put_number(&f.b, cases[i].value, cases[i].bytes);
        struct gguf_scan scan = {0};
        assert_int_equal(gguf_scan_bytes(&scan, f.b.at, f.b.n, &f.error), QN_OK);
        assert_int_equal(gguf_index(&f.gguf, &scan, f.b.at, &f.arena, &f.error), QN_OK);
        uint32_t out = 0;
        assert_int_equal(gguf_u32(&f.gguf, "k", &out, &f.error), cases[i].status);
        assert_int_equal(out, cases[i].status == QN_OK ? cases[i].value : 0);
        arena_free(&f.arena);
        build_free(&f.b);
    }
}

static void signed_integers_at_the_edges(void **state) {
    (void)state;
    static const struct {
        uint32_t type;
        int64_t value;
        int status;
    } cases[] = {
        {GGUF_U64, INT32_MAX, QN_OK},         {GGUF_U64, INT32_MAX + 1ll, QN_ERR_FORMAT},
        {GGUF_I64, INT32_MAX, QN_OK},         {GGUF_I64, INT32_MAX + 1ll, QN_ERR_FORMAT},
        {GGUF_I64, INT32_MIN, QN_OK},         {GGUF_I64, INT32_MIN - 1ll, QN_ERR_FORMAT},
        {GGUF_I64, INT64_MIN, QN_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f = {.arena = {.limit = 1u << 20}};
        put_header(&f.b, 3, 0, 1);
        put_key(&f.b, "k", cases[i].type);
        put_u64(&f.b, (uint64_t)cases[i].value);
        struct gguf_scan scan = {0};
        assert_int_equal(gguf_scan_bytes(&scan, f.b.at, f.b.n, &f.error), QN_OK);
        assert_int_equal(gguf_index(&f.gguf, &scan, f.b.at, &f.arena, &f.error), QN_OK);
        int32_t out = 0;
        assert_int_equal(gguf_i32(&f.gguf, "k", &out, &f.error), cases[i].status);
        assert_int_equal(out, cases[i].status == QN_OK ? cases[i].value : 0);
        arena_free(&f.arena);
        build_free(&f.b);
    }
}

static void floats(void **state) {
    struct fixture *f = *state;
    float out = 3;
    assert_int_equal(gguf_f32(&f->gguf, "f32", &out, &f->error), QN_OK);
    assert_true(out == 0.1f);
    assert_int_equal(gguf_f32(&f->gguf, "f64", &out, &f->error), QN_OK);
    assert_true(out == (float)0.1);
    assert_named(f, gguf_f32(&f->gguf, "u32", &out, &f->error), "u32", "u32", "f32");
    assert_named(f, gguf_f32(&f->gguf, "a.f32", &out, &f->error), "a.f32", "an array of f32", "f32");
    assert_int_equal(gguf_f32(&f->gguf, "none", &out, &f->error), QN_MORE);
}

static void booleans(void **state) {
    struct fixture *f = *state;
    bool out = false;
    assert_int_equal(gguf_bool(&f->gguf, "bool", &out, &f->error), QN_OK);
    assert_true(out);
    assert_named(f, gguf_bool(&f->gguf, "u8", &out, &f->error), "u8", "u8", "bool");
    assert_named(f, gguf_bool(&f->gguf, "a.bool", &out, &f->error), "a.bool", "an array of bool", "bool");
    assert_int_equal(gguf_bool(&f->gguf, "none", &out, &f->error), QN_MORE);
}

static void strings(void **state) {
    struct fixture *f = *state;
    struct gguf_text out = {0};
    assert_int_equal(gguf_text(&f->gguf, "string", &out, &f->error), QN_OK);
    assert_int_equal(out.bytes, 6);
    assert_memory_equal(out.at, "gr\xc3\xbc\xc3\x9f", 6);
    assert_int_equal(gguf_text(&f->gguf, "empty", &out, &f->error), QN_OK);
    assert_int_equal(out.bytes, 0);
    assert_named(f, gguf_text(&f->gguf, "bool", &out, &f->error), "bool", "bool", "string");
    assert_named(f, gguf_text(&f->gguf, "a.string", &out, &f->error), "a.string", "an array of string", "string");
    assert_int_equal(gguf_text(&f->gguf, "none", &out, &f->error), QN_MORE);
}

/* Other readers read past the end of vocabulary scores whose element type was not the expected one. */
static void arrays_of_another_element_type(void **state) {
    struct fixture *f = *state;
    const struct gguf_value *out = NULL;
    assert_named(f, gguf_array(&f->gguf, "a.u8", GGUF_F32, &out, &f->error), "a.u8", "an array of u8",
                 "an array of f32");
    assert_named(f, gguf_array(&f->gguf, "a.i32", GGUF_U32, &out, &f->error), "a.i32", "an array of i32",
                 "an array of u32");
    assert_named(f, gguf_array(&f->gguf, "a.string", GGUF_I32, &out, &f->error), "a.string", "an array of string",
                 "an array of i32");
    assert_named(f, gguf_array(&f->gguf, "f32", GGUF_F32, &out, &f->error), "f32", "f32", "an array of f32");
    assert_int_equal(gguf_array(&f->gguf, "none", GGUF_F32, &out, &f->error), QN_MORE);
    assert_null(out);
}

static void arrays(void **state) {
    struct fixture *f = *state;
    const struct gguf_value *out = NULL;
    assert_int_equal(gguf_array(&f->gguf, "a.u32", GGUF_U32, &out, &f->error), QN_OK);
    assert_int_equal(out->count, 2);
    assert_int_equal(gguf_array_u32(out, 0), 1);
    assert_int_equal(gguf_array_u32(out, 1), 4000000000u);
    assert_int_equal(gguf_array(&f->gguf, "a.i32", GGUF_I32, &out, &f->error), QN_OK);
    assert_int_equal((int32_t)gguf_array_u32(out, 1), -1);
    assert_int_equal(gguf_array(&f->gguf, "a.f32", GGUF_F32, &out, &f->error), QN_OK);
    assert_true(gguf_array_f32(out, 0) == 1.5f);
    assert_true(gguf_array_f32(out, 1) == 0 && signbit(gguf_array_f32(out, 1)));
    assert_int_equal(gguf_array(&f->gguf, "a.bool", GGUF_BOOL, &out, &f->error), QN_OK);
    assert_false(gguf_array_bool(out, 0));
    assert_true(gguf_array_bool(out, 1));
    assert_int_equal(gguf_array(&f->gguf, "a.none", GGUF_I32, &out, &f->error), QN_OK);
    assert_int_equal(out->count, 0);
}

static void strings_of_an_array(void **state) {
    struct fixture *f = *state;
    static const char *const expected[] = {"one", "", "three", "4", "", ""}; /* empty after the end */
    const struct gguf_value *out = NULL;
    assert_int_equal(gguf_array(&f->gguf, "a.string", GGUF_STRING, &out, &f->error), QN_OK);
    assert_int_equal(out->count, 4);
    size_t at = 0;
    for (size_t i = 0; i < 6; i++) {
        const struct gguf_text text = gguf_next_text(out, &at);
        assert_int_equal(text.bytes, strlen(expected[i]));
        assert_memory_equal(text.at, expected[i], text.bytes);
    }
    assert_int_equal(at, out->bytes);
}

/* Only a string is compared with a word, not a number or an array of the same bytes. */
static void words(void **state) {
    (void)state;
    static const uint32_t types[] = {GGUF_STRING, GGUF_U32};
    for (size_t i = 0; i < 2; i++) {
        struct gguf_value value = {.type = types[i], .data = (const uint8_t *)"abcd", .bytes = 4};
        assert_int_equal(gguf_value_is(&value, "abcd"), i == 0);
        assert_false(gguf_value_is(&value, "abce"));
        assert_false(gguf_value_is(&value, "abc"));
    }
}

static void type_names(void **state) {
    (void)state;
    assert_string_equal(gguf_type_name(GGUF_U8), "u8");
    assert_string_equal(gguf_type_name(GGUF_STRING), "string");
    assert_string_equal(gguf_type_name(GGUF_F64), "f64");
    assert_string_equal(gguf_type_name(13), "?");
    assert_string_equal(gguf_type_name(UINT32_MAX), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_of_any_width, open_every, close_every),
        cmocka_unit_test_setup_teardown(signed_integers_of_any_width, open_every, close_every),
        cmocka_unit_test(integers_at_the_edges),
        cmocka_unit_test(signed_integers_at_the_edges),
        cmocka_unit_test_setup_teardown(floats, open_every, close_every),
        cmocka_unit_test_setup_teardown(booleans, open_every, close_every),
        cmocka_unit_test_setup_teardown(strings, open_every, close_every),
        cmocka_unit_test_setup_teardown(arrays_of_another_element_type, open_every, close_every),
        cmocka_unit_test_setup_teardown(arrays, open_every, close_every),
        cmocka_unit_test_setup_teardown(strings_of_an_array, open_every, close_every),
        cmocka_unit_test(words),
        cmocka_unit_test(type_names),
    };
    return cmocka_run_group_tests_name("gguf_read", tests, NULL, NULL);
}
