/* The scalar reference compared with double arithmetic and the C library. The normalized error (NMSE) is the sum of
 * squared differences divided by the sum of squares, as in llama.cpp's operator tests. */
#include "f16_scales.h"
#include "kernels/exp.h"
#include "kernels/variants.h"
#include "quant/decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 4096

/* ---- exp ---- */

/* |got - want| in units in the last place of the float nearest to `want`. */
static double ulps(float got, double want) {
    int exponent;
    frexp(want, &exponent);
    exponent = exponent < -125 ? -125 : exponent;
    return fabs((double)got - want) / ldexp(1.0, exponent - 24);
}

/* The largest error of exp over every `step`-th float with magnitudes from `low` to `high` and the given sign bit. */
static double worst_exp(uint32_t sign, float low, float high, uint32_t step) {
    double worst = 0;
    for (uint32_t bits = f32_bits(low); bits <= f32_bits(high); bits += step) {
        const float x = f32_from_bits(bits | sign);
        const double error = ulps(exp_f32(x), exp((double)x));
        worst = error > worst ? error : worst;
    }
    return worst;
}

static void test_exp(void **state) {
    (void)state;
    const double up = worst_exp(0, 0.0f, 88.7228f, 101);
    const double down = worst_exp(0x80000000u, 0.0f, 86.9f, 101);
    printf("exp: %.3f ulp up, %.3f down\n", up, down);
    assert_true(up <= 1 && down <= 1);
    assert_true(exp_f32(0.0f) == 1.0f && exp_f32(-0.0f) == 1.0f);
    assert_true(f32_bits(exp_f32(-INFINITY)) == 0);
    assert_true(f32_bits(exp_f32(-87.0f)) == 0 && f32_bits(exp_f32(-3e38f)) == 0);
    assert_true(exp_f32(INFINITY) == INFINITY && exp_f32(89.0f) == INFINITY && exp_f32(3e38f) == INFINITY);
    assert_true(isnan(exp_f32(NAN)));
}

/* ---- the kernels ---- */

static float normal(void) {
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (double)rand() / RAND_MAX;
    }
    return (float)(sum - 6);
}

static void fill(float *x, float factor) {
    for (size_t i = 0; i < N; i++) {
        x[i] = factor * normal();
    }
}

struct nmse {
    double differences;
    double squares;
};

static void nmse_add(struct nmse *nmse, float got, double want) {
    nmse->differences += ((double)got - want) * ((double)got - want);
    nmse->squares += want * want;
}

static void assert_nmse(const struct nmse *nmse, const char *name, double limit) {
    const double error = nmse->differences / nmse->squares;
    printf("%s: normalized error %.2g\n", name, error);
    assert_true(error <= limit);
}

static float x[N], y[N], z[N], out[N];

static void test_rmsnorm(void **state) {
    (void)state;
    struct nmse nmse = {0};
    for (size_t n = 1; n <= N; n = n * 3 / 2 + 1) {
        fill(x, powf(10.0f, normal()));
        fill(y, 1);
        rmsnorm_scalar(out, x, y, n, 1e-5f);
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += (double)x[i] * (double)x[i];
        }
        for (size_t i = 0; i < n; i++) {
            nmse_add(&nmse, out[i], (double)x[i] / sqrt(sum / (double)n + (double)1e-5f) * (double)y[i]);
        }
    }
    assert_nmse(&nmse, "rmsnorm", 1e-14);
}

static void test_layernorm(void **state) {
    (void)state;
    struct nmse nmse = {0};
    for (size_t n = 2; n <= N; n = n * 3 / 2 + 1) {
        fill(x, powf(10.0f, normal()));
        fill(y, 1);
        fill(z, 1);
        const float shift = 3.0f * x[0];
        double sum = 0;
        double squares = 0;
        for (size_t i = 0; i < n; i++) {
            x[i] += shift;
            sum += (double)x[i];
        }
        for (size_t i = 0; i < n; i++) {
            squares += ((double)x[i] - sum / (double)n) * ((double)x[i] - sum / (double)n);
        }
        const bool biased = n % 2;
        layernorm_scalar(out, x, y, biased ? z : NULL, n, 1e-5f);
        for (size_t i = 0; i < n; i++) {
            const double normed = ((double)x[i] - sum / (double)n) / sqrt(squares / (double)n + (double)1e-5f);
            nmse_add(&nmse, out[i], normed * (double)y[i] + (biased ? (double)z[i] : 0.0));
        }
    }
    assert_nmse(&nmse, "layernorm", 1e-13);
}

static void test_softcap(void **state) {
    (void)state;
    static const float caps[] = {50.0f, 30.0f, 1.0f};
    struct nmse nmse = {0};
    for (size_t c = 0; c < 3; c++) {
        fill(x, 2 * caps[c]);
        x[0] = 1e30f;
        x[1] = -1e30f;
        x[2] = 0.0f;
        memcpy(out, x, sizeof(x));
        softcap_scalar(out, caps[c], N);
        for (size_t i = 0; i < N; i++) {
            nmse_add(&nmse, out[i], (double)caps[c] * tanh((double)x[i] / (double)caps[c]));
        }
    }
    assert_nmse(&nmse, "softcap", 1e-14);
}

static void test_swiglu(void **state) {
    (void)state;
    struct nmse nmse = {0};
    fill(x, 5);
    fill(y, 1);
    swiglu_scalar(out, x, y, N);
    for (size_t i = 0; i < N; i++) {
        nmse_add(&nmse, out[i], (double)x[i] / (1 + exp(-(double)x[i])) * (double)y[i]);
    }
    assert_nmse(&nmse, "swiglu", 1e-14);
}

static void test_glu(void **state) {
    (void)state;
    struct nmse nmse = {0};
    fill(x, 5);
    fill(y, 1);
    glu_scalar(out, x, y, N);
    for (size_t i = 0; i < N; i++) {
        nmse_add(&nmse, out[i], (double)y[i] / (1 + exp(-(double)x[i])));
    }
    assert_nmse(&nmse, "glu", 1e-14);
}

static double round_to_f16(double value) { return (double)f16_to_f32(f32_to_f16((float)value)); }

static void test_geglu(void **state) {
    (void)state;
    struct nmse nmse = {0};
    fill(x, 4);
    fill(y, 1);
    x[0] = 10.0f;
    x[1] = -10.0f;
    x[2] = 9.9999f;
    x[3] = 1e30f;
    x[4] = -1e30f;
    y[3] = 1e-30f;
    geglu_scalar(out, x, y, N);
    gelu_scalar(z, x, N);
    for (size_t i = 0; i < N; i++) {
        const double v = round_to_f16((double)x[i]);
        const double inner = sqrt(2 / 3.14159265358979323846) * (v + 0.044715 * v * v * v);
        const double value = round_to_f16(0.5 * v * (1 + tanh(inner)));
        const double limited = x[i] <= -10 ? 0 : value;
        const double bounded = x[i] >= 10 ? (double)x[i] : limited;
        nmse_add(&nmse, out[i], bounded * (double)y[i]);
        assert_true(out[i] == z[i] * y[i]);
    }
    assert_nmse(&nmse, "geglu", 1e-9); /* a few values are so close to a tie of f16 that they round the other way */
    assert_true(out[4] == 0);
}

static void test_rope(void **state) {
    (void)state;
    struct nmse norm = {0};
    struct nmse neox = {0};
    fill(x, 1);
    for (size_t i = 0; i < N / 2; i++) {
        y[i] = cosf((float)i);
        z[i] = sinf((float)i);
    }
    for (size_t i = 0; i < N; i++) {
        out[i] = x[i];
    }
    rope_norm_scalar(out, y, z, N / 2);
    for (size_t i = 0; i < N / 2; i++) {
        const double a = (double)x[2 * i];
        const double b = (double)x[2 * i + 1];
        nmse_add(&norm, out[2 * i], a * (double)y[i] - b * (double)z[i]);
        nmse_add(&norm, out[2 * i + 1], a * (double)z[i] + b * (double)y[i]);
    }
    for (size_t i = 0; i < N; i++) {
        out[i] = x[i];
    }
    rope_neox_scalar(out, y, z, N / 2);
    for (size_t i = 0; i < N / 2; i++) {
        const double a = (double)x[i];
        const double b = (double)x[i + N / 2];
        nmse_add(&neox, out[i], a * (double)y[i] - b * (double)z[i]);
        nmse_add(&neox, out[i + N / 2], a * (double)z[i] + b * (double)y[i]);
    }
    assert_nmse(&norm, "rope_norm", 1e-14);
    assert_nmse(&neox, "rope_neox", 1e-14);
}

static void test_softmax(void **state) {
    (void)state;
    struct nmse nmse = {0};
    for (size_t n = 1; n <= N; n = n * 2 + 1) {
        fill(x, 2);
        double most = (double)x[0];
        for (size_t i = 0; i < n; i++) {
            out[i] = x[i];
            most = (double)x[i] > most ? (double)x[i] : most;
        }
        attention_softmax_scalar(out, n);
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += exp((double)x[i] - most);
        }
        for (size_t i = 0; i < n; i++) {
            nmse_add(&nmse, out[i], exp((double)x[i] - most) / sum);
        }
    }
    assert_nmse(&nmse, "softmax", 1e-7); /* nearly all of the error comes from rounding to f16 */
}

static void test_attention(void **state) {
    (void)state;
    enum { DIM = 128, POSITIONS = 32 };
    uint16_t cache[DIM * POSITIONS];
    float scores[POSITIONS];
    struct nmse score_error = {0};
    struct nmse value_error = {0};
    fill(x, 1);
    fill(y, 1);
    f32_to_f16_scalar(cache, y, DIM * POSITIONS);
    const struct kv_rows cached = {(const uint8_t *)cache, 2 * DIM, false};
    attention_scores_scalar(scores, POSITIONS, x, DIM, 1, cached, POSITIONS, DIM, 0.125f);
    for (size_t t = 0; t < POSITIONS; t++) {
        double sum = 0;
        for (size_t d = 0; d < DIM; d++) {
            sum += (double)x[d] * (double)f16_to_f32(cache[t * DIM + d]);
        }
        nmse_add(&score_error, scores[t], sum * 0.125);
    }
    for (size_t d = 0; d < DIM; d++) {
        out[d] = 0;
    }
    attention_values_scalar(out, DIM, scores, POSITIONS, 1, cached, POSITIONS, DIM);
    for (size_t d = 0; d < DIM; d++) {
        double sum = 0;
        for (size_t t = 0; t < POSITIONS; t++) {
            sum += (double)scores[t] * (double)f16_to_f32(cache[t * DIM + d]);
        }
        nmse_add(&value_error, out[d], sum);
    }
    assert_nmse(&score_error, "attention_scores", 1e-12);
    assert_nmse(&value_error, "attention_values", 1e-12);
}

/* ---- matrix products ---- */

/* Limits the scales of one block that are not a plain f16, so that decoded weights are about 1. */
static void limit_scales(uint8_t *block, uint32_t type, uint8_t high_byte) {
    switch (type) {
    case TYPE_IQ1_M: /* the top nibbles of bytes 53 and 55 are the high byte of the f16 scale */
        block[55] = (uint8_t)((high_byte & 0xf0) | (block[55] & 15));
        block[53] = (uint8_t)((high_byte << 4 & 0xf0) | (block[53] & 15));
        break;
    case TYPE_MXFP4:
        block[0] = (uint8_t)(120 + (block[0] & 7));
        break;
    case TYPE_NVFP4:
        for (size_t i = 0; i < 4; i++) {
            block[i] = (uint8_t)(0x28 + (block[i] & 15));
        }
        break;
    case TYPE_F16:
        block[1] = (uint8_t)(block[1] & 0xbf);
        break;
    case TYPE_BF16:
        block[1] = (uint8_t)(block[1] & 0x80) | 0x3f;
        break;
    case TYPE_F32:
        block[3] = (uint8_t)(block[3] & 0x80) | 0x3f;
        break;
    default:
        break;
    }
}

/* Random blocks whose decoded weights are about 1. */
static void fill_rows(uint8_t *w, size_t bytes, uint32_t type) {
    const size_t block = type_traits(type)->block_bytes;
    const struct f16_scales scales = f16_scales(type);
    for (size_t i = 0; i < bytes; i++) {
        w[i] = (uint8_t)(rand() >> 8);
    }
    for (size_t at = 0; at < bytes; at += block) {
        const uint8_t high_byte = (uint8_t)(rand() >> 8 & 1 ? 0xac : 0x2c); /* of an f16 near -1/16 or 1/16 */
        for (unsigned i = 0; i < scales.count; i++) {
            w[at + scales.at[i] + 1] = high_byte;
        }
        limit_scales(w + at, type, high_byte);
    }
}

/* Value i of a quantized activation. Compared with a product of these values, the reference has only rounding errors of
 * floats. */
static double activation_at(const uint8_t *row, enum activation_kind kind, size_t n, size_t i) {
    const struct activation_layout layout = activation_layout(kind, n);
    if (kind == ACTIVATION_F32) {
        return (double)((const float *)(const void *)row)[i];
    }
    const float *d = (const float *)(const void *)(row + layout.scales);
    return (double)d[i / (kind == ACTIVATION_Q8_K ? 256 : 32)] * ((const int8_t *)row)[i];
}

static void check_dots(const char *name, uint32_t type, const struct weight_kernels *reference) {
    enum { ROWS = 64, COLS = 512 };
    static uint8_t w[ROWS * COLS * 4];
    static _Alignas(16) uint8_t activation[8 * COLS];
    const struct type_traits *traits = type_traits(type);
    const size_t row_bytes = COLS / traits->block_weights * (size_t)traits->block_bytes;
    static quantize_fn *const quantize[] = {
        [ACTIVATION_F32] = activation_quantize_f32,
        [ACTIVATION_Q8_0] = activation_quantize_q8_0,
        [ACTIVATION_Q8_1] = activation_quantize_q8_1,
        [ACTIVATION_Q8_K] = activation_quantize_q8_K,
    };
    fill_rows(w, ROWS * row_bytes, type);
    fill(x, 1);
    quantize[reference->activation](activation, x, COLS);
    const struct gemv_args args = {
        .out = out, .w = w, .row_bytes = row_bytes, .rows = ROWS, .activations = activation, .tokens = 1, .n = COLS};
    reference->gemv(&args);
    struct nmse whole = {0};
    struct nmse rounded = {0};
    for (size_t r = 0; r < ROWS; r++) {
        double sum = 0;
        double sum_quantized = 0;
        type_decoder(type)(y, w + r * row_bytes, COLS);
        for (size_t i = 0; i < COLS; i++) {
            sum += (double)y[i] * (double)x[i];
            sum_quantized += (double)y[i] * activation_at(activation, reference->activation, COLS, i);
        }
        nmse_add(&whole, out[r], sum);
        nmse_add(&rounded, out[r], sum_quantized);
    }
    assert_nmse(&whole, name, 5e-4); /* llama.cpp's limit for a matrix product */
    char label[64];
    snprintf(label, sizeof(label), "%s, quantized activations", name);
    assert_nmse(&rounded, label,
                reference->activation == ACTIVATION_Q8_1 ? 1e-6 : 1e-11); /* s of Q8_1 is rounded to f16 */
}

static void test_dots(void **state) {
    (void)state;
#define KERNEL(kind, name, best)
#define WEIGHT(type, name, best) check_dots(#name, type, &name##_scalar);
#include "kernels/kernels.inc"
#undef KERNEL
#undef WEIGHT
}

int main(void) {
    srand(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),       cmocka_unit_test(test_rmsnorm), cmocka_unit_test(test_layernorm),
        cmocka_unit_test(test_softcap),   cmocka_unit_test(test_swiglu),  cmocka_unit_test(test_glu),
        cmocka_unit_test(test_geglu),     cmocka_unit_test(test_rope),    cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_attention), cmocka_unit_test(test_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
