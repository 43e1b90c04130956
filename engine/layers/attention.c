/* The attention mixer ("Attention Is All You Need", section 3.2; grouped queries as in "GQA: Training Generalized
 * Multi-Query Transformer Models from Multi-Head Checkpoints"). The steps follow llama.cpp's build_attn. */
#include "engine/layers/attention.h"

#include "engine/layers/attend.h"
#include "engine/layers/rope.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"
#include "platform/math.h"

struct attention_job {
    struct qn_session *session;
    const struct layer_hparams *shape;
    uint32_t layer;
    bool prepared; /* norms and RoPE have been applied */
};

/* The norm of queries or keys, in place. */
static void norm_heads(const struct hparams *hparams, float *x, uint32_t heads, size_t dim, const float *weight) {
    const enum qk_norm kind = hparams->architecture->attention.qk_norm;
    if (kind == QK_NORM_WHOLE) {
        kernels.rmsnorm(x, x, weight, heads * dim, hparams->norm_epsilon);
        return;
    }
    for (uint32_t head = 0; head < heads; head++, x += dim) {
        const struct norm norm = {weight + (kind == QK_NORM_PER_HEAD ? head * dim : 0), NULL};
        norm_row(x, x, &norm, hparams, dim);
    }
}

/* Norm and RoPE of one token's queries or keys, in place. weight: null without a norm. angles: null without RoPE. */
static void norm_and_rotate(const struct hparams *hparams, const struct head_shape *shape, float *x, uint32_t heads,
                            const float *weight, const float *angles) {
    const bool norm_last = hparams->architecture->attention.qk_norm_after_rope;
    const size_t pairs = shape->rot / 2;
    rope_fn *const rope = hparams->architecture->rope.kind == ROPE_NEOX ? kernels.rope_neox : kernels.rope_norm;
    if (weight && !norm_last) {
        norm_heads(hparams, x, heads, shape->k, weight);
    }
    for (uint32_t head = 0; angles && head < heads; head++) {
        rope(x + head * shape->k, angles, angles + pairs, pairs);
    }
    if (weight && norm_last) {
        norm_heads(hparams, x, heads, shape->k, weight);
    }
}

/* The factor of a query in models with attention.temperature_scale: it grows with the logarithm of the position. */
static float temperature(const struct hparams *hparams, uint32_t position) {
    const uint32_t contexts = position / hparams->rope.original_context;
    const double stretch = 1.0 + (double)contexts;
    return (float)(1.0 + (double)hparams->attention_temperature * math_log(stretch));
}

/* The values' norm, which has no weight. In layers without a value matrix the values are the keys before their norm. */
static void norm_values(const struct attention_job *job, const float *key, float *value) {
    const struct hparams *hparams = &job->session->model->hparams;
    const struct head_shape *shape = &job->shape->head;
    const uint32_t heads = job->shape->n_head_kv;
    if (job->session->model->tensors.layers[job->layer].value.kernels == NULL) {
        memcpy(value, key, heads * shape->v * sizeof(*value));
    }
    for (uint32_t head = 0; head < heads; head++, value += shape->v) {
        kernels.rmsnorm(value, value, NULL, shape->v, hparams->norm_epsilon);
    }
}

/* Norms, RoPE and temperature of token t's query (n_head, k), key (n_head_kv, k) and value (n_head_kv, v). `heads` is
 * n_head_kv, or 0 if the layer reads another layer's keys and values. */
static void prepare(const struct attention_job *job, size_t t, uint32_t heads, float *query, float *key, float *value) {
    const struct hparams *hparams = &job->session->model->hparams;
    const struct layer_tensors *layer = &job->session->model->tensors.layers[job->layer];
    const struct head_shape *shape = &job->shape->head;
    const float *angles =
        rope_of_layer(hparams, job->shape, job->session->scratch.angles + t * ROPE_SETS * hparams->n_rot);
    if (hparams->architecture->attention.value_norm && heads) {
        norm_values(job, key, value);
    }
    norm_and_rotate(hparams, shape, query, job->shape->n_head, layer->query_norm, angles);
    norm_and_rotate(hparams, shape, key, heads, layer->key_norm, angles);
}

static void store_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct qn_session *session = job->session;
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const uint32_t heads = job->shape->kv_layer == job->layer ? job->shape->n_head_kv : 0;
    const size_t dim_k = job->shape->head.k;
    const size_t dim_v = job->shape->head.v;
    float *cache_scratch = scratch->attention + worker * scratch->attention_floats;
    for (size_t t = begin; t < end; t++) {
        float *query = scratch->query + t * job->shape->n_head * dim_k;
        float *key = scratch->key + t * heads * dim_k;
        float *value = scratch->value + t * heads * dim_v;
        if (!job->prepared) {
            prepare(job, t, heads, query, key, value);
        }
        const uint32_t position = session->position + (uint32_t)t;
        if (hparams->attention_temperature > 0.0f) {
            kernels.scale(query, temperature(hparams, position), job->shape->n_head * dim_k);
        }
        scratch_check(scratch, key, heads * dim_k, OVERFLOWS_F16);
        scratch_check(scratch, value, heads * dim_v, OVERFLOWS_F16);
        const size_t slot = position % KV_TILE;
        for (uint32_t head = 0; head < heads; head++) {
            uint8_t *keys = kv_keys(&session->kv, hparams, job->layer, position / KV_TILE, head);
            uint8_t *values = kv_values(&session->kv, hparams, job->layer, position / KV_TILE, head);
            kv_store(&session->kv, keys, slot, key + head * dim_k, dim_k, cache_scratch);
            kv_store(&session->kv, values, slot, value + head * dim_v, dim_v, cache_scratch);
        }
    }
}

static void mix(struct attention_job *job) {
    pool_run(job->session->n_batch, store_tokens, job);
    attend(job->session, job->layer);
}

void attention_mix(struct qn_session *session, uint32_t layer) {
    struct attention_job job = {session, &session->model->hparams.layers[layer], layer, true};
    mix(&job);
}

/* Gated attention: the query matrix gives each head a query and a gate, (n_head, 2, k). */
static void split_queries(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const size_t dim = job->shape->head.k;
    (void)worker;
    for (size_t head = begin * job->shape->n_head; head < end * job->shape->n_head; head++) {
        memcpy(scratch->query + head * dim, scratch->projected + 2 * head * dim, dim * sizeof(float));
    }
}

/* mixed *= sigmoid(gate) */
static void gate_heads(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const size_t dim = job->shape->head.k;
    (void)worker;
    for (size_t head = begin * job->shape->n_head; head < end * job->shape->n_head; head++) {
        float *x = scratch->mixed + head * dim;
        kernels.glu(x, scratch->projected + (2 * head + 1) * dim, x, dim);
    }
}

void attention_forward(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    struct attention_job job = {session, &hparams->layers[layer], layer, false};
    const size_t tokens = session->n_batch;
    const bool gated = hparams->architecture->attention.gated;
    const struct product inputs[] = {
        {gated ? scratch->projected : scratch->query, &tensors->query, tensors->query_bias, false},
        {scratch->key, &tensors->key, tensors->key_bias, false},
        {scratch->value, &tensors->value, tensors->value_bias, false}};
    size_t count = 1; /* layers that read another layer's keys and values have neither matrix */
    if (tensors->key.kernels) {
        count = tensors->value.kernels ? 3 : 2;
    }
    op_matmul(inputs, count, scratch, in, tokens);
    if (gated) {
        pool_run(tokens, split_queries, &job);
    }
    mix(&job);
    if (gated) {
        pool_run(tokens, gate_heads, &job);
    }
    if (tensors->mixed_norm.weight) {
        op_norm(scratch->mixed, scratch->mixed, &tensors->mixed_norm, hparams, tensors->output.cols, tokens);
    }
    const struct product output = {scratch->out, &tensors->output, tensors->output_bias, false};
    op_matmul(&output, 1, scratch, scratch->mixed, tokens);
}
