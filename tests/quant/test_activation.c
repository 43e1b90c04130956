/* quant/activation.c compared with llama.cpp's reference quantizers (vectors/activations.bin, written by
 * make_vectors.py), and with its own rules where the reference leaves a result undefined. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "quant/activation.h"
#include "quant/f16.h"

#define N 256

/* A record of activations.bin, with blocks in ggml's layout. */
struct vector {
    float x[N];
    struct {
        uint16_t d;
        int8_t qs[32];
    } q8_0[N / 32];
    struct {
        uint16_t d, s;
        int8_t qs[32];
    } q8_1[N / 32];
    struct {
        float d;
        int8_t qs[N];
        int16_t sums[N / 16];
    } q8_K;
};
_Static_assert(sizeof(struct vector) == 1024 + 8 * 34 + 8 * 36 + 292, "the file's layout");

/* A quantized row, with pointers to its arrays. */
struct row {
    _Alignas(16) uint8_t bytes[2048];
    const int8_t *codes;
    const float *scales;
    const void *sums;
    const int16_t *sums_of_32;
};

static void quantize(struct row *row, enum activation_kind kind, const float *x, size_t n) {
    static void (*const by_kind[])(uint8_t *, const float *, size_t) = {
        [ACTIVATION_F32] = activation_quantize_f32,
        [ACTIVATION_Q8_0] = activation_quantize_q8_0,
        [ACTIVATION_Q8_1] = activation_quantize_q8_1,
        [ACTIVATION_Q8_K] = activation_quantize_q8_K,
    };
    const struct activation_layout layout = activation_layout(kind, n);
    assert_true(layout.bytes <= sizeof row->bytes - 16);
    memset(row->bytes, 0xa5, sizeof row->bytes);
    by_kind[kind](row->bytes, x, n);
    for (size_t i = layout.bytes; i < sizeof row->bytes; i++) {
        assert_int_equal(row->bytes[i], 0xa5);
    }
    row->codes = (const int8_t *)row->bytes;
    row->scales = (const float *)(const void *)(row->bytes + layout.scales);
    row->sums = row->bytes + layout.sums;
    row->sums_of_32 = (const int16_t *)(const void *)(row->bytes + layout.sums_of_32);
}

static void rows_equal_llama_cpp(void **state) {
    (void)state;
    FILE *file = fopen("tests/quant/vectors/activations.bin", "rb");
    assert_non_null(file);
    static struct vector v;
    unsigned rows = 0;
    for (; fread(&v, sizeof v, 1, file) == 1; rows++) {
        struct row row;
        quantize(&row, ACTIVATION_Q8_0, v.x, N);
        for (unsigned b = 0; b < N / 32; b++) {
            int32_t sum = 0;
            for (unsigned i = 0; i < 32; i++) {
                sum += v.q8_0[b].qs[i];
            }
            assert_memory_equal(row.codes + 32 * b, v.q8_0[b].qs, 32);
            assert_int_equal(f32_bits(row.scales[b]), f32_bits(f16_to_f32(v.q8_0[b].d)));
            assert_int_equal(((const int32_t *)row.sums)[b], sum);
        }
        quantize(&row, ACTIVATION_Q8_1, v.x, N);
        for (unsigned b = 0; b < N / 32; b++) {
            assert_memory_equal(row.codes + 32 * b, v.q8_1[b].qs, 32);
            assert_int_equal(f32_bits(row.scales[b]), f32_bits(f16_to_f32(v.q8_1[b].d)));
            assert_int_equal(f32_bits(((const float *)row.sums)[b]), f32_bits(f16_to_f32(v.q8_1[b].s)));
        }
        quantize(&row, ACTIVATION_Q8_K, v.x, N);
        assert_memory_equal(row.codes, v.q8_K.qs, N);
        assert_int_equal(f32_bits(row.scales[0]), f32_bits(v.q8_K.d));
        assert_memory_equal(row.sums, v.q8_K.sums, sizeof v.q8_K.sums);
        for (unsigned i = 0; i < N / 32; i++) {
            assert_int_equal(row.sums_of_32[i], v.q8_K.sums[2 * i] + v.q8_K.sums[2 * i + 1]);
        }
    }
    fclose(file);
    assert_int_equal(rows, 7);
}

static void f32_rows_are_copies(void **state) {
    (void)state;
    float x[32];
    for (unsigned i = 0; i < 32; i++) {
        x[i] = (float)i / 3;
    }
    struct row row;
    quantize(&row, ACTIVATION_F32, x, 32);
    assert_memory_equal(row.bytes, x, sizeof x);
}

static void layouts_are_aligned_and_disjoint(void **state) {
    (void)state;
    for (size_t n = 0; n <= 4096; n += 32) {
        for (int kind = ACTIVATION_F32; kind <= ACTIVATION_Q8_K; kind++) {
            if (kind == ACTIVATION_Q8_K && n % 256) {
                continue;
            }
            const struct activation_layout layout = activation_layout((enum activation_kind)kind, n);
            assert_true(layout.scales % 16 == 0 && layout.sums % 16 == 0 && layout.bytes % 16 == 0);
            assert_true(layout.scales >= n * (kind == ACTIVATION_F32 ? 4 : 1));
            if (kind != ACTIVATION_F32) {
                const size_t block = kind == ACTIVATION_Q8_K ? 256 : 32;
                assert_true(layout.sums - layout.scales >= n / block * 4);
                assert_true(layout.bytes - layout.sums >= (kind == ACTIVATION_Q8_K ? n / 16 * 2 : n / 32 * 4));
                if (kind == ACTIVATION_Q8_K) {
                    assert_true(layout.sums_of_32 % 16 == 0 && layout.sums_of_32 - layout.sums >= n / 16 * 2);
                    assert_true(layout.bytes - layout.sums_of_32 >= n / 32 * 2);
                }
            }
        }
    }
}

/* Every float with a magnitude of up to 127 is rounded: with 127 in the block, d and id are 1 (or -1). */
static void rounding_is_roundf_and_nearest_even(void **state) {
    (void)state;
    float x[N];
    const uint32_t last = f32_bits(127.0f);
    /* all floats from 0.25 on; below that, where all round to 0, every 1009th */
    for (uint32_t bits = 0; bits < last;) {
        for (unsigned i = 0; i < N; i++) {
            x[i] = i % 32 ? f32_from_bits(i % 2 ? bits : bits | 0x80000000u) : 127.0f;
            if (i % 2) {
                bits += bits < f32_bits(0.25f) ? 1009 : 1;
                bits = bits < last ? bits : last;
            }
        }
        struct row away, even;
        quantize(&away, ACTIVATION_Q8_0, x, N);
        quantize(&even, ACTIVATION_Q8_K, x, N);
        for (unsigned i = 0; i < N; i++) {
            if (away.codes[i] != (int)roundf(x[i]) || even.codes[i] != -(int)nearbyintf(x[i])) {
                fail_msg("%a", (double)x[i]);
            }
        }
    }
}

static void special_values_give_zeros(void **state) {
    (void)state;
    struct row row;
    float x[N];
    for (int kind = ACTIVATION_Q8_0; kind <= ACTIVATION_Q8_K; kind++) {
        /* NaNs do not affect the scale of the others. */
        for (unsigned i = 0; i < N; i++) {
            x[i] = i % 3 ? 1.0f : NAN;
        }
        quantize(&row, (enum activation_kind)kind, x, N);
        for (unsigned i = 0; i < N; i++) {
            const int largest = kind == ACTIVATION_Q8_K ? -127 : 127;
            assert_int_equal(row.codes[i], i % 3 == 0 ? 0 : largest);
        }
        /* Codes are 0 if an input is infinite, or if all are NaN, zero or too small to scale. */
        const float all[] = {INFINITY, -INFINITY, NAN, 0.0f, 1e-37f, -1e-40f};
        for (unsigned c = 0; c < sizeof all / sizeof *all; c++) {
            for (unsigned i = 0; i < N; i++) {
                x[i] = c < 2 && i != 5 ? 1.0f : all[c];
            }
            quantize(&row, (enum activation_kind)kind, x, N);
            for (unsigned i = 0; i < 32; i++) {
                assert_int_equal(row.codes[i], 0);
            }
            assert_true(c < 2 ? isinf(row.scales[0]) : row.scales[0] == 0);
            if (kind == ACTIVATION_Q8_1) {
                assert_int_equal(f32_bits(((const float *)row.sums)[0]), 0);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_equal_llama_cpp),
        cmocka_unit_test(f32_rows_are_copies),
        cmocka_unit_test(layouts_are_aligned_and_disjoint),
        cmocka_unit_test(rounding_is_roundf_and_nearest_even),
        cmocka_unit_test(special_values_give_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
