#include "engine/state/layout.h"

#include "engine/pool/pool.h"
#include "engine/state/recurrent.h"

/* The next `count` elements of `size` bytes, in whole cache lines. Every count and size is bounded by hparams.h and
 * session.h such that no sum or product here passes 2^60. */
static uint64_t place(struct layout *layout, uint64_t count, uint64_t size) {
    const uint64_t at = layout->bytes;
    layout->bytes += (count * size + 63) / 64 * 64;
    return at;
}

static void place_groups(struct layout *layout, const struct hparams *hparams, uint64_t batch) {
    const struct expert_hparams *experts = &hparams->experts;
    const uint64_t pairs = batch * experts->n_used;
    const uint64_t heads = hparams->latent.n_latent ? hparams->max_head : 0;
    const uint64_t groups = heads > experts->n_expert ? heads : experts->n_expert;
    layout->scores = place(layout, batch * experts->n_expert, sizeof(float));
    layout->weights = place(layout, pairs, sizeof(float));
    layout->shared = place(layout, batch, sizeof(float));
    layout->chosen = place(layout, pairs, sizeof(uint32_t));
    layout->slots = place(layout, pairs, sizeof(uint32_t));
    layout->rows = place(layout, heads * batch > pairs ? heads * batch : pairs, sizeof(uint32_t));
    layout->which = place(layout, groups, sizeof(uint32_t));
    layout->starts = place(layout, groups + 1, sizeof(uint32_t));
    layout->next = place(layout, experts->n_expert, sizeof(uint32_t));
}

struct layout layout_of(const struct qn_model *model, uint32_t context, uint32_t batch) {
    const struct hparams *hparams = &model->hparams;
    struct layout layout = {.quantized_bytes = model->tensors.quantized_bytes,
                            .panel_bytes = model->tensors.panel_bytes};
    const uint64_t workers = pool_workers();
    layout.attention_floats = attention_scratch(hparams, model->cache, context);
    layout.x = place(&layout, (uint64_t)batch * hparams->n_embd, sizeof(float));
    layout.h = place(&layout, (uint64_t)batch * hparams->n_embd, sizeof(float));
    layout.out = place(&layout, (uint64_t)batch * hparams->n_embd, sizeof(float));
    layout.query = place(&layout, (uint64_t)batch * hparams->max_head * hparams->head_dim_k, sizeof(float));
    layout.key = place(&layout, (uint64_t)batch * hparams->max_head_kv * hparams->head_dim_k, sizeof(float));
    layout.value = place(&layout, (uint64_t)batch * hparams->max_head_kv * hparams->head_dim_v, sizeof(float));
    const uint64_t attended = (uint64_t)hparams->max_head * hparams->head_dim_v;
    const uint64_t mixed = hparams->recurrent.mixed;
    layout.mixed = place(&layout, batch * (attended > mixed ? attended : mixed), sizeof(float));
    const bool gated = hparams->architecture->attention.gated;
    const uint64_t queries = gated ? 2 * (uint64_t)hparams->max_head * hparams->head_dim_k : 0;
    const uint64_t projected = hparams->recurrent.projected;
    layout.projected = place(&layout, batch * (queries > projected ? queries : projected), sizeof(float));
    layout.gate = place(&layout, (uint64_t)batch * hparams->max_ff, sizeof(float));
    layout.up = place(&layout, (uint64_t)batch * hparams->max_ff, sizeof(float));
    layout.angles = place(&layout, (uint64_t)batch * ROPE_SETS * hparams->n_rot, sizeof(float));
    layout.inverse = place(&layout, ROPE_SETS * hparams->n_rot / 2, sizeof(double));
    layout.quantized = place(&layout, batch, layout.quantized_bytes);
    layout.panels = place(&layout, workers, layout.panel_bytes);
    layout.attention = place(&layout, workers * layout.attention_floats, sizeof(float));
    layout.pooled = place(&layout, (uint64_t)hparams->n_embd + hparams->n_dense, sizeof(float));
    if (hparams->experts.n_expert || hparams->latent.n_latent) {
        place_groups(&layout, hparams, batch);
    }
    const uint64_t per_layer = (uint64_t)hparams->n_layer * hparams->n_per_layer;
    layout.per_layer = place(&layout, batch * per_layer, sizeof(float));
    layout.per_layer_rows = place(&layout, workers * per_layer, sizeof(float));
    layout.streams = place(&layout, (uint64_t)batch * hparams->n_altup * hparams->n_embd, sizeof(float));
    layout.laurel = place(&layout, hparams->n_altup ? (uint64_t)batch * hparams->n_embd : 0, sizeof(float));
    layout.tokens = place(&layout, context, sizeof(int32_t));
    layout.wants = place(&layout, context, sizeof(uint8_t));
    layout.recent = place(&layout, context, sizeof(int32_t));
    layout.candidates = place(&layout, hparams->n_vocab, sizeof(struct candidate));
    layout.pages = place(&layout, kv_pages_for(context), sizeof(uint8_t *));
    layout.state = place(&layout, state_block_bytes(hparams), 1);
    layout.layer_start = place(&layout, hparams->n_layer, sizeof(size_t));
    return layout;
}
