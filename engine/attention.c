/* The attention half of a layer: grouped queries over the paged KV cache, causal, with an optional sliding window.
 * Scores are taken a KV tile at a time with an online softmax. Tiles lie at multiples of KV_TILE of the position, so a
 * token's result does not depend on which tokens are computed with it. */
#include "engine/ops.h"
#include "engine/pool.h"

#define QUERY_TILE 32u /* queries that share each tile's keys and values, when a group has fewer heads */

static uint32_t group_of(const struct layer_hparams *layer) { return layer->n_head / layer->n_head_kv; }

static uint32_t tokens_at_once(const struct layer_hparams *layer) {
    const uint32_t group = group_of(layer);
    return group < QUERY_TILE ? QUERY_TILE / group : 1;
}

uint32_t attention_queries(const struct layer_hparams *layer) { return tokens_at_once(layer) * group_of(layer); }

/* A worker's place: queries, what they gather, scores, and three numbers a query. */
struct place {
    float *query;    /* (queries, head_dim_k) */
    float *gathered; /* (queries, head_dim_v) */
    float *scores;   /* (queries, KV_TILE) */
    float *rescale;  /* (queries) */
    float *maximum;  /* (queries) */
    float *sum;      /* (queries) */
};

size_t attention_scratch(const struct hparams *hparams) {
    size_t most = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const size_t queries = attention_queries(&hparams->layers[i]);
        most = queries > most ? queries : most;
    }
    return most * (hparams->head_dim_k + hparams->head_dim_v + KV_TILE + 3);
}

static struct place place_of(float *at, const struct hparams *hparams, size_t queries) {
    struct place place;
    place.query = at;
    place.gathered = place.query + queries * hparams->head_dim_k;
    place.scores = place.gathered + queries * hparams->head_dim_v;
    place.rescale = place.scores + queries * KV_TILE;
    place.maximum = place.rescale + queries;
    place.sum = place.maximum + queries;
    return place;
}

struct attention_job {
    struct qn_session *session;
    const struct layer_hparams *shape;
    uint32_t layer;
};

/* First position that a token at `position` sees. */
static uint32_t first_seen(const struct layer_hparams *shape, uint32_t position) {
    return shape->window && position + 1 > shape->window ? position + 1 - shape->window : 0;
}

/* Softmax over the positions [begin, end) that each query sees; the others weigh nothing. */
static void weigh(const struct attention_job *job, const struct place *place, uint32_t first_token, uint32_t queries,
                  uint32_t begin, uint32_t end) {
    const uint32_t group = group_of(job->shape);
    for (uint32_t q = 0; q < queries; q++) {
        const uint32_t position = job->session->position + first_token + q / group;
        const uint32_t seen = first_seen(job->shape, position);
        const uint32_t low = seen > begin ? (seen < end ? seen : end) - begin : 0;
        const uint32_t high = (position + 1 < end ? position + 1 : end) - begin;
        float *scores = place->scores + (size_t)q * KV_TILE;
        const uint32_t count = end - begin;
        if (position < begin || low >= high) {
            place->rescale[q] = 1.0f;
            memset(scores, 0, count * sizeof(float));
            continue;
        }
        place->rescale[q] = kernels.attention_softmax(scores + low, high - low, &place->maximum[q], &place->sum[q]);
        memset(scores, 0, low * sizeof(float));
        memset(scores + high, 0, (count - high) * sizeof(float));
    }
}

/* Tokens [first, first + tokens) of the micro-batch with the heads of one group. */
static void attend(const struct attention_job *job, const struct place *place, uint32_t first, uint32_t tokens,
                   uint32_t kv_head) {
    const struct qn_session *session = job->session;
    const struct hparams *hparams = &session->model->hparams;
    const uint32_t group = group_of(job->shape);
    const uint32_t queries = tokens * group;
    const size_t dim_k = hparams->head_dim_k;
    const size_t dim_v = hparams->head_dim_v;
    for (uint32_t t = 0; t < tokens; t++) {
        const float *from =
            session->scratch.query + ((size_t)(first + t) * job->shape->n_head + (size_t)kv_head * group) * dim_k;
        memcpy(place->query + (size_t)t * group * dim_k, from, group * dim_k * sizeof(float));
    }
    memset(place->gathered, 0, queries * dim_v * sizeof(float));
    for (uint32_t q = 0; q < queries; q++) {
        place->maximum[q] = -__builtin_inff();
        place->sum[q] = 0.0f;
    }
    const uint32_t seen = first_seen(job->shape, session->position + first);
    const uint32_t stop = session->position + first + tokens;
    for (uint32_t page = seen / KV_TILE; page * KV_TILE < stop; page++) {
        const uint32_t start = page * KV_TILE;
        const uint32_t begin = start > seen ? start : seen;
        const uint32_t end = stop - start < KV_TILE ? stop : start + KV_TILE;
        const uint16_t *keys = kv_keys(&session->kv, hparams, job->layer, page, kv_head) + (begin - start) * dim_k;
        const uint16_t *values = kv_values(&session->kv, hparams, job->layer, page, kv_head) + (begin - start) * dim_v;
        kernels.attention_scores(place->scores, place->query, dim_k, queries, keys, dim_k, end - begin, dim_k,
                                 hparams->attention_scale);
        weigh(job, place, first, queries, begin, end);
        kernels.attention_values(place->gathered, dim_v, place->rescale, place->scores, queries, values, dim_v,
                                 end - begin, dim_v);
    }
    for (uint32_t q = 0; q < queries; q++) {
        const size_t token = first + q / group;
        const size_t head = (size_t)kv_head * group + q % group;
        float *out = session->scratch.mixed + (token * job->shape->n_head + head) * dim_v;
        kernels.scale(place->gathered + q * dim_v, 1.0f / place->sum[q], dim_v);
        memcpy(out, place->gathered + q * dim_v, dim_v * sizeof(float));
    }
}

/* Items are (tile of tokens, KV head). */
static void attend_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const struct place place = place_of(scratch->attention + worker * scratch->attention_floats,
                                        &job->session->model->hparams, attention_queries(job->shape));
    const uint32_t tile = tokens_at_once(job->shape);
    for (size_t item = begin; item < end; item++) {
        const uint32_t first = (uint32_t)(item / job->shape->n_head_kv) * tile;
        const uint32_t left = job->session->n_batch - first;
        attend(job, &place, first, left < tile ? left : tile, (uint32_t)(item % job->shape->n_head_kv));
    }
}

static void rotate_heads(const struct hparams *hparams, float *x, uint32_t heads, const float *norm,
                         const float *angles) {
    const size_t pairs = hparams->n_rot / 2;
    rope_fn *const rope = hparams->architecture->rope == ROPE_NEOX ? kernels.rope_neox : kernels.rope_norm;
    for (uint32_t head = 0; head < heads; head++, x += hparams->head_dim_k) {
        if (norm) {
            kernels.rmsnorm(x, x, norm, hparams->head_dim_k, hparams->norm_epsilon);
        }
        rope(x, angles, angles + pairs, pairs);
    }
}

/* Norms and rotates queries and keys of tokens [begin, end) and puts keys and values into the cache. */
static void store_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct qn_session *session = job->session;
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *layer = &session->model->tensors.layers[job->layer];
    const uint32_t heads = job->shape->n_head_kv;
    const size_t dim_k = hparams->head_dim_k;
    const size_t dim_v = hparams->head_dim_v;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        const float *angles = scratch->angles + (t * 2 + job->shape->window_rope) * hparams->n_rot;
        float *query = scratch->query + t * job->shape->n_head * dim_k;
        float *key = scratch->key + t * heads * dim_k;
        const float *value = scratch->value + t * heads * dim_v;
        rotate_heads(hparams, query, job->shape->n_head, layer->query_norm, angles);
        rotate_heads(hparams, key, heads, layer->key_norm, angles);
        const uint32_t position = session->position + (uint32_t)t;
        const size_t slot = position % KV_TILE;
        for (uint32_t head = 0; head < heads; head++) {
            uint16_t *keys = kv_keys(&session->kv, hparams, job->layer, position / KV_TILE, head);
            uint16_t *values = kv_values(&session->kv, hparams, job->layer, position / KV_TILE, head);
            kernels.f32_to_f16(keys + slot * dim_k, key + head * dim_k, dim_k);
            kernels.f32_to_f16(values + slot * dim_v, value + head * dim_v, dim_v);
        }
    }
}

void forward_attention(struct qn_session *session, uint32_t layer) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    struct attention_job job = {session, &hparams->layers[layer], layer};
    const size_t tokens = session->n_batch;
    op_norm(scratch->h, scratch->x, tensors->attention_norm, hparams->n_embd, tokens, hparams->norm_epsilon);
    const struct product inputs[] = {{scratch->query, &tensors->query, tensors->query_bias},
                                     {scratch->key, &tensors->key, tensors->key_bias},
                                     {scratch->value, &tensors->value, tensors->value_bias}};
    op_multiply(inputs, 3, scratch, scratch->h, tokens);
    pool_run(tokens, store_items, &job);
    const uint32_t tile = tokens_at_once(job.shape);
    pool_run((tokens + tile - 1) / tile * job.shape->n_head_kv, attend_items, &job);
    const struct product output = {scratch->h, &tensors->output, tensors->output_bias};
    op_multiply(&output, 1, scratch, scratch->mixed, tokens);
}
