/* Norms, residual additions and gates over the pool: each job applies a kernel to its tokens. */
#include "engine/ops/elementwise.h"

#include "engine/pool/pool.h"

void norm_row(float *out, const float *x, const struct norm *norm, const struct hparams *hparams, size_t n) {
    switch (hparams->architecture->norm.kind) {
    case NORM_LAYER:
        kernels.layernorm(out, x, norm->weight, norm->bias, n, hparams->norm_epsilon);
        break;
    case NORM_RMS:
        kernels.rmsnorm(out, x, norm->weight, n, hparams->norm_epsilon);
        break;
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
    size_t n;
    float factor;
};

static void add_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct add_job *job = context;
    (void)worker;
    float *x = job->x + begin * job->n;
    float *h = job->h + begin * job->n;
    const size_t floats = (end - begin) * job->n;
    if (job->factor != 1.0f) {
        kernels.scale(h, job->factor, floats);
    }
    kernels.add(x, x, h, floats);
}

void op_add(float *x, float *h, size_t n, size_t tokens, float factor) {
    struct add_job job = {x, h, n, factor};
    pool_run(tokens, add_rows, &job);
}

struct gate_job {
    float *gate;
    float *up;
    enum act_kind act;
    size_t n;
};

/* g * sigmoid(1.702 g) * (u + 1) = silu(1.702 g) * (u + 1) / 1.702, with g at most 7 and u in [-7, 7]; llama.cpp's
 * ggml_swiglu_oai. */
static void gate_oai(float *gate, float *up, size_t n) {
    const float alpha = 1.702f;
    const float limit = 7.0f;
    for (size_t i = 0; i < n; i++) {
        gate[i] = alpha * (gate[i] > limit ? limit : gate[i]);
        const float bounded = up[i] > limit ? limit : up[i];
        up[i] = 1.0f + (bounded < -limit ? -limit : bounded);
    }
    kernels.swiglu(gate, gate, up, n);
    kernels.scale(gate, 1.0f / alpha, n);
}

static void gate_rows(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct gate_job *job = context;
    (void)worker;
    float *gate = job->gate + begin * job->n;
    const size_t n = (end - begin) * job->n;
    if (job->up == NULL) {
        kernels.gelu(gate, gate, n);
        return;
    }
    float *up = job->up + begin * job->n;
    switch (job->act) {
    case ACT_SILU:
        kernels.swiglu(gate, gate, up, n);
        break;
    case ACT_GELU:
        kernels.geglu(gate, gate, up, n);
        break;
    case ACT_OAI:
        gate_oai(gate, up, n);
        break;
    }
}

void op_gate(float *gate, float *up, enum act_kind act, size_t n, size_t tokens) {
    struct gate_job job = {gate, up, act, n};
    pool_run(tokens, gate_rows, &job);
}
