/* Checks of the kernels on vectors: norms, activation functions, RoPE, conversions and so on. */
#include "check_kinds.h"
#include "fill.h"

/* Every length up to 67, and some of real models. */
static const size_t model_lengths[] = {576, 640, 1536, 2048, 4099};
#define LENGTHS (67 + sizeof model_lengths / sizeof *model_lengths)

static size_t length_of(size_t i) { return i < 67 ? i + 1 : model_lengths[i - 67]; }

void check_rmsnorm(struct check *check, rmsnorm_fn *reference, rmsnorm_fn *variant) {
    static const float epsilons[] = {1e-5f, 1e-6f, 0.0f};
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        const bool in_place = check_random(check) & 1;
        const bool weighted = check_random(check) % 4 != 0;
        const float epsilon = epsilons[check_below(check, 3)];
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        check_also(check, "in place", in_place);
        check_also(check, "weighted", weighted);
        float *x = check_floats(check, n);
        float *out = in_place ? x : check_floats(check, n);
        float *weight = weighted ? check_floats(check, n) : NULL;
        check_fill(check, x, n, fill);
        if (weight) {
            check_fill(check, weight, n, FILL_NORMAL);
        }
        check_expect(check);
        reference(out, x, weight, n, epsilon);
        while (check_next_round(check)) {
            variant(AT(out), AT(x), weight ? AT(weight) : NULL, n, epsilon);
        }
    }
}

void check_layernorm(struct check *check, layernorm_fn *reference, layernorm_fn *variant) {
    static const float epsilons[] = {1e-5f, 1e-6f, 0.0f};
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        const bool in_place = check_random(check) & 1;
        const bool biased = check_random(check) & 1;
        const float epsilon = epsilons[check_below(check, 3)];
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        check_also(check, "in place", in_place);
        check_also(check, "biased", biased);
        float *x = check_floats(check, n);
        float *out = in_place ? x : check_floats(check, n);
        float *weight = check_floats(check, n);
        float *bias = biased ? check_floats(check, n) : NULL;
        check_fill(check, x, n, fill);
        check_fill(check, weight, n, FILL_NORMAL);
        if (bias) {
            check_fill(check, bias, n, FILL_NORMAL);
        }
        check_expect(check);
        reference(out, x, weight, bias, n, epsilon);
        while (check_next_round(check)) {
            variant(AT(out), AT(x), AT(weight), bias ? AT(bias) : NULL, n, epsilon);
        }
    }
}

void check_add(struct check *check, add_fn *reference, add_fn *variant) {
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        const bool in_place = check_random(check) & 1;
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        check_also(check, "in place", in_place);
        float *a = check_floats(check, n);
        float *b = check_floats(check, n);
        float *out = in_place ? a : check_floats(check, n);
        check_fill(check, a, n, fill);
        check_fill(check, b, n, fill);
        check_expect(check);
        reference(out, a, b, n);
        while (check_next_round(check)) {
            variant(AT(out), AT(a), AT(b), n);
        }
    }
}

void check_scale(struct check *check, scale_fn *reference, scale_fn *variant) {
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        float *x = check_floats(check, n);
        float factor;
        check_fill(check, x, n, fill);
        check_fill(check, &factor, 1, FILL_NORMAL);
        check_expect(check);
        reference(x, factor, n);
        while (check_next_round(check)) {
            variant(AT(x), factor, n);
        }
    }
}

/* Scales normal numbers up, to cover the whole range in which exp is neither 0 nor infinite. */
static void scale_up(struct check *check, float *x, size_t n) {
    const float factor = (float)(check_below(check, 60) + 1);
    for (size_t k = 0; k < n; k++) {
        x[k] *= factor;
    }
}

void check_gate(struct check *check, gate_fn *reference, gate_fn *variant) {
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        const bool in_place = check_random(check) & 1;
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        check_also(check, "in place", in_place);
        float *gate = check_floats(check, n);
        float *up = check_floats(check, n);
        float *out = in_place ? gate : check_floats(check, n);
        check_fill(check, gate, n, fill);
        check_fill(check, up, n, FILL_NORMAL);
        if (fill == FILL_NORMAL) {
            scale_up(check, gate, n);
        }
        check_expect(check);
        reference(out, gate, up, n);
        while (check_next_round(check)) {
            variant(AT(out), AT(gate), AT(up), n);
        }
    }
}

void check_act(struct check *check, act_fn *reference, act_fn *variant) {
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        const bool in_place = check_random(check) & 1;
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        check_also(check, "in place", in_place);
        float *x = check_floats(check, n);
        float *out = in_place ? x : check_floats(check, n);
        check_fill(check, x, n, fill);
        if (fill == FILL_NORMAL) {
            scale_up(check, x, n);
        }
        check_expect(check);
        reference(out, x, n);
        while (check_next_round(check)) {
            variant(AT(out), AT(x), n);
        }
    }
}

void check_softcap(struct check *check, softcap_fn *reference, softcap_fn *variant) {
    static const float caps[] = {50.0f, 30.0f, 1.0f, 1e-3f};
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        const float cap = caps[check_below(check, 4)];
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        float *x = check_floats(check, n);
        check_fill(check, x, n, fill);
        if (fill == FILL_NORMAL) {
            scale_up(check, x, n);
        }
        check_expect(check);
        reference(x, cap, n);
        while (check_next_round(check)) {
            variant(AT(x), cap, n);
        }
    }
}

void check_rope(struct check *check, rope_fn *reference, rope_fn *variant) {
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t pairs = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "pairs", pairs);
        check_also(check, "fill", fill);
        float *x = check_floats(check, 2 * pairs);
        float *cosines = check_floats(check, pairs);
        float *sines = check_floats(check, pairs);
        check_fill(check, x, 2 * pairs, fill);
        check_fill(check, cosines, pairs, FILL_NORMAL);
        check_fill(check, sines, pairs, FILL_NORMAL);
        check_expect(check);
        reference(x, cosines, sines, pairs);
        while (check_next_round(check)) {
            variant(AT(x), AT(cosines), AT(sines), pairs);
        }
    }
}

void check_f32_to_f16(struct check *check, f32_to_f16_fn *reference, f32_to_f16_fn *variant) {
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        float *x = check_floats(check, n);
        uint16_t *out = check_f16s(check, n);
        check_fill(check, x, n, fill);
        check_expect(check);
        reference(out, x, n);
        while (check_next_round(check)) {
            variant(AT(out), AT(x), n);
        }
    }
}

static void check_every_f16(struct check *check, f16_to_f32_fn *reference, f16_to_f32_fn *variant) {
    const size_t n = 65536;
    check_case(check, "every f16", n);
    uint16_t *x = check_f16s(check, n);
    float *out = check_floats(check, n);
    for (size_t i = 0; i < n; i++) {
        x[i] = (uint16_t)i;
    }
    check_expect(check);
    reference(out, x, n);
    while (check_next_round(check)) {
        variant(AT(out), AT(x), n);
    }
}

void check_f16_to_f32(struct check *check, f16_to_f32_fn *reference, f16_to_f32_fn *variant) {
    check_every_f16(check, reference, variant);
    for (size_t i = 0; i < LENGTHS * FILLS; i++) {
        const size_t n = length_of(i / FILLS);
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        uint16_t *x = check_f16s(check, n);
        float *out = check_floats(check, n);
        check_fill_f16(check, x, n, fill);
        check_expect(check);
        reference(out, x, n);
        while (check_next_round(check)) {
            variant(AT(out), AT(x), n);
        }
    }
}
