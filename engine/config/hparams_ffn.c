/* Hyperparameters of the feed-forward halves: dense networks and mixtures of experts. */
#include "engine/config/metadata.h"
#include "platform/error.h"

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static int read_gating(struct reader *reader, struct expert_hparams *experts) {
    uint32_t gating = experts->gating;
    const int status = read_u32(reader, "expert_gating_func", 0, GATING_CHOSEN, &gating);
    experts->gating = gating == GATING_NONE ? GATING_SOFTMAX : (enum gating)gating;
    return status;
}

static int read_weights(struct reader *reader, struct expert_hparams *experts) {
    reader_find(reader, "expert_weights_norm");
    const int status = gguf_bool(reader->gguf, reader->key, &experts->normed, reader->error);
    return status < 0 ? status : read_optional_f32(reader, "expert_weights_scale", &experts->scale);
}

static int read_widths(struct reader *reader, struct hparams *hparams, uint32_t n_ff) {
    struct expert_hparams *experts = &hparams->experts;
    const struct architecture *row = hparams->architecture;
    int status = read_u32(reader, "expert_feed_forward_length", 0, MAX_WIDTH, &experts->n_ff);
    if (status == QN_OK && experts->n_ff == 0) {
        experts->n_ff = row->experts.share_width ? n_ff / experts->n_used : n_ff;
    }
    if (status == QN_OK && experts->n_ff == 0) {
        return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "%u chosen experts share a width of %u",
                         experts->n_used, n_ff);
    }
    if (status == QN_OK && (row->experts.shared == SHARED_EXPERT_WIDTH || row->experts.shared == SHARED_EXPERT_GATED)) {
        experts->n_ff_shared = row->experts.shared == SHARED_EXPERT_GATED ? n_ff : 0;
        status = read_u32(reader, "expert_shared_feed_forward_length", 0, MAX_WIDTH, &experts->n_ff_shared);
    }
    if (status == QN_OK && row->experts.shared == SHARED_EXPERT_COUNT) {
        uint32_t count = 0;
        status = read_u32(reader, "expert_shared_count", 0, MAX_WIDTH / experts->n_ff, &count);
        experts->n_ff_shared = count * experts->n_ff;
    }
    return status;
}

/* In a model with experts. */
static int read_experts(struct reader *reader, struct hparams *hparams) {
    struct expert_hparams *experts = &hparams->experts;
    const struct architecture *row = hparams->architecture;
    experts->gating = row->experts.gating == GATING_NONE ? GATING_SOFTMAX : row->experts.gating;
    experts->normed = row->experts.normalized;
    experts->scale = 1.0f;
    int status = read_u32(reader, "expert_used_count", 1, experts->n_expert, &experts->n_used);
    if (status == QN_OK) {
        status = read_u32(reader, "leading_dense_block_count", 0, hparams->n_layer, &experts->n_dense);
    }
    uint32_t groups = 0;
    if (status == QN_OK) {
        status = read_u32(reader, "expert_group_count", 0, MAX_EXPERTS, &groups);
    }
    if (status == QN_OK && groups > 1) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, reader_offset(reader),
                         "%s is %u; this build runs experts without groups", reader->key, groups);
    }
    if (status == QN_OK && row->experts.gating_from_file) {
        status = read_gating(reader, experts);
    }
    return status == QN_OK && row->experts.weights_from_file ? read_weights(reader, experts) : status;
}

int hparams_read_feed(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    struct expert_hparams *experts = &hparams->experts;
    const enum expert_use use = hparams->architecture->experts.use;
    const uint32_t n = hparams->n_layer;
    int status = QN_OK;
    if (hparams->architecture->ffn.none) {
        for (uint32_t i = 0; i < n; i++) {
            layers[i].ffn = FFN_NONE;
        }
        return QN_OK;
    }
    if (use != EXPERTS_NEVER) {
        experts->n_expert = use == EXPERTS_REQUIRED ? MAX_EXPERTS + 1 : 0; /* which is no default */
        status = read_u32(reader, "expert_count", use == EXPERTS_REQUIRED ? 1 : 0, MAX_EXPERTS, &experts->n_expert);
    }
    if (experts->n_expert == 1 && use != EXPERTS_REQUIRED) { /* as llama.cpp has it */
        experts->n_expert = 0;
    }
    if (status == QN_OK && experts->n_expert) {
        status = read_experts(reader, hparams);
    }
    const uint32_t fallback = experts->n_expert ? 1 : 0; /* may be left out where no layer is dense */
    if (status == QN_OK) {
        status = read_layers(reader, "feed_forward_length", 1, MAX_WIDTH, fallback, layers, n,
                             offsetof(struct layer_hparams, n_ff));
    }
    if (status == QN_OK && experts->n_expert) {
        status = read_widths(reader, hparams, layers[0].n_ff);
    }
    if (status != QN_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n; i++) {
        layers[i].ffn = experts->n_expert && i >= experts->n_dense ? FFN_EXPERTS : FFN_DENSE;
        hparams->max_ff = layers[i].ffn == FFN_DENSE ? larger(hparams->max_ff, layers[i].n_ff) : hparams->max_ff;
    }
    if (experts->n_expert) {
        const uint32_t widest = larger(experts->n_ff, hparams->n_embd);
        hparams->max_ff = larger(hparams->max_ff, larger(experts->n_used * widest, experts->n_ff_shared));
    }
    return QN_OK;
}
