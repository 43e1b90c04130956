#include "engine/state/session.h"
#include "engine/weights/load_phase.h"

#include "engine/layers/rope.h"
#include "engine/pool/pool.h"
#include "engine/state/layout.h"
#include "engine/state/recurrent.h"
#include "platform/error.h"

/* Layers of a step: a whole token, or so few that a step of a prompt is about this many token-layers at most, but one.
 */
#define STEP_TOKEN_LAYERS 128u

/* What a session of that size takes; fills in the defaults for zeros. */
static int choose_sizes(const struct qn_model *model, uint32_t *context, uint32_t *batch) {
    *context = *context ? *context : model->hparams.n_ctx_train;
    *batch = *batch ? *batch : DEFAULT_BATCH;
    if (*context > MAX_CONTEXT || *batch > MAX_BATCH) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "a context of %u tokens in batches of %u was asked for; the most are %u and %u", *context,
                         *batch, MAX_CONTEXT, MAX_BATCH);
    }
    if (model->tensors.positions.kernels && *context > model->hparams.n_ctx_train) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "a context of %u tokens was asked for; the model has learned %u positions", *context,
                         model->hparams.n_ctx_train);
    }
    *batch = *batch < *context && !model->hparams.bidirectional ? *batch : *context;
    return QN_OK;
}

int32_t qn_model_plan(qn_model *model, uint32_t context, uint32_t batch, struct qn_plan *plan) {
    if (model->stage == STAGE_DIRECTORY || model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "a plan comes after the directory");
    }
    const int status = choose_sizes(model, &context, &batch);
    if (status != QN_OK) {
        return status;
    }
    memset(plan, 0, sizeof(*plan));
    plan->tensor_bytes = model->gguf.data_bytes;
    plan->metadata_bytes = model->arena.used + sizeof(*model);
    for (uint32_t i = 0; i < model->n_parts; i++) {
        plan->file_bytes += model->parts[i].gguf.data_offset + model->parts[i].gguf.data_bytes;
        plan->metadata_bytes += model->parts[i].head_bytes;
    }
    plan->kv_page_bytes = kv_page_bytes(&model->hparams, model->cache);
    plan->kv_page_tokens = KV_TILE;
    plan->kv_bytes = plan->kv_page_bytes * kv_pages_for(context);
    plan->scratch_bytes = sizeof(struct qn_session) + layout_of(model, context, batch).bytes +
                          (qn_model_is_encoder(model) ? 0 : model->hparams.n_vocab * (uint64_t)sizeof(float));
    plan->total_bytes = plan->tensor_bytes + plan->metadata_bytes + plan->kv_bytes + plan->scratch_bytes;
    plan->context = context;
    plan->batch = batch;
    return QN_OK;
}

static void set_places(struct qn_session *session, const struct layout *layout) {
    uint8_t *block = session->block;
    struct scratch *scratch = &session->scratch;
    scratch->x = (float *)(void *)(block + layout->x);
    scratch->h = (float *)(void *)(block + layout->h);
    scratch->out = (float *)(void *)(block + layout->out);
    scratch->query = (float *)(void *)(block + layout->query);
    scratch->key = (float *)(void *)(block + layout->key);
    scratch->value = (float *)(void *)(block + layout->value);
    scratch->mixed = (float *)(void *)(block + layout->mixed);
    scratch->projected = (float *)(void *)(block + layout->projected);
    scratch->gate = (float *)(void *)(block + layout->gate);
    scratch->up = (float *)(void *)(block + layout->up);
    scratch->per_layer = (float *)(void *)(block + layout->per_layer);
    scratch->per_layer_rows = (float *)(void *)(block + layout->per_layer_rows);
    scratch->streams = (float *)(void *)(block + layout->streams);
    scratch->laurel = (float *)(void *)(block + layout->laurel);
    scratch->angles = (float *)(void *)(block + layout->angles);
    scratch->inverse = (double *)(void *)(block + layout->inverse);
    scratch->quantized = block + layout->quantized;
    scratch->panels = block + layout->panels;
    scratch->attention = (float *)(void *)(block + layout->attention);
    scratch->pooled = (float *)(void *)(block + layout->pooled);
    scratch->panel_bytes = (size_t)layout->panel_bytes;
    scratch->attention_floats = (size_t)layout->attention_floats;
    scratch->experts = (struct expert_scratch){.scores = (float *)(void *)(block + layout->scores),
                                               .weights = (float *)(void *)(block + layout->weights),
                                               .shared = (float *)(void *)(block + layout->shared),
                                               .chosen = (uint32_t *)(void *)(block + layout->chosen),
                                               .slots = (uint32_t *)(void *)(block + layout->slots),
                                               .rows = (uint32_t *)(void *)(block + layout->rows),
                                               .which = (uint32_t *)(void *)(block + layout->which),
                                               .starts = (uint32_t *)(void *)(block + layout->starts),
                                               .next = (uint32_t *)(void *)(block + layout->next)};
    session->tokens = (int32_t *)(void *)(block + layout->tokens);
    session->wants = block + layout->wants;
    session->state = block + layout->state;
    session->kv.pages = (uint8_t **)(void *)(block + layout->pages);
    session->kv.layer_start = (size_t *)(void *)(block + layout->layer_start);
    sampler_init(&session->sampler, (struct candidate *)(void *)(block + layout->candidates),
                 (int32_t *)(void *)(block + layout->recent));
}

int32_t qn_model_cache(qn_model *model, uint32_t cache) {
    if (model->stage == STAGE_DIRECTORY || model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the cache is chosen after the directory");
    }
    const struct hparams *hparams = &model->hparams;
    if (cache > QN_CACHE_Q8_0) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "there is no cache %u", cache);
    }
    if (cache == QN_CACHE_Q8_0 && (hparams->head_dim_k % 32 != 0 || hparams->head_dim_v % 32 != 0)) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "a q8_0 cache has blocks of 32; keys of %u and values of %u do not fill them",
                         hparams->head_dim_k, hparams->head_dim_v);
    }
    model->cache = cache;
    return QN_OK;
}

void session_take_angles(struct qn_session *session) {
    if (!session->has_angles && model_has(session->model, PHASE_EMBEDDING)) {
        rope_inverses(session->model, session->context, session->scratch.inverse);
        session->has_angles = true;
    }
}

qn_session *qn_session_new(qn_model *model, uint32_t context, uint32_t batch) {
    if (model->stage != STAGE_TENSORS && model->stage != STAGE_READY) {
        error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "a session needs a model that has been placed");
        return NULL;
    }
    if (choose_sizes(model, &context, &batch) != QN_OK) {
        return NULL;
    }
    if (kv_page_bytes(&model->hparams, model->cache) > SIZE_MAX) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                  "a page of the KV cache takes %llu bytes, more than a 32-bit module can address",
                  (unsigned long long)kv_page_bytes(&model->hparams, model->cache));
        return NULL;
    }
    const struct layout layout = layout_of(model, context, batch);
    struct qn_session *session = block_take(sizeof(*session));
    if (session) {
        memset(session, 0, sizeof(*session));
        session->block = layout.bytes <= SIZE_MAX ? block_take((size_t)layout.bytes) : NULL;
    }
    if (session == NULL || session->block == NULL) {
        block_give(session);
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                  "the host refused %llu bytes for a session of %u tokens in batches of %u",
                  (unsigned long long)layout.bytes, context, batch);
        return NULL;
    }
    session->model = model;
    session->context = context;
    session->batch = batch;
    memset(session->block, 0, (size_t)layout.bytes);
    set_places(session, &layout);
    session->state_bytes = (size_t)state_block_bytes(&model->hparams);
    session->kv.form = model->cache;
    kv_init(&session->kv, &model->hparams, kv_pages_for(context));
    session_take_angles(session);
    return session;
}

void qn_session_free(qn_session *session) {
    if (session == NULL) {
        return;
    }
    session_restore_end(session);
    kv_free(&session->kv);
    sampler_free(&session->sampler);
    block_give(session->scratch.logits);
    block_give(session->block);
    block_give(session);
}

int session_room_for_logits(struct qn_session *session, uint32_t rows) {
    if (rows <= session->n_rows) {
        return QN_OK;
    }
    const uint64_t bytes = (uint64_t)rows * session->model->hparams.n_vocab * sizeof(float);
    float *logits = bytes <= SIZE_MAX ? block_take((size_t)bytes) : NULL;
    if (logits == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "the host refused %llu bytes for %u rows of logits",
                         (unsigned long long)bytes, rows);
    }
    block_give(session->scratch.logits);
    session->scratch.logits = logits;
    session->n_rows = rows;
    session->rows = 0;
    return QN_OK;
}

int session_queue(struct qn_session *session, const int32_t *ids, size_t count, uint32_t logits) {
    if (count > session->context - session->fed) {
        return error_set(&last_error, QN_ERR_CONTEXT, QN_NO_OFFSET,
                         "%zu tokens do not fit: %u of the context's %u are taken", count, session->fed,
                         session->context);
    }
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= session->model->hparams.n_vocab) {
            return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "token %d is not in the vocabulary of %u",
                             ids[i], session->model->hparams.n_vocab);
        }
    }
    session_restore_end(session);
    const uint32_t most = session->batch < LOGIT_ROWS ? session->batch : LOGIT_ROWS;
    const int status =
        logits == QN_LOGITS_NONE ? QN_OK : session_room_for_logits(session, logits == QN_LOGITS_ALL ? most : 1);
    if (status != QN_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        session->tokens[session->fed] = ids[i];
        session->wants[session->fed] = logits == QN_LOGITS_ALL || (logits == QN_LOGITS_LAST && i + 1 == count);
        session->fed++;
    }
    return QN_OK;
}

int32_t qn_session_feed(qn_session *session, const int32_t *ids, size_t count, uint32_t logits) {
    if (qn_model_is_encoder(session->model)) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "this %s model reads a whole text at once and gives embeddings: it writes no text. Ask it for "
                         "an embedding instead (qn_session_embed)",
                         session->model->hparams.architecture->name);
    }
    session->embeds = false;
    return session_queue(session, ids, count, logits);
}

static int begin_batch(struct qn_session *session) {
    if (!model_has(session->model, PHASE_EMBEDDING)) {
        return QN_WAIT;
    }
    session_take_angles(session);
    const uint32_t queued = session->fed - session->position;
    const uint32_t n = queued < session->batch ? queued : session->batch;
    const int status = kv_grow(&session->kv, session->position + n, &last_error);
    if (status != QN_OK) {
        return status;
    }
    state_keep(session, n);
    session->n_batch = n;
    session->next = 0;
    session->stage = SESSION_LAYERS;
    forward_embed(session);
    return QN_OK;
}

static int run_layers(struct qn_session *session) {
    const uint32_t n_layer = session->model->hparams.n_layer;
    if (!model_has(session->model, PHASE_LAYER(session->next))) {
        return QN_WAIT;
    }
    uint32_t layers = session->n_batch == 1 ? n_layer : STEP_TOKEN_LAYERS / session->n_batch;
    layers = layers ? layers : 1;
    while (layers-- && session->next < n_layer && model_has(session->model, PHASE_LAYER(session->next))) {
        forward_layer(session, session->next++);
    }
    if (session->next == n_layer) {
        session->stage = SESSION_OUTPUT;
        session->next = 0;
    }
    return QN_OK;
}

static void end_batch(struct qn_session *session) {
    session->position += session->n_batch;
    state_advance(session);
    session->stage = SESSION_IDLE;
}

/* Logits of the next tokens that want them, as many as there is room for; or embeddings. */
static int run_output(struct qn_session *session) {
    if (!model_has(session->model, PHASE_OUTPUT(&session->model->hparams))) {
        return QN_WAIT;
    }
    if (session->embeds) {
        session->embeddings = embed_output(session);
        end_batch(session);
        return QN_OK;
    }
    uint32_t which[LOGIT_ROWS];
    uint32_t count = 0;
    while (session->next < session->n_batch) {
        if (session->wants[session->position + session->next]) {
            if (count == session->n_rows) {
                break;
            }
            which[count++] = session->next;
        }
        session->next++;
    }
    if (count) {
        forward_output(session, which, count);
    }
    session->rows = count;
    if (session->next == session->n_batch) {
        end_batch(session);
    }
    return QN_OK;
}

int32_t qn_session_step(qn_session *session) {
    if (session->model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model failed to load");
    }
    if (session->stage == SESSION_IDLE && session->position == session->fed) {
        return QN_OK;
    }
    session->rows = 0;
    session->embeddings = 0;
    int status = session->stage == SESSION_IDLE ? begin_batch(session) : QN_OK;
    if (status == QN_OK && session->stage == SESSION_LAYERS) {
        status = run_layers(session);
    }
    if (status == QN_OK && session->stage == SESSION_OUTPUT) {
        status = run_output(session);
    }
    if (status != QN_OK) {
        return status;
    }
    return session->stage == SESSION_IDLE && session->position == session->fed ? QN_OK : QN_MORE;
}

uint32_t qn_session_layers(const qn_session *session) {
    return session->stage == SESSION_LAYERS   ? session->next
           : session->stage == SESSION_OUTPUT ? session->model->hparams.n_layer
                                              : 0;
}

uint32_t qn_session_rows(const qn_session *session) {
    return session->embeddings ? session->embeddings : session->rows;
}

const float *qn_session_logits(const qn_session *session, uint32_t row) {
    return row < session->rows ? session->scratch.logits + (size_t)row * session->model->hparams.n_vocab : NULL;
}

uint32_t qn_session_position(const qn_session *session) {
    return session->position < session->again ? session->again : session->position;
}

void session_take_up(struct qn_session *session, uint32_t position, uint32_t tokens) {
    session->position = position;
    session->again = tokens;
    session->fed = tokens;
    session->stage = SESSION_IDLE;
    session->rows = 0;
    session->embeds = false;
    session->embeddings = 0;
    memset(session->wants + position, 0, tokens - position);
}

int32_t qn_session_rewind(qn_session *session, uint32_t position) {
    const uint32_t kept = qn_session_position(session);
    if (position > kept) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "cannot rewind to position %u: %u tokens are computed", position, kept);
    }
    session_take_up(session, state_rewind(session, position), position);
    return QN_OK;
}

int32_t qn_session_sampling(qn_session *session, const struct qn_sampling *sampling, const struct qn_bias *biases,
                            size_t count) {
    return sampler_set(&session->sampler, sampling, biases, count, session->model->hparams.n_vocab, &last_error);
}

int32_t qn_session_sample(qn_session *session) {
    if (session->rows == 0) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "no logits to sample from: feed with QN_LOGITS_LAST and step until QN_OK");
    }
    const float *logits = qn_session_logits(session, session->rows - 1);
    return sampler_draw(&session->sampler, logits, session->model->hparams.n_vocab, session->tokens, session->position);
}
