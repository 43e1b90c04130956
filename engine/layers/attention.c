/* The attention half of a layer: grouped queries over the paged KV cache, causal or in both
 * directions, with an optional sliding window.
 * The roundings are llama.cpp's without flash attention: queries and softmax weights pass through f16. Values are
 * gathered in the order of their positions, so a token's result does not depend on the tokens computed with it. */
#include "engine/layers/rope.h"
#include "engine/ops/ops.h"
#include "engine/pool/pool.h"
#include "platform/math.h"

#define QUERY_TILE  32u        /* queries that share a tile of keys and values, when a group has fewer heads ... */
#define SCORES_MOST (1u << 18) /* ... and when their scores are not more floats than this */

static uint32_t group_of(const struct layer_hparams *layer) { return layer->n_head / layer->n_head_kv; }

/* Scores of a query: whole tiles, and a sink. */
static uint32_t padded(uint32_t context) { return kv_pages_for(context) * KV_TILE + 4; }

static uint32_t tokens_at_once(const struct layer_hparams *layer, uint32_t context) {
    const uint32_t fitting = SCORES_MOST / padded(context);
    const uint32_t most = fitting < QUERY_TILE ? fitting : QUERY_TILE;
    const uint32_t group = group_of(layer);
    return group < most ? most / group : 1;
}

/* A worker's place. */
struct place {
    float *query;    /* (queries, head_dim_k) */
    float *gathered; /* (queries, head_dim_v) */
    float *scores;   /* (queries, padded context) */
    uint16_t *half;  /* (head_dim_k) */
    float *cache;    /* kv_scratch; first, for its alignment */
};

static struct place place_of(float *at, const struct hparams *hparams, uint32_t form, size_t queries,
                             uint32_t context) {
    struct place place;
    place.cache = at;
    place.query = at + kv_scratch(hparams, form);
    place.gathered = place.query + queries * hparams->head_dim_k;
    place.scores = place.gathered + queries * hparams->head_dim_v;
    place.half = (uint16_t *)(void *)(place.scores + queries * padded(context));
    return place;
}

uint64_t attention_scratch(const struct hparams *hparams, uint32_t form, uint32_t context) {
    uint64_t most = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const struct layer_hparams *layer = &hparams->layers[i];
        const uint64_t queries = layer->n_head ? (uint64_t)tokens_at_once(layer, context) * group_of(layer) : 0;
        most = queries > most ? queries : most;
    }
    const uint64_t floats =
        most * ((uint64_t)hparams->head_dim_k + hparams->head_dim_v + padded(context)) + hparams->head_dim_k / 2;
    return (kv_scratch(hparams, form) + floats + 15) / 16 * 16;
}

struct attention_job {
    struct qn_session *session;
    const struct layer_hparams *shape;
    uint32_t layer;
    bool ready; /* queries and keys have been normed and rotated */
};

/* Positions [begin, end) that a token at `position` sees; neither falls from one position to the next. */
struct seen {
    uint32_t begin;
    uint32_t end;
};

static struct seen seen_from(const struct attention_job *job, uint32_t position) {
    const struct hparams *hparams = &job->session->model->hparams;
    const uint32_t window = job->shape->window;
    const bool symmetric = hparams->architecture->window.symmetric;
    const uint32_t back = symmetric ? window / 2 : window - 1; /* beside the token's own */
    struct seen seen = {window && position > back ? position - back : 0, position + 1};
    if (hparams->bidirectional) {
        const uint32_t all = job->session->position + job->session->n_batch;
        seen.end = window && symmetric && all - seen.end > back ? seen.end + back : all;
    }
    return seen;
}

/* A worker's piece of the job: tokens [first, first + tokens) of the micro-batch with the heads of one group. */
struct piece {
    const struct attention_job *job;
    struct place place;
    uint32_t first;
    uint32_t tokens;
    uint32_t kv_head;
    uint32_t begin; /* positions that any of its queries sees */
    uint32_t end;
    uint32_t row; /* floats of scores a query: position p is at p - begin, and a sink after the last it sees */
};

/* Queries rounded to f16, one after another: token by token, head by head. */
static void pack_queries(const struct piece *piece) {
    const struct attention_job *job = piece->job;
    const size_t dim = job->shape->head.k;
    const uint32_t group = group_of(job->shape);
    for (uint32_t q = 0; q < piece->tokens * group; q++) {
        const size_t token = piece->first + q / group;
        const size_t head = (size_t)piece->kv_head * group + q % group;
        kernels.f32_to_f16(piece->place.half, job->session->scratch.query + (token * job->shape->n_head + head) * dim,
                           dim);
        kernels.f16_to_f32(piece->place.query + q * dim, piece->place.half, dim);
    }
}

/* The part of one KV page that the piece sees: `count` positions from `slot` of the page on, and where their scores go.
 */
struct span {
    uint32_t page;
    uint32_t slot;
    uint32_t count;
    uint32_t column;
};

static struct span span_of(const struct piece *piece, uint32_t page) {
    const uint32_t start = page * KV_TILE;
    const uint32_t begin = start > piece->begin ? start : piece->begin;
    const uint32_t end = piece->end - start < KV_TILE ? piece->end : start + KV_TILE;
    return (struct span){page, begin - start, end - begin, begin - piece->begin};
}

static void score(const struct piece *piece, const struct span *span) {
    const struct attention_job *job = piece->job;
    const struct hparams *hparams = &job->session->model->hparams;
    const size_t dim = job->shape->head.k;
    const struct kv *kv = &job->session->kv;
    const uint16_t *keys = kv_read(kv, kv_keys(kv, hparams, job->layer, span->page, piece->kv_head), span->slot,
                                   span->count, dim, piece->place.cache);
    kernels.attention_scores(piece->place.scores + span->column, piece->row, piece->place.query, dim,
                             piece->tokens * group_of(job->shape), keys, dim, span->count, dim,
                             hparams->attention_scale);
}

/* Softmax over the positions that each query sees; the others weigh nothing. */
static void weigh(const struct piece *piece) {
    const struct attention_job *job = piece->job;
    const uint32_t group = group_of(job->shape);
    const float softcap = job->session->model->hparams.attention_softcap;
    const float *sinks = job->session->model->tensors.layers[job->layer].sinks;
    for (uint32_t q = 0; q < piece->tokens * group; q++) {
        const uint32_t position = job->session->position + piece->first + q / group;
        const struct seen seen = seen_from(job, position);
        const uint32_t low = seen.begin - piece->begin;
        const uint32_t high = seen.end - piece->begin;
        float *scores = piece->place.scores + (size_t)q * piece->row;
        if (softcap > 0.0f) {
            kernels.softcap(scores + low, softcap, high - low);
        }
        if (sinks) {
            scores[high] = sinks[(size_t)piece->kv_head * group + q % group];
        }
        kernels.attention_softmax(scores + low, high - low + (sinks ? 1 : 0));
        memset(scores, 0, low * sizeof(float));
        memset(scores + high, 0, (piece->row - high) * sizeof(float));
    }
}

static void gather(const struct piece *piece, const struct span *span) {
    const struct attention_job *job = piece->job;
    const struct hparams *hparams = &job->session->model->hparams;
    const size_t dim = job->shape->head.v;
    const struct kv *kv = &job->session->kv;
    const uint16_t *values = kv_read(kv, kv_values(kv, hparams, job->layer, span->page, piece->kv_head), span->slot,
                                     span->count, dim, piece->place.cache);
    kernels.attention_values(piece->place.gathered, dim, piece->place.scores + span->column, piece->row,
                             piece->tokens * group_of(job->shape), values, dim, span->count, dim);
}

static void attend(const struct piece *piece) {
    const struct attention_job *job = piece->job;
    const uint32_t group = group_of(job->shape);
    const size_t dim = job->shape->head.v;
    const uint32_t first_page = piece->begin / KV_TILE;
    const uint32_t pages = kv_pages_for(piece->end);
    pack_queries(piece);
    for (uint32_t page = first_page; page < pages; page++) {
        const struct span span = span_of(piece, page);
        score(piece, &span);
    }
    weigh(piece);
    memset(piece->place.gathered, 0, piece->tokens * group * dim * sizeof(float));
    for (uint32_t page = first_page; page < pages; page++) {
        const struct span span = span_of(piece, page);
        gather(piece, &span);
    }
    for (uint32_t t = 0; t < piece->tokens; t++) {
        const size_t head = (size_t)(piece->first + t) * job->shape->n_head + (size_t)piece->kv_head * group;
        memcpy(job->session->scratch.mixed + head * dim, piece->place.gathered + (size_t)t * group * dim,
               group * dim * sizeof(float));
    }
}

/* Items are (tile of tokens, KV head). */
static void attend_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct qn_session *session = job->session;
    const struct scratch *scratch = &session->scratch;
    const uint32_t tile = tokens_at_once(job->shape, session->context);
    struct piece piece = {.job = job};
    piece.place = place_of(scratch->attention + worker * scratch->attention_floats, &session->model->hparams,
                           session->kv.form, (size_t)tile * group_of(job->shape), session->context);
    for (size_t item = begin; item < end; item++) {
        piece.first = (uint32_t)(item / job->shape->n_head_kv) * tile;
        const uint32_t left = session->n_batch - piece.first;
        piece.tokens = left < tile ? left : tile;
        piece.kv_head = (uint32_t)(item % job->shape->n_head_kv);
        piece.begin = seen_from(job, session->position + piece.first).begin;
        piece.end = seen_from(job, session->position + piece.first + piece.tokens - 1).end;
        piece.row = piece.end - piece.begin + (session->model->tensors.layers[job->layer].sinks ? 1 : 0);
        attend(&piece);
    }
}

/* The norm of queries or keys before rope (late: after it), as the model has it. */
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

/* Norms and rotates heads; no weight: no norm. No angles: no rope. */
static void rotate_heads(const struct hparams *hparams, const struct head_shape *shape, float *x, uint32_t heads,
                         const float *weight, const float *angles) {
    const bool late = hparams->architecture->attention.qk_norm_after_rope;
    const size_t pairs = shape->rot / 2;
    rope_fn *const rope = hparams->architecture->rope.kind == ROPE_NEOX ? kernels.rope_neox : kernels.rope_norm;
    if (weight && !late) {
        norm_heads(hparams, x, heads, shape->k, weight);
    }
    for (uint32_t head = 0; angles && head < heads; head++) {
        rope(x + head * shape->k, angles, angles + pairs, pairs);
    }
    if (weight && late) {
        norm_heads(hparams, x, heads, shape->k, weight);
    }
}

/* Queries at later positions count for more in models that say so. */
static float temperature(const struct hparams *hparams, uint32_t position) {
    const double stretch = 1.0 + (double)(position / hparams->rope.original_context);
    return (float)(1.0 + (double)hparams->attention_temperature * math_log(stretch));
}

/* Values before they are stored: keys where the layer has no values, and normed in models that norm them. */
static void finish_values(const struct attention_job *job, const float *key, float *value) {
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

/* Norms and rotates queries and keys of tokens [begin, end) and puts keys and values into the cache, where these are
 * the layer's own. */
static void store_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct qn_session *session = job->session;
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *layer = &session->model->tensors.layers[job->layer];
    const struct head_shape *shape = &job->shape->head;
    const uint32_t heads = job->shape->kv_layer == job->layer ? job->shape->n_head_kv : 0; /* to be stored */
    const size_t dim_k = shape->k;
    const size_t dim_v = shape->v;
    float *room = scratch->attention + worker * scratch->attention_floats;
    for (size_t t = begin; t < end; t++) {
        const float *angles = rope_of_layer(hparams, job->shape, scratch->angles + t * ROPE_SETS * hparams->n_rot);
        float *query = scratch->query + t * job->shape->n_head * dim_k;
        float *key = scratch->key + t * heads * dim_k;
        float *value = scratch->value + t * heads * dim_v;
        if (!job->ready) {
            if (hparams->architecture->attention.value_norm && heads) {
                finish_values(job, key, value);
            }
            rotate_heads(hparams, shape, query, job->shape->n_head, layer->query_norm, angles);
            rotate_heads(hparams, shape, key, heads, layer->key_norm, angles);
        }
        const uint32_t position = session->position + (uint32_t)t;
        if (hparams->attention_temperature > 0.0f) {
            kernels.scale(query, temperature(hparams, position), job->shape->n_head * dim_k);
        }
        const size_t slot = position % KV_TILE;
        for (uint32_t head = 0; head < heads; head++) {
            uint8_t *keys = kv_keys(&session->kv, hparams, job->layer, position / KV_TILE, head);
            uint8_t *values = kv_values(&session->kv, hparams, job->layer, position / KV_TILE, head);
            kv_store(&session->kv, keys, slot, key + head * dim_k, dim_k, room);
            kv_store(&session->kv, values, slot, value + head * dim_v, dim_v, room);
        }
    }
}

static void mix(struct attention_job *job) {
    const size_t tokens = job->session->n_batch;
    const uint32_t tile = tokens_at_once(job->shape, job->session->context);
    pool_run(tokens, store_items, job);
    pool_run((tokens + tile - 1) / tile * job->shape->n_head_kv, attend_items, job);
}

void attention_mix(struct qn_session *session, uint32_t layer) {
    struct attention_job job = {session, &session->model->hparams.layers[layer], layer, true};
    mix(&job);
}

/* Queries out of what gated attention's first product gave. */
static void take_queries(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attention_job *job = context;
    const struct scratch *scratch = &job->session->scratch;
    const size_t dim = job->shape->head.k;
    (void)worker;
    for (size_t head = begin * job->shape->n_head; head < end * job->shape->n_head; head++) {
        memcpy(scratch->query + head * dim, scratch->projected + 2 * head * dim, dim * sizeof(float));
    }
}

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

void forward_attention(struct qn_session *session, uint32_t layer, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct layer_tensors *tensors = &session->model->tensors.layers[layer];
    struct attention_job job = {session, &hparams->layers[layer], layer, false};
    const size_t tokens = session->n_batch;
    const bool gated = hparams->architecture->attention.gated;
    float *query = gated ? scratch->projected : scratch->query;
    const struct product inputs[] = {{query, &tensors->query, tensors->query_bias, false},
                                     {scratch->key, &tensors->key, tensors->key_bias, false},
                                     {scratch->value, &tensors->value, tensors->value_bias, false}};
    op_multiply(inputs, tensors->value.kernels ? 3 : tensors->key.kernels ? 2 : 1, scratch, in, tokens);
    if (gated) {
        pool_run(tokens, take_queries, &job);
    }
    mix(&job);
    if (gated) {
        pool_run(tokens, gate_heads, &job);
    }
    if (tensors->mixed_norm.weight) {
        op_norm(scratch->mixed, scratch->mixed, &tensors->mixed_norm, hparams, tensors->output.cols, tokens);
    }
    const struct product output = {scratch->out, &tensors->output, tensors->output_bias, false};
    op_multiply(&output, 1, scratch, scratch->mixed, tokens);
}
