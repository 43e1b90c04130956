/* AltUp ("Alternating Updates for Efficient Transformers", section 3): x is several residual streams. A layer predicts
 * all streams from all of them, computes the first, and corrects every stream by the error of the first's prediction.
 * LAuReL ("LAuReL: Learned Augmented Residual Layer") carries the mixer's input on through two low-rank matrices. The
 * steps follow llama.cpp's gemma3n. */
#include "engine/layers/altup.h"

#include "engine/layers/per_layer_embedding.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"

/* Stream i at a token of the micro-batch: (n_embd). The same stream of the next token follows. */
static float *stream(const struct qn_session *session, size_t i, size_t token) {
    return session->scratch.streams + (i * session->batch + token) * session->model->hparams.n_embd;
}

/* Summed in double in ascending order. */
static float length_of(const float *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)(x[i] * x[i]);
    }
    return __builtin_sqrtf((float)sum);
}

/* Scales x (n) to that length, unless it is zero. */
static void set_length(float *x, float length, size_t n) {
    const float now = length_of(x, n);
    for (size_t i = 0; now > 0.0f && i < n; i++) {
        x[i] = x[i] * length / now;
    }
}

/* ---- before the first layer and after the last ---- */

static void begin_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const struct hparams *hparams = &session->model->hparams;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const float *x = session->scratch.x + t * hparams->n_embd;
        const float length = length_of(x, hparams->n_embd);
        memcpy(stream(session, 0, t), x, hparams->n_embd * sizeof(*x));
        for (size_t i = 1; i < hparams->n_altup; i++) {
            set_length(stream(session, i, t), length, hparams->n_embd);
        }
    }
}

void altup_begin(struct qn_session *session) {
    const struct scratch *scratch = &session->scratch;
    for (size_t i = 1; i < session->model->hparams.n_altup; i++) {
        const struct weight w = weights_at(&session->model->tensors.altup_in, i - 1);
        const struct product product = {stream(session, i, 0), &w, NULL, false};
        op_matmul(&product, 1, scratch, scratch->x, session->n_batch);
    }
    pool_run(session->n_batch, begin_tokens, session);
}

/* x += scratch.out, which is another stream's projection, scaled to the length of the first stream. */
static void add_projections(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const size_t n = session->model->hparams.n_embd;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *x = session->scratch.x + t * n;
        float *out = session->scratch.out + t * n;
        set_length(out, length_of(stream(session, 0, t), n), n);
        kernels.add(x, x, out, n);
    }
}

/* x becomes the mean of the first stream and the projections of the others. */
static void altup_end(struct qn_session *session) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t floats = (size_t)session->n_batch * hparams->n_embd;
    memcpy(scratch->x, stream(session, 0, 0), floats * sizeof(float));
    for (size_t i = 1; i < hparams->n_altup; i++) {
        const struct weight w = weights_at(&session->model->tensors.altup_out, i - 1);
        const struct product product = {scratch->out, &w, NULL, false};
        op_matmul(&product, 1, scratch, stream(session, i, 0), session->n_batch);
        pool_run(session->n_batch, add_projections, session);
    }
    kernels.scale(scratch->x, 1.0f / (float)hparams->n_altup, floats);
}

/* ---- in a layer ---- */

/* scratch.up = matrix tanh(router(norm(x) / n_embd)): coefficients (batch, rows of the matrix). */
static void compute_coefficients(struct qn_session *session, const struct altup_tensors *tensors,
                                 const struct weight *matrix, const float *x) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t tokens = session->n_batch;
    op_norm(scratch->h, x, &tensors->router_norm, hparams, hparams->n_embd, tokens);
    kernels.scale(scratch->h, 1.0f / (float)hparams->n_embd, tokens * hparams->n_embd);
    const struct product router = {scratch->gate, &tensors->router, NULL, false};
    op_matmul(&router, 1, scratch, scratch->h, tokens);
    kernels.softcap(scratch->gate, 1.0f, tokens * hparams->n_altup); /* tanh */
    const struct product coefficients = {scratch->up, matrix, NULL, false};
    op_matmul(&coefficients, 1, scratch, scratch->gate, tokens);
}

/* stream i += sum over j of coefficient (i, j) * stream j */
static void predict_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct qn_session *session = context;
    const size_t n = session->model->hparams.n_embd;
    const size_t count = session->model->hparams.n_altup;
    const size_t stride = session->batch * n; /* from one stream to the next */
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const float *coefficients = session->scratch.up + t * count * count;
        float *streams = stream(session, 0, t);
        for (size_t e = 0; e < n; e++) {
            float predicted[MAX_ALTUP];
            for (size_t i = 0; i < count; i++) {
                float sum = 0.0f;
                for (size_t j = 0; j < count; j++) {
                    sum += streams[j * stride + e] * coefficients[i * count + j];
                }
                predicted[i] = sum + streams[i * stride + e];
            }
            for (size_t i = 0; i < count; i++) {
                streams[i * stride + e] = predicted[i];
            }
        }
        memcpy(session->scratch.x + t * n, streams, n * sizeof(float));
    }
}

void altup_predict(struct qn_session *session, uint32_t layer) {
    const struct altup_tensors *tensors = &session->model->tensors.layers[layer].altup;
    compute_coefficients(session, tensors, &tensors->predict, stream(session, 0, 0));
    pool_run(session->n_batch, predict_tokens, session);
}

void altup_laurel(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct altup_tensors *tensors = &session->model->tensors.layers[layer].altup;
    const size_t tokens = session->n_batch;
    const struct product left = {scratch->gate, &tensors->laurel_left, NULL, false};
    const struct product right = {scratch->laurel, &tensors->laurel_right, NULL, false};
    op_matmul(&left, 1, scratch, in, tokens);
    op_matmul(&right, 1, scratch, scratch->gate, tokens);
    op_norm(scratch->laurel, scratch->laurel, &tensors->laurel_norm, hparams, hparams->n_embd, tokens);
    kernels.add(scratch->laurel, scratch->laurel, in, tokens * hparams->n_embd);
}

void altup_add_laurel(struct qn_session *session) {
    const struct scratch *scratch = &session->scratch;
    const size_t n = (size_t)session->n_batch * session->model->hparams.n_embd;
    kernels.add(scratch->x, scratch->x, scratch->laurel, n);
    kernels.scale(scratch->x, 1.0f / __builtin_sqrtf(2.0f), n);
}

struct correct_job {
    const struct qn_session *session;
    const struct altup_tensors *tensors;
};

/* stream i += (x - stream 0) * (coefficient i + 1); then scratch.h = stream 0 * correct_scale */
static void correct_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct correct_job *job = context;
    const struct qn_session *session = job->session;
    const size_t n = session->model->hparams.n_embd;
    const size_t count = session->model->hparams.n_altup;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *error = session->scratch.x + t * n; /* of the prediction; x itself is no longer needed */
        float *first = stream(session, 0, t);
        for (size_t e = 0; e < n; e++) {
            error[e] = error[e] - first[e];
        }
        for (size_t i = 0; i < count; i++) {
            float *x = stream(session, i, t);
            const float factor = session->scratch.up[t * count + i] + 1.0f;
            for (size_t e = 0; e < n; e++) {
                x[e] = error[e] * factor + x[e];
            }
        }
        float *scaled = session->scratch.h + t * n;
        for (size_t e = 0; e < n; e++) {
            scaled[e] = first[e] * job->tensors->correct_scale[e];
        }
    }
}

void altup_correct(struct qn_session *session, uint32_t layer) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    const size_t tokens = session->n_batch;
    compute_coefficients(session, &tensors->altup, &tensors->altup.correct, scratch->x);
    struct correct_job job = {session, &tensors->altup};
    pool_run(tokens, correct_tokens, &job);
    per_layer_forward(session, layer, scratch->h);
    op_norm(scratch->out, scratch->out, &tensors->per_layer.norm, hparams, hparams->n_embd, tokens);
    for (size_t i = 1; i < hparams->n_altup; i++) {
        op_add(stream(session, i, 0), scratch->out, hparams->n_embd, tokens, 1.0f);
    }
    if (layer + 1 == hparams->n_layer) {
        altup_end(session);
    }
}
