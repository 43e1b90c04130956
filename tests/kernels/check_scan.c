/* Checks of the recurrences: scan, scan_each, delta. */
#include "check_kinds.h"
#include "fill.h"

/* State sizes of real models, and others. */
static const size_t widths[] = {4, 8, 12, 16, 64, 128, 256};
#define WIDTHS (sizeof widths / sizeof *widths)
#define CASES  (WIDTHS * FILLS * 6)

struct shape {
    size_t n;
    size_t rows;
    bool in_place;
    enum fill fill;
};

static struct shape shape_of(struct check *check, size_t i) {
    struct shape shape;
    shape.n = widths[i % WIDTHS];
    shape.rows = 1 + check_below(check, 21);
    shape.in_place = check_random(check) & 1;
    shape.fill = (enum fill)(i / WIDTHS % FILLS);
    check_case(check, "n", shape.n);
    check_also(check, "rows", shape.rows);
    check_also(check, "in place", shape.in_place);
    check_also(check, "fill", shape.fill);
    return shape;
}

static float *filled(struct check *check, size_t count, enum fill fill) {
    float *x = check_floats(check, count);
    check_fill(check, x, count, fill);
    return x;
}

void check_scan(struct check *check, scan_fn *reference, scan_fn *variant) {
    static const float decays[] = {0.0f, 1.0f, 0.99f, 1e-30f};
    for (size_t i = 0; i < CASES; i++) {
        const struct shape s = shape_of(check, i);
        const float decay = decays[check_below(check, 4)];
        float *state = filled(check, s.rows * s.n, s.fill);
        float *b = filled(check, s.n, s.fill);
        float *x = filled(check, s.rows, FILL_NORMAL);
        float *c = filled(check, s.n, s.fill);
        float *out = s.in_place ? x : check_floats(check, s.rows);
        check_expect(check);
        reference(out, state, s.rows, s.n, decay, b, x, c);
        while (check_next_round(check)) {
            variant(AT(out), AT(state), s.rows, s.n, decay, AT(b), AT(x), AT(c));
        }
    }
}

void check_scan_each(struct check *check, scan_each_fn *reference, scan_each_fn *variant) {
    for (size_t i = 0; i < CASES; i++) {
        const struct shape s = shape_of(check, i);
        float *state = filled(check, s.rows * s.n, s.fill);
        float *step = filled(check, s.rows, s.fill);
        float *a = filled(check, s.rows * s.n, FILL_NORMAL);
        float *b = filled(check, s.n, s.fill);
        float *x = filled(check, s.rows, FILL_NORMAL);
        float *c = filled(check, s.n, s.fill);
        float *out = s.in_place ? x : check_floats(check, s.rows);
        check_expect(check);
        reference(out, state, s.rows, s.n, step, a, b, x, c);
        while (check_next_round(check)) {
            variant(AT(out), AT(state), s.rows, s.n, AT(step), AT(a), AT(b), AT(x), AT(c));
        }
    }
}

void check_delta(struct check *check, delta_fn *reference, delta_fn *variant) {
    static const float factors[] = {0.0f, 1.0f, 0.99f, 1e-30f};
    for (size_t i = 0; i < CASES; i++) {
        const struct shape s = shape_of(check, i);
        const float decay = factors[check_below(check, 4)];
        const float beta = factors[check_below(check, 4)];
        float *state = filled(check, s.rows * s.n, s.fill);
        float *k = filled(check, s.n, s.fill);
        float *v = filled(check, s.rows, FILL_NORMAL);
        float *q = filled(check, s.n, s.fill);
        float *out = s.in_place ? v : check_floats(check, s.rows);
        check_expect(check);
        reference(out, state, s.rows, s.n, decay, beta, k, v, q);
        while (check_next_round(check)) {
            variant(AT(out), AT(state), s.rows, s.n, decay, beta, AT(k), AT(v), AT(q));
        }
    }
}
