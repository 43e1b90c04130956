/* Hyperparameters of dense feed-forward networks and mixtures of experts. */
#include "engine/config/hparams_ffn.h"

static void read_gating(struct reader *reader, enum gating *gating) {
    uint32_t number = *gating;
    reader_u32(reader, "expert_gating_func", 0, GATING_CHOSEN, &number);
    *gating = number == GATING_NONE ? GATING_SOFTMAX : (enum gating)number;
}

/* The choice and weighting of experts, in a model that has some. */
static void read_experts(struct reader *reader, struct hparams *hparams) {
    struct expert_hparams *experts = &hparams->experts;
    const struct architecture *row = hparams->architecture;
    experts->gating = row->experts.gating == GATING_NONE ? GATING_SOFTMAX : row->experts.gating;
    experts->normalized = row->experts.normalized;
    experts->scale = 1.0f;
    reader_u32(reader, "expert_used_count", 1, experts->n_expert, &experts->n_used);
    reader_u32(reader, "leading_dense_block_count", 0, hparams->n_layer, &experts->n_dense);
    uint32_t groups = 0;
    reader_u32(reader, "expert_group_count", 0, MAX_EXPERTS, &groups);
    if (groups > 1) {
        reader_fail(reader, QN_ERR_UNSUPPORTED, reader_offset(reader), "%s is %u; expert groups are not supported",
                    reader->key, groups);
    }
    if (row->experts.gating_from_file) {
        read_gating(reader, &experts->gating);
    }
    if (row->experts.weights_from_file) {
        reader_bool(reader, "expert_weights_norm", &experts->normalized);
        reader_optional_f32(reader, "expert_weights_scale", &experts->scale);
    }
}

static void read_shared_width(struct reader *reader, const struct architecture *row, uint32_t n_ff,
                              struct expert_hparams *experts) {
    uint32_t count = 0;
    switch (row->experts.shared) {
    case SHARED_EXPERT_NONE:
        break;
    case SHARED_EXPERT_GATED:
        experts->n_ff_shared = n_ff;
        reader_u32(reader, "expert_shared_feed_forward_length", 0, MAX_WIDTH, &experts->n_ff_shared);
        break;
    case SHARED_EXPERT_WIDTH:
        reader_u32(reader, "expert_shared_feed_forward_length", 0, MAX_WIDTH, &experts->n_ff_shared);
        break;
    case SHARED_EXPERT_COUNT:
        reader_u32(reader, "expert_shared_count", 0, MAX_WIDTH / experts->n_ff, &count);
        experts->n_ff_shared = count * experts->n_ff;
        break;
    }
}

static void read_expert_widths(struct reader *reader, const struct architecture *row, uint32_t n_ff,
                               struct expert_hparams *experts) {
    reader_u32(reader, "expert_feed_forward_length", 0, MAX_WIDTH, &experts->n_ff);
    if (experts->n_ff == 0) {
        experts->n_ff = row->experts.share_width ? n_ff / experts->n_used : n_ff;
    }
    if (experts->n_ff == 0) {
        reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET, "%u chosen experts cannot share a width of %u",
                    experts->n_used, n_ff);
        return;
    }
    read_shared_width(reader, row, n_ff, experts);
}

static void read_expert_count(struct reader *reader, struct hparams *hparams) {
    const bool required = hparams->architecture->experts.use == EXPERTS_REQUIRED;
    uint32_t *count = &hparams->experts.n_expert;
    *count = required ? NO_DEFAULT : 0;
    reader_u32(reader, "expert_count", required ? 1 : 0, MAX_EXPERTS, count);
    if (*count == 1 && !required) { /* a dense model, as in llama.cpp */
        *count = 0;
    }
}

void hparams_read_ffn(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    struct expert_hparams *experts = &hparams->experts;
    const struct architecture *row = hparams->architecture;
    if (row->ffn.none) {
        for (uint32_t i = 0; i < hparams->n_layer; i++) {
            layers[i].ffn = FFN_NONE;
        }
        return;
    }
    if (row->experts.use != EXPERTS_NEVER) {
        read_expert_count(reader, hparams);
    }
    if (experts->n_expert) {
        read_experts(reader, hparams);
    }
    layers[0].n_ff = experts->n_expert ? 1 : 0; /* a model without dense layers may omit the width */
    reader_layers(reader, "feed_forward_length", 1, MAX_WIDTH, &layers[0].n_ff, sizeof(layers[0]), hparams->n_layer);
    if (experts->n_expert) {
        read_expert_widths(reader, row, layers[0].n_ff, experts);
        const uint32_t widest = max_u32(experts->n_ff, hparams->n_embd);
        hparams->max_ff = max_u32(experts->n_used * widest, experts->n_ff_shared);
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].ffn = experts->n_expert && i >= experts->n_dense ? FFN_EXPERTS : FFN_DENSE;
        if (layers[i].ffn == FFN_DENSE) {
            hparams->max_ff = max_u32(hparams->max_ff, layers[i].n_ff);
        }
    }
}
