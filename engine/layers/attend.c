/* Attention over the KV cache: causal or bidirectional, with grouped queries and an optional sliding window.
 *
 * Roundings are those of llama.cpp without flash attention: queries and softmax weights pass through f16. Values are
 * added in the order of their positions, so that a token's result does not depend on the tokens computed with it. */
#include "engine/layers/attend.h"

#include "engine/pool/pool.h"

/* A tile is a group of tokens whose queries read each KV page together. Both limits hold for its queries. */
#define TILE_QUERIES 32u        /* queries, unless a single token has more */
#define TILE_SCORES  (1u << 18) /* floats of scores */

/* Query heads that share a KV head. */
static uint32_t group_of(const struct layer_hparams *layer) { return layer->n_head / layer->n_head_kv; }

/* Scores per query: whole pages, and 4 for a sink. */
static uint32_t row_floats(uint32_t context) { return kv_pages_for(context) * KV_TILE + 4; }

static uint32_t tokens_per_tile(const struct layer_hparams *layer, uint32_t context) {
    const uint32_t fitting = TILE_SCORES / row_floats(context);
    const uint32_t most = fitting < TILE_QUERIES ? fitting : TILE_QUERIES;
    const uint32_t group = group_of(layer);
    return group < most ? most / group : 1;
}

/* Rows of scores that a worker has memory for. A single token's heads may be spread over all workers' memory. */
static uint32_t queries_per_worker(const struct layer_hparams *layer, uint32_t context) {
    const uint32_t workers = pool_workers();
    const uint32_t tokens = tokens_per_tile(layer, context);
    const uint32_t heads = (layer->n_head_kv + workers - 1) / workers; /* of a single token */
    return (tokens > heads ? tokens : heads) * group_of(layer);
}

/* A worker's scratch memory for one tile. */
struct tile_scratch {
    float *query;    /* (queries, head_dim_k), rounded to f16 */
    float *gathered; /* (queries, head_dim_v) */
    float *scores;   /* (queries, row_floats) */
    uint16_t *half;  /* (head_dim_k) */
};

static struct tile_scratch scratch_at(float *at, const struct hparams *hparams, size_t queries, uint32_t context) {
    struct tile_scratch scratch;
    scratch.query = at;
    scratch.gathered = scratch.query + queries * hparams->head_dim_k;
    scratch.scores = scratch.gathered + queries * hparams->head_dim_v;
    scratch.half = (uint16_t *)(void *)(scratch.scores + queries * row_floats(context));
    return scratch;
}

uint64_t attention_scratch_floats(const struct hparams *hparams, uint32_t format, uint32_t context) {
    uint64_t most = 0;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const struct layer_hparams *layer = &hparams->layers[i];
        const uint64_t queries = layer->n_head ? queries_per_worker(layer, context) : 0;
        most = queries > most ? queries : most;
    }
    const uint64_t floats =
        most * ((uint64_t)hparams->head_dim_k + hparams->head_dim_v + row_floats(context)) + hparams->head_dim_k / 2;
    const uint64_t store = kv_scratch_floats(hparams, format);
    return ((floats > store ? floats : store) + 15) / 16 * 16;
}

struct attend_job {
    struct qn_session *session;
    const struct layer_hparams *shape;
    uint32_t layer;
};

/* Positions [begin, end) that a token attends to. Both ends grow with the token's position. */
struct visible {
    uint32_t begin;
    uint32_t end;
};

static struct visible visible_from(const struct attend_job *job, uint32_t position) {
    const struct hparams *hparams = &job->session->model->hparams;
    const uint32_t window = job->shape->window;
    const bool symmetric = hparams->architecture->window.symmetric;
    const uint32_t back = symmetric ? window / 2 : window - 1; /* positions before the token's own */
    struct visible visible = {window && position > back ? position - back : 0, position + 1};
    if (hparams->bidirectional) {
        const uint32_t all = job->session->position + job->session->n_batch;
        visible.end = window && symmetric && all - visible.end > back ? visible.end + back : all;
    }
    return visible;
}

/* Tokens [first, first + tokens) of the micro-batch with the query heads of one KV head. A query's scores are a row:
 * position p is at p - begin, a sink follows the last visible position. */
struct tile {
    const struct attend_job *job;
    struct tile_scratch scratch;
    uint32_t first;
    uint32_t tokens;
    uint32_t kv_head;
    uint32_t begin; /* positions visible to any query of the tile */
    uint32_t end;
    uint32_t row; /* floats from one query's scores to the next */
};

/* Rounds the queries to f16 and stores them one after another: token by token, head by head. */
static void pack_queries(const struct tile *tile) {
    const struct attend_job *job = tile->job;
    const size_t dim = job->shape->head.k;
    const uint32_t group = group_of(job->shape);
    for (uint32_t q = 0; q < tile->tokens * group; q++) {
        const size_t token = tile->first + q / group;
        const size_t head = (size_t)tile->kv_head * group + q % group;
        const float *query = job->session->scratch.query + (token * job->shape->n_head + head) * dim;
        scratch_check(&job->session->scratch, query, dim, OVERFLOWS_F16);
        kernels.f32_to_f16(tile->scratch.half, query, dim);
        kernels.f16_to_f32(tile->scratch.query + q * dim, tile->scratch.half, dim);
    }
}

/* The visible positions of one KV page: `count` of them from `slot` on, with scores from `column` on. */
struct span {
    uint32_t page;
    uint32_t slot;
    uint32_t count;
    uint32_t column;
};

static struct span span_of(const struct tile *tile, uint32_t page) {
    const uint32_t start = page * KV_TILE;
    const uint32_t begin = start > tile->begin ? start : tile->begin;
    const uint32_t end = tile->end - start < KV_TILE ? tile->end : start + KV_TILE;
    return (struct span){page, begin - start, end - begin, begin - tile->begin};
}

static void score(const struct tile *tile, const struct span *span) {
    const struct attend_job *job = tile->job;
    const struct hparams *hparams = &job->session->model->hparams;
    const size_t dim = job->shape->head.k;
    const struct kv *kv = &job->session->kv;
    const struct kv_rows keys =
        kv_rows_at(kv, kv_keys(kv, hparams, job->layer, span->page, tile->kv_head), span->slot, dim, 0);
    kernels.attention_scores(tile->scratch.scores + span->column, tile->row, tile->scratch.query, dim,
                             tile->tokens * group_of(job->shape), keys, span->count, dim, hparams->attention_scale);
}

/* Softmax over the positions visible to query q; the weights of the others are zero. */
static void softmax(const struct tile *tile, uint32_t q) {
    const struct attend_job *job = tile->job;
    const uint32_t group = group_of(job->shape);
    const float softcap = job->session->model->hparams.attention_softcap;
    const float *sinks = job->session->model->tensors.layers[job->layer].sinks;
    const uint32_t position = job->session->position + tile->first + q / group;
    const struct visible visible = visible_from(job, position);
    const uint32_t low = visible.begin - tile->begin;
    const uint32_t high = visible.end - tile->begin;
    float *scores = tile->scratch.scores + (size_t)q * tile->row;
    if (softcap > 0.0f) {
        kernels.softcap(scores + low, softcap, high - low);
    }
    if (sinks) {
        scores[high] = sinks[(size_t)tile->kv_head * group + q % group];
    }
    kernels.attention_softmax(scores + low, high - low + (sinks ? 1 : 0));
    memset(scores, 0, low * sizeof(float));
    memset(scores + high, 0, (tile->row - high) * sizeof(float));
}

/* Columns [begin, end) of the values. */
struct columns {
    size_t begin;
    size_t end;
};

/* Sets those columns of out (queries, head_dim_v) to the sum of the values of all visible positions, each times its
 * softmax weight. */
static void gather_values(const struct tile *tile, float *out, struct columns columns) {
    const struct attend_job *job = tile->job;
    const struct kv *kv = &job->session->kv;
    const size_t dim = job->shape->head.v;
    const size_t width = columns.end - columns.begin;
    const uint32_t queries = tile->tokens * group_of(job->shape);
    for (uint32_t q = 0; q < queries; q++) {
        memset(out + q * dim + columns.begin, 0, width * sizeof(*out));
    }
    for (uint32_t page = tile->begin / KV_TILE; page < kv_pages_for(tile->end); page++) {
        const struct span span = span_of(tile, page);
        const uint8_t *rows = kv_values(kv, &job->session->model->hparams, job->layer, page, tile->kv_head);
        kernels.attention_values(out + columns.begin, dim, tile->scratch.scores + span.column, tile->row, queries,
                                 kv_rows_at(kv, rows, span.slot, dim, columns.begin), span.count, width);
    }
}

static void attend_tile(const struct tile *tile) {
    const struct attend_job *job = tile->job;
    const uint32_t group = group_of(job->shape);
    const size_t dim = job->shape->head.v;
    pack_queries(tile);
    for (uint32_t page = tile->begin / KV_TILE; page < kv_pages_for(tile->end); page++) {
        const struct span span = span_of(tile, page);
        score(tile, &span);
    }
    for (uint32_t q = 0; q < tile->tokens * group; q++) {
        softmax(tile, q);
    }
    gather_values(tile, tile->scratch.gathered, (struct columns){0, dim});
    for (uint32_t t = 0; t < tile->tokens; t++) {
        const size_t head = (size_t)(tile->first + t) * job->shape->n_head + (size_t)tile->kv_head * group;
        memcpy(job->session->scratch.mixed + head * dim, tile->scratch.gathered + (size_t)t * group * dim,
               group * dim * sizeof(float));
    }
}

static struct tile_scratch scratch_of(const struct attend_job *job, uint32_t worker) {
    const struct qn_session *session = job->session;
    return scratch_at(session->scratch.attention + worker * session->scratch.attention_floats, &session->model->hparams,
                      queries_per_worker(job->shape, session->context), session->context);
}

/* Sets what follows from the tile's tokens. */
static void set_positions(struct tile *tile) {
    const struct attend_job *job = tile->job;
    const struct qn_session *session = job->session;
    tile->begin = visible_from(job, session->position + tile->first).begin;
    tile->end = visible_from(job, session->position + tile->first + tile->tokens - 1).end;
    tile->row = tile->end - tile->begin + (session->model->tensors.layers[job->layer].sinks ? 1 : 0);
}

/* Item i is KV head i % n_head_kv of tile i / n_head_kv. */
static void attend_items(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct attend_job *job = context;
    const struct qn_session *session = job->session;
    const uint32_t tokens = tokens_per_tile(job->shape, session->context);
    struct tile tile = {.job = job, .scratch = scratch_of(job, worker)};
    for (size_t item = begin; item < end; item++) {
        tile.first = (uint32_t)(item / job->shape->n_head_kv) * tokens;
        const uint32_t left = session->n_batch - tile.first;
        tile.tokens = left < tokens ? left : tokens;
        tile.kv_head = (uint32_t)(item % job->shape->n_head_kv);
        set_positions(&tile);
        attend_tile(&tile);
    }
}

/* ---- a single token with few KV heads: three jobs, divided by positions, by heads and by columns. The sums stay what
 * they are: a score is a sum of its own, and a column's values are added in the order of their positions. ---- */

#define TOKEN_POSITIONS 256u /* below as many, the work is not worth two more jobs */
#define TOKEN_COLUMNS   32u  /* of the values: whole q8_0 blocks and cache lines */

/* The tile of one KV head. Its queries and scores lie in some worker's memory, so that every worker finds them. */
static struct tile token_tile(const struct attend_job *job, uint32_t kv_head) {
    const uint32_t group = group_of(job->shape);
    const uint32_t heads = queries_per_worker(job->shape, job->session->context) / group;
    struct tile tile = {.job = job, .scratch = scratch_of(job, kv_head / heads), .tokens = 1, .kv_head = kv_head};
    const size_t query = (size_t)(kv_head % heads) * group;
    set_positions(&tile);
    tile.scratch.query += query * job->session->model->hparams.head_dim_k;
    tile.scratch.scores += query * tile.row;
    return tile;
}

/* Pages with positions that the session's next token attends to. */
static uint32_t visible_pages(const struct attend_job *job) {
    const struct visible visible = visible_from(job, job->session->position);
    return kv_pages_for(visible.end) - visible.begin / KV_TILE;
}

/* Item i is a page of KV head i / visible_pages. */
static void score_items(void *context, size_t begin, size_t end, uint32_t worker) {
    (void)worker;
    const struct attend_job *job = context;
    const uint32_t pages = visible_pages(job);
    for (size_t item = begin; item < end; item++) {
        const struct tile tile = token_tile(job, (uint32_t)(item / pages));
        const struct span span = span_of(&tile, tile.begin / KV_TILE + (uint32_t)(item % pages));
        score(&tile, &span);
    }
}

/* Item i is query head i. */
static void softmax_items(void *context, size_t begin, size_t end, uint32_t worker) {
    (void)worker;
    const struct attend_job *job = context;
    const uint32_t group = group_of(job->shape);
    for (size_t item = begin; item < end; item++) {
        const struct tile tile = token_tile(job, (uint32_t)item / group);
        softmax(&tile, (uint32_t)item % group);
    }
}

static uint32_t column_chunks(const struct attend_job *job) {
    return (job->shape->head.v + TOKEN_COLUMNS - 1) / TOKEN_COLUMNS;
}

/* Item i is TOKEN_COLUMNS columns, or fewer at the end, of KV head i / column_chunks. */
static void value_items(void *context, size_t begin, size_t end, uint32_t worker) {
    (void)worker;
    const struct attend_job *job = context;
    const size_t dim = job->shape->head.v;
    const uint32_t chunks = column_chunks(job);
    for (size_t item = begin; item < end; item++) {
        const struct tile tile = token_tile(job, (uint32_t)(item / chunks));
        const size_t column = item % chunks * TOKEN_COLUMNS;
        const size_t last = dim - column < TOKEN_COLUMNS ? dim : column + TOKEN_COLUMNS;
        float *out = job->session->scratch.mixed + (size_t)tile.kv_head * group_of(job->shape) * dim;
        gather_values(&tile, out, (struct columns){column, last});
    }
}

static void attend_token(struct attend_job *job) {
    const uint32_t heads = job->shape->n_head_kv;
    for (uint32_t head = 0; head < heads; head++) {
        const struct tile tile = token_tile(job, head);
        pack_queries(&tile);
    }
    pool_run((size_t)heads * visible_pages(job), score_items, job);
    pool_run(job->shape->n_head, softmax_items, job);
    pool_run((size_t)heads * column_chunks(job), value_items, job);
}

/* Whether the KV heads alone would leave threads without work for a part of the time that is worth two more jobs. */
static bool divides_token(const struct attend_job *job) {
    const uint32_t threads = pool_active();
    const uint32_t heads = job->shape->n_head_kv;
    const struct visible visible = visible_from(job, job->session->position);
    const uint32_t rounds = (heads + threads - 1) / threads;
    return job->session->n_batch == 1 && visible.end - visible.begin >= TOKEN_POSITIONS &&
           10 * rounds * threads > 11 * heads;
}

void attend(struct qn_session *session, uint32_t layer) {
    struct attend_job job = {session, &session->model->hparams.layers[layer], layer};
    if (divides_token(&job)) {
        attend_token(&job);
        return;
    }
    const uint32_t tokens = tokens_per_tile(job.shape, session->context);
    const size_t tiles = ((size_t)session->n_batch + tokens - 1) / tokens;
    pool_run(tiles * job.shape->n_head_kv, attend_items, &job);
}
