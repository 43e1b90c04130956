/* Sizes of a session: its limits, the layout of its memory, and the plan that a host sees before any is taken. */
#include "engine/session/plan.h"

#include "engine/layers/attend.h"
#include "engine/pool/pool.h"
#include "engine/state/recurrent_state.h"
#include "platform/error.h"

int plan_sizes(const struct qn_model *model, uint32_t *context, uint32_t *batch) {
    *context = *context ? *context : model->hparams.n_ctx_train;
    *batch = *batch ? *batch : DEFAULT_BATCH;
    if (*context > MAX_CONTEXT || *batch > MAX_BATCH) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "a context of %u tokens and a batch of %u were requested; the limits are %u and %u", *context,
                         *batch, MAX_CONTEXT, MAX_BATCH);
    }
    if (model->tensors.positions.kernels && *context > model->hparams.n_ctx_train) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "a context of %u tokens was requested; the model has learned %u positions", *context,
                         model->hparams.n_ctx_train);
    }
    *batch = *batch < *context && !model->hparams.bidirectional ? *batch : *context;
    return QN_OK;
}

struct layout {
    uint8_t *block;
    uint64_t bytes; /* used so far */
};

/* The next `count` elements of `size` bytes, in whole cache lines. hparams.h and plan.h bound every count and size such
 * that no sum or product here exceeds 2^60. */
static void *take(struct layout *layout, uint64_t count, uint64_t size) {
    uint8_t *at = layout->block ? layout->block + (size_t)layout->bytes : NULL;
    layout->bytes += (count * size + 63) / 64 * 64;
    return at;
}

static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

static void take_experts(struct layout *layout, struct expert_scratch *scratch, const struct hparams *hparams,
                         uint64_t batch) {
    const struct expert_hparams *experts = &hparams->experts;
    const uint64_t slots = batch * experts->n_used;
    const uint64_t heads = hparams->latent.n_latent ? hparams->max_head : 0;
    const uint64_t groups = larger(heads, experts->n_expert);
    scratch->scores = take(layout, batch * experts->n_expert, sizeof(float));
    scratch->weights = take(layout, slots, sizeof(float));
    scratch->shared_gate = take(layout, batch, sizeof(float));
    scratch->chosen = take(layout, slots, sizeof(uint32_t));
    scratch->slots = take(layout, slots, sizeof(uint32_t));
    scratch->slot_row = take(layout, larger(heads * batch, slots), sizeof(uint32_t));
    scratch->group_matrix = take(layout, groups, sizeof(uint32_t));
    scratch->group_start = take(layout, groups + 1, sizeof(uint32_t));
    scratch->next_slot = take(layout, experts->n_expert, sizeof(uint32_t));
}

static void take_attention(struct layout *layout, struct scratch *scratch, const struct hparams *hparams,
                           uint64_t batch) {
    const struct recurrent_hparams *recurrent = &hparams->recurrent;
    const bool gated = hparams->architecture->attention.gated;
    const uint64_t gates = gated ? 2 * (uint64_t)hparams->max_head * hparams->head_dim_k : 0;
    scratch->query = take(layout, batch * hparams->max_head * hparams->head_dim_k, sizeof(float));
    scratch->key = take(layout, batch * hparams->max_head_kv * hparams->head_dim_k, sizeof(float));
    scratch->value = take(layout, batch * hparams->max_head_kv * hparams->head_dim_v, sizeof(float));
    scratch->mixed = take(layout, batch * larger((uint64_t)hparams->max_head * hparams->head_dim_v, recurrent->mixed),
                          sizeof(float));
    scratch->projected = take(layout, batch * larger(gates, recurrent->projected), sizeof(float));
    scratch->angles = take(layout, batch * ROPE_SETS * hparams->n_rot, sizeof(float));
    scratch->rope_freqs = take(layout, ROPE_SETS * hparams->n_rot / 2, sizeof(double));
}

static void take_scratch(struct layout *layout, struct scratch *scratch, const struct qn_session *session) {
    const struct tensors *tensors = &session->model->tensors;
    const struct hparams *hparams = &session->model->hparams;
    const uint64_t batch = session->batch;
    const uint64_t workers = pool_workers();
    const uint64_t attention_floats = attention_scratch_floats(hparams, session->kv.format, session->context);
    const uint64_t per_layer = (uint64_t)hparams->n_layer * hparams->n_per_layer;
    scratch->x = take(layout, batch * hparams->n_embd, sizeof(float));
    scratch->h = take(layout, batch * hparams->n_embd, sizeof(float));
    scratch->out = take(layout, batch * hparams->n_embd, sizeof(float));
    take_attention(layout, scratch, hparams, batch);
    scratch->gate = take(layout, batch * hparams->max_ff, sizeof(float));
    scratch->up = take(layout, batch * hparams->max_ff, sizeof(float));
    scratch->quantized = take(layout, batch, tensors->quantized_bytes);
    scratch->panels = take(layout, workers, tensors->panel_bytes);
    scratch->attention = take(layout, workers * attention_floats, sizeof(float));
    scratch->pooled = take(layout, (uint64_t)hparams->n_embd + hparams->n_dense, sizeof(float));
    scratch->panel_bytes = (size_t)tensors->panel_bytes;
    scratch->attention_floats = (size_t)attention_floats;
    if (hparams->experts.n_expert || hparams->latent.n_latent) {
        take_experts(layout, &scratch->experts, hparams, batch);
    }
    scratch->per_layer = take(layout, batch * per_layer, sizeof(float));
    scratch->per_layer_rows = take(layout, workers * per_layer, sizeof(float));
    scratch->streams = take(layout, batch * hparams->n_altup * hparams->n_embd, sizeof(float));
    scratch->laurel = take(layout, hparams->n_altup ? batch * hparams->n_embd : 0, sizeof(float));
}

uint64_t plan_layout(struct qn_session *session, uint8_t *block) {
    const struct hparams *hparams = &session->model->hparams;
    struct layout layout = {block, 0};
    take_scratch(&layout, &session->scratch, session);
    session->tokens = take(&layout, session->context, sizeof(int32_t));
    session->wants_logits = take(&layout, session->context, sizeof(uint8_t));
    session->sampler.recent = take(&layout, session->context, sizeof(int32_t));
    session->sampler.candidates = take(&layout, hparams->n_vocab, sizeof(struct candidate));
    session->kv.pages = take(&layout, kv_pages_for(session->context), sizeof(uint8_t *));
    session->kv.layer_start = take(&layout, hparams->n_layer, sizeof(size_t));
    session->recurrent_bytes = (size_t)recurrent_state_bytes(hparams);
    session->recurrent = take(&layout, recurrent_state_bytes(hparams), 1);
    session->block = block;
    return layout.bytes;
}

int32_t qn_model_plan(qn_model *model, uint32_t context, uint32_t batch, struct qn_plan *plan) {
    if (!model_has_directory(model)) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "a plan needs the model's directory");
    }
    const int status = plan_sizes(model, &context, &batch);
    if (status != QN_OK) {
        return status;
    }
    struct qn_session session = {.model = model, .context = context, .batch = batch, .kv.format = model->cache};
    memset(plan, 0, sizeof(*plan));
    plan->tensor_bytes = model->gguf.data_bytes;
    plan->metadata_bytes = model->arena.used + sizeof(*model);
    for (uint32_t i = 0; i < model->n_splits; i++) {
        plan->file_bytes += model->splits[i].gguf.data_offset + model->splits[i].gguf.data_bytes;
        plan->metadata_bytes += model->splits[i].head_bytes;
    }
    plan->kv_page_bytes = kv_page_bytes(&model->hparams, model->cache);
    plan->kv_page_tokens = KV_TILE;
    plan->kv_bytes = plan->kv_page_bytes * kv_pages_for(context);
    plan->scratch_bytes = sizeof(struct qn_session) + plan_layout(&session, NULL) +
                          (qn_model_is_encoder(model) ? 0 : model->hparams.n_vocab * (uint64_t)sizeof(float));
    plan->total_bytes = plan->tensor_bytes + plan->metadata_bytes + plan->kv_bytes + plan->scratch_bytes;
    plan->context = context;
    plan->batch = batch;
    return QN_OK;
}

int32_t qn_model_order(qn_model *model, uint32_t order) {
    _Static_assert((int)QN_ORDER_DISTANT == (int)GEMV_DISTANT, "");
    _Static_assert((int)QN_ORDER_DISTANT_PREFETCH == (int)GEMV_DISTANT_PREFETCH, "");
    if (order >= GEMV_ORDERS) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "there is no order %u of reading weights", order);
    }
    model->order = order;
    return QN_OK;
}

int32_t qn_model_cache(qn_model *model, uint32_t cache) {
    if (!model_has_directory(model)) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "choosing the cache needs the model's directory");
    }
    const struct hparams *hparams = &model->hparams;
    if (cache > QN_CACHE_Q8_0) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "there is no cache format %u", cache);
    }
    if (cache == QN_CACHE_Q8_0 && (hparams->head_dim_k % 32 != 0 || hparams->head_dim_v % 32 != 0)) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "a q8_0 cache stores blocks of 32; keys of %u and values of %u do not fill them",
                         hparams->head_dim_k, hparams->head_dim_v);
    }
    model->cache = cache;
    return QN_OK;
}
