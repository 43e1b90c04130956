/* The scalar contract against double arithmetic and the C library. Normalised error: the sum of squared differences
 * over the sum of squares, as llama.cpp's operator tests take it. */
#include "kernels/scalar/exp.h"
#include "kernels/variants.h"

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

/* |got - want| in units in the last place of a float next to `want`. */
static double ulps(float got, double want) {
    int exponent;
    frexp(want, &exponent);
    exponent = exponent < -125 ? -125 : exponent;
    return fabs((double)got - want) / ldexp(1.0, exponent - 24);
}

/* The largest error of exp over every `step`th float of a sign, magnitudes from `low` to `high`. */
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

static void assert_nmse(const struct nmse *nmse, const char *what, double most) {
    const double error = nmse->differences / nmse->squares;
    printf("%s: normalised error %.2g\n", what, error);
    assert_true(error <= most);
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
        const double bounded = x[i] >= 10 ? (double)x[i] : x[i] <= -10 ? 0 : value;
        nmse_add(&nmse, out[i], bounded * (double)y[i]);
        assert_true(out[i] == z[i] * y[i]);
    }
    assert_nmse(&nmse, "geglu", 1e-9); /* a few values lie so near a tie of f16 that they round to the other side */
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
    assert_nmse(&nmse, "softmax", 1e-7); /* nearly all of it from rounding to f16 */
}

static void test_attention(void **state) {
    (void)state;
    enum { DIM = 128, POSITIONS = 32 };
    uint16_t halves[DIM * POSITIONS];
    float scores[POSITIONS];
    struct nmse score_error = {0};
    struct nmse value_error = {0};
    fill(x, 1);
    fill(y, 1);
    f32_to_f16_scalar(halves, y, DIM * POSITIONS);
    attention_scores_scalar(scores, POSITIONS, x, DIM, 1, halves, DIM, POSITIONS, DIM, 0.125f);
    for (size_t t = 0; t < POSITIONS; t++) {
        double sum = 0;
        for (size_t d = 0; d < DIM; d++) {
            sum += (double)x[d] * (double)f16_to_f32(halves[t * DIM + d]);
        }
        nmse_add(&score_error, scores[t], sum * 0.125);
    }
    for (size_t d = 0; d < DIM; d++) {
        out[d] = 0;
    }
    attention_values_scalar(out, DIM, scores, POSITIONS, 1, halves, DIM, POSITIONS, DIM);
    for (size_t d = 0; d < DIM; d++) {
        double sum = 0;
        for (size_t t = 0; t < POSITIONS; t++) {
            sum += (double)scores[t] * (double)f16_to_f32(halves[t * DIM + d]);
        }
        nmse_add(&value_error, out[d], sum);
    }
    assert_nmse(&score_error, "attention_scores", 1e-12);
    assert_nmse(&value_error, "attention_values", 1e-12);
}

int main(void) {
    srand(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),     cmocka_unit_test(test_rmsnorm), cmocka_unit_test(test_layernorm),
        cmocka_unit_test(test_softcap), cmocka_unit_test(test_swiglu),  cmocka_unit_test(test_geglu),
        cmocka_unit_test(test_rope),    cmocka_unit_test(test_softmax), cmocka_unit_test(test_attention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
