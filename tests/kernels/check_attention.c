/* Checks of the attention kernels. */
#include "check_kinds.h"
#include "fill.h"

/* Head sizes of real models, and others. */
static const size_t dims[] = {8, 16, 24, 32, 40, 64, 80, 96, 128, 192, 256, 576, 2056};
#define DIMS (sizeof dims / sizeof *dims)

struct shape {
    size_t queries;
    size_t query_stride;
    size_t positions;
    size_t stride; /* of keys or values, bytes */
    bool q8_0;
    size_t scores_stride;
    size_t head_dim;
    enum fill fill;
};

static size_t row_bytes(const struct shape *shape) {
    return shape->q8_0 ? shape->head_dim / 32 * 34 : shape->head_dim * sizeof(uint16_t);
}

static struct shape shape_of(struct check *check, size_t i) {
    struct shape shape;
    shape.head_dim = dims[i % DIMS];
    shape.queries = 1 + check_below(check, i % 7 == 0 ? 33 : 9);
    shape.positions = i % 3 == 0 ? KV_TILE : 1 + check_below(check, KV_TILE);
    shape.query_stride = shape.head_dim + check_below(check, 2) * 3;
    shape.q8_0 = shape.head_dim % 32 == 0 && check_below(check, 2);
    shape.stride = row_bytes(&shape) + check_below(check, 2) * 10;
    shape.scores_stride = shape.positions + check_below(check, 2) * 7;
    shape.fill = (enum fill)(i / DIMS % FILLS);
    check_case(check, "head_dim", shape.head_dim);
    check_also(check, "queries", shape.queries);
    check_also(check, "positions", shape.positions);
    check_also(check, "query stride", shape.query_stride);
    check_also(check, "stride", shape.stride);
    check_also(check, "q8_0", shape.q8_0);
    check_also(check, "scores stride", shape.scores_stride);
    check_also(check, "fill", shape.fill);
    return shape;
}

static size_t rows(size_t count, size_t stride, size_t width) { return (count - 1) * stride + width; }

/* The memory of all keys or values: any bits, because a saved session may contain any. */
static uint8_t *cached_rows(struct check *check, const struct shape *shape) {
    const size_t bytes = rows(shape->positions, shape->stride, row_bytes(shape));
    uint8_t *cached = (uint8_t *)check_f16s(check, bytes / 2);
    check_fill_f16(check, (uint16_t *)(void *)cached, bytes / 2, shape->fill);
    for (size_t i = 0; shape->q8_0 && i < bytes; i++) {
        cached[i] = i % 34 > 1 || check_below(check, 2) ? (uint8_t)check_random(check) : cached[i];
    }
    return cached;
}

#define CASES (DIMS * FILLS * 6)

void check_attention_scores(struct check *check, attention_scores_fn *reference, attention_scores_fn *variant) {
    for (size_t i = 0; i < CASES; i++) {
        const struct shape s = shape_of(check, i);
        const size_t n_query = rows(s.queries, s.query_stride, s.head_dim);
        float *scores = check_floats(check, rows(s.queries, s.scores_stride, s.positions));
        float *query = check_floats(check, n_query);
        const uint8_t *keys = cached_rows(check, &s);
        check_fill(check, query, n_query, s.fill);
        check_expect(check);
        reference(scores, s.scores_stride, query, s.query_stride, s.queries, (struct kv_rows){keys, s.stride, s.q8_0},
                  s.positions, s.head_dim, 0.125f);
        while (check_next_round(check)) {
            variant(AT(scores), s.scores_stride, AT(query), s.query_stride, s.queries,
                    (struct kv_rows){AT(keys), s.stride, s.q8_0}, s.positions, s.head_dim, 0.125f);
        }
    }
}

void check_attention_values(struct check *check, attention_values_fn *reference, attention_values_fn *variant) {
    for (size_t i = 0; i < CASES; i++) {
        const struct shape s = shape_of(check, i);
        const size_t n_out = rows(s.queries, s.query_stride, s.head_dim);
        const size_t n_scores = rows(s.queries, s.scores_stride, s.positions);
        float *out = check_floats(check, n_out);
        float *scores = check_floats(check, n_scores);
        const uint8_t *values = cached_rows(check, &s);
        check_fill(check, out, n_out, FILL_NORMAL);
        check_fill(check, scores, n_scores, s.fill);
        check_expect(check);
        reference(out, s.query_stride, scores, s.scores_stride, s.queries, (struct kv_rows){values, s.stride, s.q8_0},
                  s.positions, s.head_dim);
        while (check_next_round(check)) {
            variant(AT(out), s.query_stride, AT(scores), s.scores_stride, s.queries,
                    (struct kv_rows){AT(values), s.stride, s.q8_0}, s.positions, s.head_dim);
        }
    }
}

void check_attention_softmax(struct check *check, attention_softmax_fn *reference, attention_softmax_fn *variant) {
    static const size_t many[] = {1000, 4099};
    for (size_t i = 0; i < (67 + 2) * FILLS; i++) {
        const size_t n = i / FILLS < 67 ? i / FILLS + 1 : many[i / FILLS - 67];
        const enum fill fill = (enum fill)(i % FILLS);
        check_case(check, "positions", n);
        check_also(check, "fill", fill);
        float *scores = check_floats(check, n);
        check_fill(check, scores, n, fill);
        check_expect(check);
        reference(scores, n);
        while (check_next_round(check)) {
            variant(AT(scores), n);
        }
    }
}
