/* Matrix products over the pool. Workers split the output rows, so that no sum crosses a thread; x is quantized once,
 * in the form that the weight type needs. */
#include "engine/ops/matmul.h"

#include "engine/pool/pool.h"

struct quantize_job {
    uint8_t *out;
    const float *x;
    const uint32_t *row; /* the row of x for each row of out; null: the same one */
    size_t n;            /* floats of a row */
    size_t stride;       /* floats from one row of x to the next */
    size_t row_bytes;    /* bytes from one row of out to the next */
    quantize_fn *quantize;
    const struct scratch *scratch;
};

static void quantize_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct quantize_job *job = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const size_t row = job->row ? job->row[t] : t;
        const float *x = job->x + row * job->stride;
        scratch_check(job->scratch, x, job->n, NOT_FINITE);
        job->quantize(job->out + t * job->row_bytes, x, job->n);
    }
}

static quantize_fn *quantize_kernel(enum activation_kind kind) {
    switch (kind) {
    case ACTIVATION_F32:
        return kernels.quantize_f32;
    case ACTIVATION_Q8_0:
        return kernels.quantize_q8_0;
    case ACTIVATION_Q8_1:
        return kernels.quantize_q8_1;
    case ACTIVATION_Q8_K:
        return kernels.quantize_q8_K;
    }
    return NULL;
}

/* Quantizes `count` rows of x into scratch.quantized, as w needs them. Returns the bytes from one row to the next. */
static size_t quantize(const struct scratch *scratch, const struct weight *w, const float *x, size_t stride,
                       const uint32_t *row, size_t count) {
    const enum activation_kind kind = w->kernels->activation;
    const size_t row_bytes = activation_row_bytes(kind, w->cols);
    struct quantize_job job = {.out = scratch->quantized,
                               .x = x,
                               .row = row,
                               .n = w->cols,
                               .stride = stride,
                               .row_bytes = row_bytes,
                               .quantize = quantize_kernel(kind),
                               .scratch = scratch};
    pool_run(count, quantize_rows, &job);
    return row_bytes;
}

/* Rows of a product that are finished together: few enough that what gemm wrote is still in the cache, and enough that
 * scale, bias and check do not run on a handful of values. */
#define STRIP_ROWS (8 * PANEL_ROWS)

/* Up to as many tokens, the time to read the weights matters. */
#define DISTANT_TOKENS 32
/* Up to as many, gemv is faster than a panel even if it takes one at a time: the weights are in the cache for the next.
 */
#define REPEATED_TOKENS 3

/* Whether gemv multiplies, and not unpacked panels. */
static bool multiplies_blocks(const struct weight *w, size_t tokens) {
    return tokens <= w->kernels->gemv_tokens || tokens <= REPEATED_TOKENS;
}

/* Output rows of one matrix that are an item of work; its last item may have fewer. For many tokens it is a panel, for
 * up to DISTANT_TOKENS a strip of a large matrix. For gemv, fewer than about 32 rows at a time are read slowly, but
 * large items leave some workers without any. */
static size_t item_rows(const struct weight *w, size_t tokens) {
    if (tokens > DISTANT_TOKENS || (!multiplies_blocks(w, tokens) && w->rows < 1024)) {
        return PANEL_ROWS;
    }
    if (w->rows >= 4096 || !multiplies_blocks(w, tokens)) {
        return STRIP_ROWS;
    }
    return w->rows >= 1024 ? 32 : 16;
}

static size_t items_of(const struct weight *w, size_t tokens) {
    const size_t rows = item_rows(w, tokens);
    return (w->rows + rows - 1) / rows;
}

/* Items are counted through all products. */
struct products_job {
    const struct product *products;
    const struct scratch *scratch;
    size_t tokens;
    size_t row_bytes; /* of a quantized row */
};

/* Applies scale and bias to output rows [row, row + rows) of one token, which start at `out`, and checks them. */
static void finish(const struct product *product, const struct scratch *scratch, float *out, size_t row, size_t rows) {
    const float *scale = product->w->scale;
    if (scale && !product->scale_bias) {
        kernels.scale(out, *scale, rows);
    }
    if (product->bias) {
        kernels.add(out, out, product->bias + row, rows);
    }
    if (scale && product->scale_bias) {
        kernels.scale(out, *scale, rows);
    }
    scratch_check(scratch, out, rows, NOT_FINITE);
}

/* One token or a few: output rows [row, stop), straight from the file's blocks. */
static void multiply_few(const struct product *product, const struct scratch *scratch, const uint8_t *x,
                         size_t row_bytes, size_t tokens, size_t row, size_t stop) {
    const struct weight *w = product->w;
    const size_t at_once = w->kernels->gemv_tokens;
    for (size_t t = 0; t < tokens; t += at_once) {
        float *out = product->out + t * w->rows + row;
        const struct gemv_args args = {.out = out,
                                       .out_stride = w->rows,
                                       .w = w->data + row * w->row_bytes,
                                       .row_bytes = w->row_bytes,
                                       .rows = stop - row,
                                       .activations = x + t * row_bytes,
                                       .activation_bytes = row_bytes,
                                       .tokens = tokens - t < at_once ? tokens - t : at_once,
                                       .n = w->cols,
                                       .order = scratch->gemv_order};
        w->kernels->gemv(&args);
    }
    for (size_t t = 0; t < tokens; t++) {
        finish(product, scratch, product->out + t * w->rows + row, row, stop - row);
    }
}

/* The quantized activations of several tokens, and memory for a panel. */
struct batch {
    const uint8_t *x;
    size_t row_bytes;
    size_t tokens;
    uint8_t *panel;
};

/* Multiplies `rows` rows of weights, `apart` rows from each other, by all tokens: row + i apart goes to out[i]. */
static void multiply_panel(const struct weight *w, const struct batch *batch, size_t row, size_t rows, size_t apart,
                           float *out, size_t out_stride) {
    const struct panel_args unpack = {.panel = batch->panel,
                                      .w = w->data + row * w->row_bytes,
                                      .row_bytes = apart * w->row_bytes,
                                      .rows = rows,
                                      .n = w->cols};
    const struct gemm_args args = {.out = out,
                                   .out_stride = out_stride,
                                   .panel = batch->panel,
                                   .rows = rows,
                                   .activations = batch->x,
                                   .activation_bytes = batch->row_bytes,
                                   .tokens = batch->tokens,
                                   .n = w->cols};
    w->kernels->unpack_panel(&unpack);
    w->kernels->gemm(&args);
}

/* A strip, if the time to read the weights matters: eight long streams are read faster than neighboring rows. */
static void multiply_distant(const struct product *product, const struct batch *batch, size_t row) {
    const size_t apart = STRIP_ROWS / PANEL_ROWS;
    float each[DISTANT_TOKENS][PANEL_ROWS];
    for (size_t first = 0; first < apart; first++) {
        multiply_panel(product->w, batch, row + first, PANEL_ROWS, apart, each[0], PANEL_ROWS);
        for (size_t t = 0; t < batch->tokens; t++) {
            float *out = product->out + t * product->w->rows + row + first;
            for (size_t i = 0; i < PANEL_ROWS; i++) {
                out[i * apart] = each[t][i];
            }
        }
    }
}

/* Several tokens: each panel of weights is unpacked once and multiplied by every token. */
static void multiply_strip(const struct product *product, const struct batch *batch, size_t row, size_t stop) {
    if (batch->tokens <= DISTANT_TOKENS && stop - row == STRIP_ROWS) {
        multiply_distant(product, batch, row);
        return;
    }
    for (; row < stop; row += PANEL_ROWS) {
        const size_t rows = stop - row < PANEL_ROWS ? stop - row : PANEL_ROWS;
        multiply_panel(product->w, batch, row, rows, 1, product->out + row, product->w->rows);
    }
}

/* Output rows [row, stop) for all tokens; x: quantized rows. */
static void multiply_rows(const struct product *product, const struct scratch *scratch, const uint8_t *x,
                          size_t row_bytes, size_t tokens, uint8_t *panel, size_t row, size_t stop) {
    if (multiplies_blocks(product->w, tokens)) {
        multiply_few(product, scratch, x, row_bytes, tokens, row, stop);
        return;
    }
    const struct batch batch = {x, row_bytes, tokens, panel};
    for (; row < stop; row += STRIP_ROWS) {
        const size_t rows = stop - row < STRIP_ROWS ? stop - row : STRIP_ROWS;
        multiply_strip(product, &batch, row, row + rows);
        for (size_t t = 0; t < tokens; t++) {
            finish(product, scratch, product->out + t * product->w->rows + row, row, rows);
        }
    }
}

static void multiply_products(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct products_job *job = context;
    const struct scratch *scratch = job->scratch;
    size_t first = 0; /* the product's first item */
    for (const struct product *product = job->products; first < end; product++) {
        const size_t items = items_of(product->w, job->tokens);
        const size_t from = begin > first ? begin - first : 0;
        const size_t to = end - first < items ? end - first : items;
        first += items;
        if (from >= to) {
            continue;
        }
        const size_t rows = product->w->rows;
        const size_t step = item_rows(product->w, job->tokens);
        const size_t stop = to * step < rows ? to * step : rows;
        multiply_rows(product, scratch, scratch->quantized, job->row_bytes, job->tokens,
                      scratch->panels + worker * scratch->panel_bytes, from * step, stop);
    }
}

void op_matmul(const struct product *products, size_t count, const struct scratch *scratch, const float *x,
               size_t tokens) {
    for (size_t i = 0, next; i < count; i = next) {
        const enum activation_kind kind = products[i].w->kernels->activation;
        size_t items = 0;
        for (next = i; next < count && products[next].w->kernels->activation == kind; next++) {
            items += items_of(products[next].w, tokens);
        }
        const size_t row_bytes = quantize(scratch, products[i].w, x, products[i].w->cols, NULL, tokens);
        struct products_job job = {products + i, scratch, tokens, row_bytes};
        pool_run(items, multiply_products, &job);
    }
}

struct groups_job {
    float *out;
    const struct weights *w;
    const struct groups *groups;
    const struct scratch *scratch;
    size_t row_bytes;
    size_t most_tokens; /* of any group */
};

/* Items are counted through the matrices of all groups. */
static void multiply_groups(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct groups_job *job = context;
    const size_t rows = job->w->first.rows;
    const size_t group_items = items_of(&job->w->first, job->most_tokens);
    const size_t step = item_rows(&job->w->first, job->most_tokens);
    uint8_t *panel = job->scratch->panels + worker * job->scratch->panel_bytes;
    while (begin < end) {
        const size_t group = begin / group_items;
        const size_t first = begin % group_items;
        const size_t last = first + (end - begin) < group_items ? first + (end - begin) : group_items;
        const size_t start = job->groups->start[group];
        const struct weight w = weights_at(job->w, job->groups->matrix[group]);
        const float *biases = job->w->biases ? job->w->biases + job->groups->matrix[group] * rows : NULL;
        const struct product product = {job->out + start * rows, &w, biases, false};
        multiply_rows(&product, job->scratch, job->scratch->quantized + start * job->row_bytes, job->row_bytes,
                      job->groups->start[group + 1] - start, panel, first * step,
                      last * step < rows ? last * step : rows);
        begin += last - first;
    }
}

void op_matmul_grouped(float *out, const struct weights *w, const struct groups *groups, const struct scratch *scratch,
                       const float *x, size_t stride) {
    struct groups_job job = {out, w, groups, scratch, 0, 0};
    for (size_t g = 0; g < groups->count; g++) {
        const size_t tokens = groups->start[g + 1] - groups->start[g];
        job.most_tokens = tokens > job.most_tokens ? tokens : job.most_tokens;
    }
    job.row_bytes = quantize(scratch, &w->first, x, stride, groups->row, groups->start[groups->count]);
    pool_run(groups->count * items_of(&w->first, job.most_tokens), multiply_groups, &job);
}
