/* The sampler compared with the definition of its chain, computed in double over all candidates. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sampling/sampler.h"
#include "tests/engine/support/tiny_model.h"

#define VOCAB 50
#define DRAWS 20000

static struct candidate candidates[VOCAB];
static int32_t recent[64];
static float logits[VOCAB];

static void make_logits(void) {
    for (int i = 0; i < VOCAB; i++) {
        logits[i] = 4.0f * sinf((float)(i * i)) + 0.01f * (float)i;
    }
}

static struct sampler make(const struct qn_sampling *settings) {
    struct sampler sampler;
    sampler_init(&sampler, candidates, recent);
    struct qn_error error;
    assert_int_equal(sampler_set(&sampler, settings, NULL, 0, VOCAB, &error), QN_OK);
    return sampler;
}

static int32_t draw_once(const struct qn_sampling *settings, const int32_t *tokens, uint32_t n_tokens) {
    struct sampler sampler = make(settings);
    return sampler_draw(&sampler, logits, VOCAB, NULL, tokens, n_tokens);
}

/* The chain's probabilities: sorted, cut, and scaled by the temperature. */
static void expected(const struct qn_sampling *s, const float *from, double p[VOCAB]) {
    int order[VOCAB];
    for (int i = 0; i < VOCAB; i++) {
        order[i] = i;
        for (int j = i; j > 0 && from[order[j]] > from[order[j - 1]]; j--) {
            const int other = order[j];
            order[j] = order[j - 1];
            order[j - 1] = other;
        }
        p[i] = 0.0;
    }
    int n = s->top_k > 0 && s->top_k < VOCAB ? s->top_k : VOCAB;
    double whole = 0.0;
    for (int i = 0; i < n; i++) {
        whole += exp((double)from[order[i]] - (double)from[order[0]]);
    }
    double sum = 0.0;
    for (int i = 0; i < n && s->top_p < 1.0f; i++) {
        sum += exp((double)from[order[i]] - (double)from[order[0]]) / whole;
        if (sum >= (double)s->top_p) {
            n = i + 1;
        }
    }
    while (n > 1 && exp((double)from[order[n - 1]] - (double)from[order[0]]) < (double)s->min_p) {
        n--;
    }
    double scaled = 0.0;
    for (int i = 0; i < n; i++) {
        p[order[i]] = exp(((double)from[order[i]] - (double)from[order[0]]) / (double)s->temperature);
        scaled += p[order[i]];
    }
    for (int i = 0; i < VOCAB; i++) {
        p[i] /= scaled;
    }
}

static void check_distribution(struct qn_sampling settings) {

    double p[VOCAB];
    expected(&settings, logits, p);
    unsigned counts[VOCAB] = {0};
    struct sampler sampler = make(&settings);
    for (int i = 0; i < DRAWS; i++) {
        counts[sampler_draw(&sampler, logits, VOCAB, NULL, NULL, 0)]++;
    }
    double chi = 0.0;
    int cells = 0;
    for (int i = 0; i < VOCAB; i++) {
        assert_true(p[i] > 0.0 || counts[i] == 0); /* a token that was cut is never drawn */
        if (p[i] * DRAWS >= 5.0) {
            const double off = counts[i] - p[i] * DRAWS;
            chi += off * off / (p[i] * DRAWS);
            cells++;
        }
    }
    assert_true(cells > 1);
    assert_true(chi < cells + 6.0 * sqrt(2.0 * cells)); /* the seed is fixed, so this is deterministic */
}

static void test_distributions(void **state) {
    (void)state;
    make_logits();
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    settings.seed = 42;
    check_distribution(settings);
    settings.top_k = 5;
    check_distribution(settings);
    settings.top_k = 0;
    settings.top_p = 0.6f;
    check_distribution(settings);
    settings.top_p = 1.0f;
    settings.min_p = 0.2f;
    check_distribution(settings);
    settings.min_p = 0.0f;
    settings.temperature = 2.5f;
    check_distribution(settings);
}

static void test_greedy(void **state) {
    (void)state;
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    settings.temperature = 0.0f;
    for (int i = 0; i < VOCAB; i++) {
        logits[i] = i == 17 || i == 31 ? 3.0f : 1.0f;
    }
    assert_int_equal(draw_once(&settings, NULL, 0), 17); /* the lowest id among equals */
    logits[17] = NAN;
    assert_int_equal(draw_once(&settings, NULL, 0), 31);
    for (int i = 0; i < VOCAB; i++) {
        logits[i] = NAN;
    }
    assert_int_equal(draw_once(&settings, NULL, 0), 0);
}

/* As in llama.cpp: the repetition penalty divides positive logits and multiplies others, frequency counts, presence
 * does not. */
static void test_penalties(void **state) {
    (void)state;
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    settings.temperature = 0.0f;
    for (int i = 0; i < VOCAB; i++) {
        logits[i] = -1.0f;
    }
    logits[3] = 2.0f;
    logits[4] = 1.5f;
    const int32_t tokens[] = {4, 3, 3, 9};
    assert_int_equal(draw_once(&settings, tokens, 4), 3);
    settings.repeat_penalty = 1.5f; /* 2 / 1.5 = 1.33, 1.5 / 1.5 = 1 */
    assert_int_equal(draw_once(&settings, tokens, 4), 3);
    settings.penalty_last_n = 3; /* token 4 is too far back: 1.5 */
    assert_int_equal(draw_once(&settings, tokens, 4), 4);
    settings.penalty_last_n = -1;
    settings.repeat_penalty = 1.0f;
    settings.frequency_penalty = 0.4f; /* 2 - 0.8, 1.5 - 0.4 */
    assert_int_equal(draw_once(&settings, tokens, 4), 3);
    settings.frequency_penalty = 0.6f; /* 0.8, 0.9 */
    assert_int_equal(draw_once(&settings, tokens, 4), 4);
    settings.frequency_penalty = 0.0f;
    settings.presence_penalty = 5.0f; /* -3, -3.5; 9: -6; the others -1, the lowest id first */
    assert_int_equal(draw_once(&settings, tokens, 4), 0);
}

static void test_bias_and_seed(void **state) {
    (void)state;
    make_logits();
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    struct sampler sampler;
    sampler_init(&sampler, candidates, recent);
    struct qn_error error;
    const struct qn_bias only = {.id = 11, .bias = 1000.0f};
    assert_int_equal(sampler_set(&sampler, &settings, &only, 1, VOCAB, &error), QN_OK);
    assert_int_equal(sampler_draw(&sampler, logits, VOCAB, NULL, NULL, 0), 11);
    const struct qn_bias outside = {.id = VOCAB, .bias = 1.0f};
    assert_int_equal(sampler_set(&sampler, &settings, &outside, 1, VOCAB, &error), QN_ERR_ARGUMENT);
    assert_int_equal(sampler_draw(&sampler, logits, VOCAB, NULL, NULL, 0), 11); /* unchanged */
    sampler_free(&sampler);
    struct sampler first = make(&settings);
    struct sampler second = make(&settings);
    settings.seed = 1;
    struct sampler third = make(&settings);
    int different = 0;
    for (int i = 0; i < 200; i++) {
        const int32_t id = sampler_draw(&first, logits, VOCAB, NULL, NULL, 0);
        assert_int_equal(id, sampler_draw(&second, logits, VOCAB, NULL, NULL, 0));
        different += id != sampler_draw(&third, logits, VOCAB, NULL, NULL, 0);
    }
    assert_true(different > 0);
}

static void test_bad_settings(void **state) {
    (void)state;
    struct sampler sampler;
    sampler_init(&sampler, candidates, recent);
    struct qn_error error;
    struct qn_sampling good;
    qn_sampling_default(&good);
    struct qn_sampling bad[] = {good, good, good, good, good};
    bad[0].temperature = NAN;
    bad[1].top_p = 1.5f;
    bad[2].min_p = -0.1f;
    bad[3].repeat_penalty = 0.0f;
    bad[4].frequency_penalty = NAN;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(sampler_set(&sampler, &bad[i], NULL, 0, VOCAB, &error), QN_ERR_ARGUMENT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distributions), cmocka_unit_test(test_greedy),       cmocka_unit_test(test_penalties),
        cmocka_unit_test(test_bias_and_seed), cmocka_unit_test(test_bad_settings),
    };
    return cmocka_run_group_tests_name("sampling_sampler_chain", tests, NULL, NULL);
}
