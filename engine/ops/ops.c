#include "engine/ops/ops.h"

#include "engine/pool/pool.h"

void norm_row(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n) {
    if (hparams->architecture->norm.kind == NORM_LAYER) {
        kernels.layernorm(out, x, norm->weight, norm->bias, n, hparams->norm_epsilon);
    } else {
        kernels.rmsnorm(out, x, norm->weight, n, hparams->norm_epsilon);
    }
}

struct norm_job {
    float *out;
    const float *x;
    const struct norm *norm;
    const struct hparams *hparams;
    size_t n;
};

static void norm_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct norm_job *job = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        norm_row(job->out + t * job->n, job->x + t * job->n, job->norm, job->hparams, job->n);
    }
}

void op_norm(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n,
             size_t tokens) {
    struct norm_job job = {out, x, norm, hparams, n};
    pool_run(tokens, norm_rows, &job);
}

struct add_job {
    float *x;
    float *h;
    size_t width;
    float factor;
};

static void add_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct add_job *job = context;
    (void)worker;
    float *x = job->x + begin * job->width;
    float *h = job->h + begin * job->width;
    const size_t n = (end - begin) * job->width;
    if (job->factor != 1.0f) {
        kernels.scale(h, job->factor, n);
    }
    kernels.add(x, x, h, n);
}

void op_add(float *x, float *h, size_t width, size_t tokens, float factor) {
    struct add_job job = {x, h, width, factor};
    pool_run(tokens, add_rows, &job);
}

struct quantize_job {
    uint8_t *out;
    const float *x;
    const uint32_t *rows; /* of x; null: one after another */
    size_t width;
    size_t stride; /* floats from one row to the next */
    size_t row_bytes;
    quantize_fn *quantize;
};

static void quantize_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct quantize_job *job = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const size_t row = job->rows ? job->rows[t] : t;
        job->quantize(job->out + t * job->row_bytes, job->x + row * job->stride, job->width);
    }
}

/* `count` rows of x as the activations that w wants, into scratch.quantized; how far they are apart. */
static size_t quantize(const struct scratch *scratch, const struct weight *w, const float *x, size_t stride,
                       const uint32_t *rows, size_t count) {
    const enum activation_kind kind = w->kernels->activation;
    quantize_fn *const kernel = kind == ACTIVATION_Q8_0   ? kernels.quantize_q8_0
                                : kind == ACTIVATION_Q8_1 ? kernels.quantize_q8_1
                                : kind == ACTIVATION_Q8_K ? kernels.quantize_q8_K
                                                          : kernels.quantize_f32;
    const size_t row_bytes = activation_row_bytes(kind, w->cols);
    struct quantize_job job = {scratch->quantized, x, rows, w->cols, stride, row_bytes, kernel};
    pool_run(count, quantize_rows, &job);
    return row_bytes;
}

/* Rows of all the products, one after another, in items of PANEL_ROWS rows; an item lies in one product. */
struct multiply_job {
    const struct product *products;
    const struct scratch *scratch;
    size_t tokens;
    size_t row_bytes; /* of the quantised rows */
};

static size_t items_of(const struct weight *w) { return (w->rows + PANEL_ROWS - 1) / PANEL_ROWS; }

/* Scale and bias of a token's rows from `row` on. */
static void finish(const struct product *product, float *out, size_t row, size_t rows) {
    const float *scale = product->w->scale;
    if (scale && !product->scale_last) {
        kernels.scale(out, *scale, rows);
    }
    if (product->bias) {
        kernels.add(out, out, product->bias + row, rows);
    }
    if (scale && product->scale_last) {
        kernels.scale(out, *scale, rows);
    }
}

/* One row of x: rows [row, stop) by dots straight from the file's blocks. */
static void multiply_vector(const struct product *product, const uint8_t *x, size_t row, size_t stop) {
    const struct weight *w = product->w;
    float *out = product->out + row;
    const struct gemv_args args = {.out = out,
                                   .w = w->data + row * w->row_bytes,
                                   .row_bytes = w->row_bytes,
                                   .rows = stop - row,
                                   .activation = x,
                                   .n = w->cols};
    w->kernels->gemv(&args);
    finish(product, out, row, stop - row);
}

/* A batch: each panel of rows is unpacked once and meets every row of x. */
static void multiply_batch(const struct product *product, const uint8_t *x, size_t row_bytes, size_t tokens,
                           uint8_t *panel, size_t row, size_t stop) {
    const struct weight *w = product->w;
    for (; row < stop; row += PANEL_ROWS) {
        const size_t rows = stop - row < PANEL_ROWS ? stop - row : PANEL_ROWS;
        float *out = product->out + row;
        const struct panel_args unpack = {
            .panel = panel, .w = w->data + row * w->row_bytes, .row_bytes = w->row_bytes, .rows = rows, .n = w->cols};
        const struct gemm_args args = {.out = out,
                                       .out_stride = w->rows,
                                       .panel = panel,
                                       .rows = rows,
                                       .activations = x,
                                       .activation_bytes = row_bytes,
                                       .tokens = tokens,
                                       .n = w->cols};
        w->kernels->unpack_panel(&unpack);
        w->kernels->gemm(&args);
        for (size_t t = 0; (product->bias || w->scale) && t < tokens; t++) {
            finish(product, out + t * w->rows, row, rows);
        }
    }
}

/* Rows [row, stop) of a product with quantised rows of x. */
static void multiply_rows(const struct product *product, const uint8_t *x, size_t row_bytes, size_t tokens,
                          uint8_t *panel, size_t row, size_t stop) {
    if (tokens == 1) {
        multiply_vector(product, x, row, stop);
    } else {
        multiply_batch(product, x, row_bytes, tokens, panel, row, stop);
    }
}

static void multiply_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct multiply_job *job = context;
    const struct scratch *scratch = job->scratch;
    size_t first = 0; /* item of the product at hand */
    for (const struct product *product = job->products; first < end; product++) {
        const size_t items = items_of(product->w);
        const size_t from = begin > first ? begin - first : 0;
        const size_t to = end - first < items ? end - first : items;
        first += items;
        if (from >= to) {
            continue;
        }
        const size_t rows = product->w->rows;
        const size_t stop = to * PANEL_ROWS < rows ? to * PANEL_ROWS : rows;
        multiply_rows(product, scratch->quantized, job->row_bytes, job->tokens,
                      scratch->panels + worker * scratch->panel_bytes, from * PANEL_ROWS, stop);
    }
}

void op_multiply(const struct product *products, size_t count, const struct scratch *scratch, const float *x,
                 size_t tokens) {
    for (size_t i = 0, next; i < count; i = next) {
        const enum activation_kind kind = products[i].w->kernels->activation;
        size_t items = 0;
        for (next = i; next < count && products[next].w->kernels->activation == kind; next++) {
            items += items_of(products[next].w);
        }
        const size_t row_bytes = quantize(scratch, products[i].w, x, products[i].w->cols, NULL, tokens);
        struct multiply_job job = {products + i, scratch, tokens, row_bytes};
        pool_run(items, multiply_items, &job);
    }
}

struct groups_job {
    float *out;
    const struct weights *w;
    const struct groups *groups;
    const struct scratch *scratch;
    size_t row_bytes;
};

/* Items are PANEL_ROWS rows of one group's matrix. */
static void multiply_groups(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct groups_job *job = context;
    const size_t rows = job->w->first.rows;
    const size_t each = items_of(&job->w->first);
    uint8_t *panel = job->scratch->panels + worker * job->scratch->panel_bytes;
    while (begin < end) {
        const size_t group = begin / each;
        const size_t first = begin % each;
        const size_t last = first + (end - begin) < each ? first + (end - begin) : each;
        const size_t start = job->groups->starts[group];
        const struct weight w = weights_at(job->w, job->groups->which[group]);
        const float *biases = job->w->biases ? job->w->biases + job->groups->which[group] * rows : NULL;
        const struct product product = {job->out + start * rows, &w, biases, false};
        multiply_rows(&product, job->scratch->quantized + start * job->row_bytes, job->row_bytes,
                      job->groups->starts[group + 1] - start, panel, first * PANEL_ROWS,
                      last * PANEL_ROWS < rows ? last * PANEL_ROWS : rows);
        begin += last - first;
    }
}

void op_multiply_groups(float *out, const struct weights *w, const struct groups *groups, const struct scratch *scratch,
                        const float *x, size_t stride) {
    struct groups_job job = {out, w, groups, scratch, 0};
    job.row_bytes = quantize(scratch, &w->first, x, stride, groups->rows, groups->starts[groups->count]);
    pool_run(groups->count * items_of(&w->first), multiply_groups, &job);
}

struct gate_job {
    float *gate;
    float *up;
    enum act_kind act;
    size_t n;
};

/* g s(1.702 g) (u + 1) = silu(1.702 g) (u + 1) / 1.702, with both held to 7. */
static void gate_oai(float *gate, float *up, size_t n) {
    const float alpha = 1.702f;
    const float limit = 7.0f;
    for (size_t i = 0; i < n; i++) {
        gate[i] = alpha * (gate[i] > limit ? limit : gate[i]);
        up[i] = 1.0f + (up[i] > limit ? limit : up[i] < -limit ? -limit : up[i]);
    }
    kernels.swiglu(gate, gate, up, n);
    kernels.scale(gate, 1.0f / alpha, n);
}

static void gate_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct gate_job *job = context;
    (void)worker;
    float *gate = job->gate + begin * job->n;
    float *up = job->up ? job->up + begin * job->n : NULL;
    const size_t n = (end - begin) * job->n;
    if (up == NULL) {
        kernels.gelu(gate, gate, n);
    } else if (job->act == ACT_OAI) {
        gate_oai(gate, up, n);
    } else if (job->act == ACT_GELU) {
        kernels.geglu(gate, gate, up, n);
    } else {
        kernels.swiglu(gate, gate, up, n);
    }
}

void op_gate(float *gate, float *up, enum act_kind act, size_t n, size_t rows) {
    struct gate_job job = {gate, up, act, n};
    pool_run(rows, gate_rows, &job);
}
