#include "engine/ops.h"

#include "engine/pool.h"

void norm_row(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n) {
    if (hparams->architecture->norm == NORM_LAYER) {
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
};

static void norm_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct norm_job *job = context;
    const size_t width = job->hparams->n_embd;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        norm_row(job->out + t * width, job->x + t * width, job->norm, job->hparams, width);
    }
}

void op_norm(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t tokens) {
    struct norm_job job = {out, x, norm, hparams};
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
    uint8_t *rows;
    const float *x;
    size_t width;
    size_t row_bytes;
    quantize_fn *quantize;
};

static void quantize_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct quantize_job *job = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        job->quantize(job->rows + t * job->row_bytes, job->x + t * job->width, job->width);
    }
}

static void quantize(const struct scratch *scratch, enum activation_kind kind, const float *x, size_t width,
                     size_t tokens) {
    quantize_fn *const kernel = kind == ACTIVATION_Q8_0   ? kernels.quantize_q8_0
                                : kind == ACTIVATION_Q8_1 ? kernels.quantize_q8_1
                                : kind == ACTIVATION_Q8_K ? kernels.quantize_q8_K
                                                          : kernels.quantize_f32;
    struct quantize_job job = {scratch->quantized, x, width, scratch->quantized_bytes, kernel};
    pool_run(tokens, quantize_rows, &job);
}

/* Rows of all the products, one after another, in items of PANEL_ROWS rows; an item lies in one product. */
struct multiply_job {
    const struct product *products;
    const struct scratch *scratch;
    size_t tokens;
};

static size_t items_of(const struct product *product) { return (product->w->rows + PANEL_ROWS - 1) / PANEL_ROWS; }

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

/* One token: rows [row, stop) by dots straight from the file's blocks. */
static void multiply_vector(const struct product *product, const struct scratch *scratch, size_t row, size_t stop) {
    const struct weight *w = product->w;
    float *out = product->out + row;
    w->kernels->gemv(out, w->data + row * w->row_bytes, w->row_bytes, stop - row, scratch->quantized, w->cols);
    finish(product, out, row, stop - row);
}

/* A batch: each panel of rows is unpacked once and meets every token. */
static void multiply_batch(const struct product *product, const struct scratch *scratch, size_t tokens, uint8_t *panel,
                           size_t row, size_t stop) {
    const struct weight *w = product->w;
    for (; row < stop; row += PANEL_ROWS) {
        const size_t rows = stop - row < PANEL_ROWS ? stop - row : PANEL_ROWS;
        float *out = product->out + row;
        w->kernels->panel(panel, w->data + row * w->row_bytes, w->row_bytes, rows, w->cols);
        w->kernels->gemm(out, w->rows, panel, rows, scratch->quantized, scratch->quantized_bytes, tokens, w->cols);
        for (size_t t = 0; (product->bias || w->scale) && t < tokens; t++) {
            finish(product, out + t * w->rows, row, rows);
        }
    }
}

static void multiply_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct multiply_job *job = context;
    const struct scratch *scratch = job->scratch;
    size_t first = 0; /* item of the product at hand */
    for (const struct product *product = job->products; first < end; product++) {
        const size_t items = items_of(product);
        const size_t from = begin > first ? begin - first : 0;
        const size_t to = end - first < items ? end - first : items;
        first += items;
        if (from >= to) {
            continue;
        }
        const size_t rows = product->w->rows;
        const size_t stop = to * PANEL_ROWS < rows ? to * PANEL_ROWS : rows;
        if (job->tokens == 1) {
            multiply_vector(product, scratch, from * PANEL_ROWS, stop);
        } else {
            uint8_t *panel = scratch->panels + worker * scratch->panel_bytes;
            multiply_batch(product, scratch, job->tokens, panel, from * PANEL_ROWS, stop);
        }
    }
}

void op_multiply(const struct product *products, size_t count, const struct scratch *scratch, const float *x,
                 size_t tokens) {
    for (size_t i = 0, next; i < count; i = next) {
        const enum activation_kind kind = products[i].w->kernels->activation;
        size_t items = 0;
        for (next = i; next < count && products[next].w->kernels->activation == kind; next++) {
            items += items_of(&products[next]);
        }
        quantize(scratch, kind, x, products[i].w->cols, tokens);
        struct multiply_job job = {products + i, scratch, tokens};
        pool_run(items, multiply_items, &job);
    }
}
