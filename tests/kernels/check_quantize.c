/* Checks of the kernels that quantize activations. */
#include "check_kinds.h"
#include "fill.h"

/* Makes the scale of a block 1, so that a tie in x is a tie in the rounding. */
static void scale_of_one(struct check *check, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] = x[i] > 127.0f || x[i] < -127.0f ? 0.5f : x[i];
    }
    x[check_below(check, n)] = check_random(check) & 1 ? -127.0f : 127.0f;
}

static enum activation_kind kind_of(const struct check *check) {
    static const char *const kernels[] = {
        [ACTIVATION_F32] = "quantize_f32",
        [ACTIVATION_Q8_0] = "quantize_q8_0",
        [ACTIVATION_Q8_1] = "quantize_q8_1",
        [ACTIVATION_Q8_K] = "quantize_q8_K",
    };
    for (unsigned kind = 0; kind < sizeof kernels / sizeof *kernels; kind++) {
        if (check_is(check, kernels[kind])) {
            return (enum activation_kind)kind;
        }
    }
    __builtin_trap(); /* a kernel without a kind here */
}

void check_quantize(struct check *check, quantize_fn *reference, quantize_fn *variant) {
    const enum activation_kind kind = kind_of(check);
    const size_t unit = kind == ACTIVATION_Q8_K ? 256 : 32;
    for (size_t i = 0; i < 24 * FILLS; i++) {
        const size_t n = (i / FILLS + 1) * unit;
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        uint8_t *row = check_bytes(check, activation_layout(kind, n).bytes);
        float *x = check_floats(check, n);
        check_fill(check, x, n, fill);
        for (size_t k = 0; fill == FILL_TIES && k < n; k += unit) {
            scale_of_one(check, x + k, unit);
        }
        check_expect(check);
        reference(row, x, n);
        while (check_next_round(check)) {
            variant(AT(row), AT(x), n);
        }
    }
}
