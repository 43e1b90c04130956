#include "engine/ops.h"

#include "engine/pool.h"

struct rows_job {
    float *out;
    const float *x;
    const float *weight;
    size_t width;
    float epsilon;
};

static void norm_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct rows_job *job = context;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        kernels.rmsnorm(job->out + t * job->width, job->x + t * job->width, job->weight, job->width, job->epsilon);
    }
}

void op_norm(float *out, const float *x, const float *weight, size_t width, size_t tokens, float epsilon) {
    struct rows_job job = {out, x, weight, width, epsilon};
    pool_run(tokens, norm_rows, &job);
}

static void add_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct rows_job *job = context;
    (void)worker;
    float *x = job->out + begin * job->width;
    kernels.add(x, x, job->x + begin * job->width, (end - begin) * job->width);
}

void op_add(float *x, const float *h, size_t width, size_t tokens) {
    struct rows_job job = {.out = x, .x = h, .width = width};
    pool_run(tokens, add_rows, &job);
}

void op_bias(float *x, const float *bias, size_t width, size_t tokens) {
    for (size_t t = 0; bias && t < tokens; t++) {
        kernels.add(x + t * width, x + t * width, bias, width);
    }
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

void op_quantize(const struct scratch *scratch, enum activation_kind kind, const float *x, size_t width,
                 size_t tokens) {
    quantize_fn *const quantize = kind == ACTIVATION_Q8_0   ? kernels.quantize_q8_0
                                  : kind == ACTIVATION_Q8_1 ? kernels.quantize_q8_1
                                  : kind == ACTIVATION_Q8_K ? kernels.quantize_q8_K
                                                            : kernels.quantize_f32;
    struct quantize_job job = {scratch->quantized, x, width, scratch->quantized_bytes, quantize};
    pool_run(tokens, quantize_rows, &job);
}

struct matmul_job {
    float *out;
    const struct weight *w;
    const struct scratch *scratch;
    size_t tokens;
};

/* One token: rows of w in items of PANEL_ROWS. */
static void multiply_vector(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct matmul_job *job = context;
    const struct weight *w = job->w;
    (void)worker;
    const size_t row = begin * PANEL_ROWS;
    const size_t stop = end * PANEL_ROWS < w->rows ? end * PANEL_ROWS : w->rows;
    w->kernels->gemv(job->out + row, w->data + row * w->row_bytes, w->row_bytes, stop - row, job->scratch->quantized,
                     w->cols);
}

/* A batch: each panel of rows is unpacked once and meets every token. */
static void multiply_batch(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct matmul_job *job = context;
    const struct weight *w = job->w;
    uint8_t *panel = job->scratch->panels + worker * job->scratch->panel_bytes;
    for (size_t item = begin; item < end; item++) {
        const size_t row = item * PANEL_ROWS;
        const size_t rows = w->rows - row < PANEL_ROWS ? w->rows - row : PANEL_ROWS;
        w->kernels->panel(panel, w->data + row * w->row_bytes, w->row_bytes, rows, w->cols);
        w->kernels->gemm(job->out + row, w->rows, panel, rows, job->scratch->quantized, job->scratch->quantized_bytes,
                         job->tokens, w->cols);
    }
}

void op_matmul(float *out, const struct weight *w, const struct scratch *scratch, size_t tokens) {
    struct matmul_job job = {out, w, scratch, tokens};
    pool_run((w->rows + PANEL_ROWS - 1) / PANEL_ROWS, tokens == 1 ? multiply_vector : multiply_batch, &job);
}
