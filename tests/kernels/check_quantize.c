#include "check.h"

void check_quantize(struct check *check, quantize_fn *contract, quantize_fn *variant) {
    const enum activation_kind kind = check_is(check, "quantize_q8_0")   ? ACTIVATION_Q8_0
                                      : check_is(check, "quantize_q8_1") ? ACTIVATION_Q8_1
                                      : check_is(check, "quantize_q8_K") ? ACTIVATION_Q8_K
                                                                         : ACTIVATION_F32;
    const size_t unit = kind == ACTIVATION_Q8_K ? 256 : 32;
    for (size_t i = 0; i < 24 * FILLS; i++) {
        const size_t n = (i / FILLS + 1) * unit;
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "n", n);
        check_also(check, "fill", fill);
        uint8_t *row = check_bytes(check, activation_layout(kind, n).bytes);
        float *x = check_floats(check, n);
        check_fill(check, x, n, fill);
        if (fill == FILL_TIES) { /* products that are themselves ties: the scale is 1 */
            x[check_below(check, unit)] = check_random(check) & 1 ? -127.0f : 127.0f;
            for (size_t k = 0; k < n; k++) {
                x[k] = x[k] > 127.0f || x[k] < -127.0f ? x[k] * 0.25f : x[k];
            }
        }
        check_expect(check);
        contract(row, x, n);
        while (check_place(check)) {
            variant(AT(row), AT(x), n);
        }
    }
}
