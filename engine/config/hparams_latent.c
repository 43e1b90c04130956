/* Hyperparameters of multi-head latent attention. */
#include "engine/config/metadata.h"
#include "platform/error.h"

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static int read_sizes(struct reader *reader, struct hparams *hparams) {
    struct latent_hparams *latent = &hparams->latent;
    latent->head_dim_k = 0;
    int status = read_u32(reader, "attention.kv_lora_rank", 1, MAX_WIDTH, &latent->n_latent);
    if (status == QN_OK) {
        status = read_u32(reader, "attention.q_lora_rank", 0, MAX_WIDTH, &latent->n_query);
    }
    if (status == QN_OK) {
        status = read_u32(reader, "attention.key_length_mla", 0, MAX_WIDTH, &latent->head_dim_k);
    }
    latent->absorbed = latent->head_dim_k > 0;
    latent->head_dim_v = latent->absorbed ? 0 : hparams->head_dim_v;
    if (!latent->absorbed) {
        latent->head_dim_k = hparams->head_dim_k;
    }
    if (status == QN_OK && latent->absorbed) {
        status = read_u32(reader, "attention.value_length_mla", 1, MAX_WIDTH, &latent->head_dim_v);
    }
    return status;
}

/* What the cache holds must be what the sizes make. */
static int check_sizes(struct reader *reader, const struct hparams *hparams) {
    const struct latent_hparams *latent = &hparams->latent;
    const bool fits = !latent->absorbed || (hparams->head_dim_k == latent->n_latent + hparams->n_rot &&
                                            hparams->head_dim_v == latent->n_latent && hparams->max_head_kv == 1);
    if (latent->head_dim_k <= hparams->n_rot || !fits ||
        (uint64_t)hparams->max_head * larger(latent->head_dim_k, latent->head_dim_v) > MAX_WIDTH) {
        return error_set(
            reader->error, QN_ERR_FORMAT, QN_NO_OFFSET,
            "latent attention: heads of %u and %u with %u rotated, of a vector of %u; %u KV heads of %u and "
            "%u do not fit them",
            latent->head_dim_k, latent->head_dim_v, hparams->n_rot, latent->n_latent, hparams->max_head_kv,
            hparams->head_dim_k, hparams->head_dim_v);
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        if (!latent->absorbed && hparams->layers[i].n_head != hparams->layers[i].n_head_kv) {
            return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                             "latent attention of %u heads in layer %u has %u KV heads", hparams->layers[i].n_head, i,
                             hparams->layers[i].n_head_kv);
        }
    }
    if (hparams->attention_temperature > 0.0f) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "latent attention with a temperature is not run by this build");
    }
    return QN_OK;
}

int hparams_read_latent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    struct latent_hparams *latent = &hparams->latent;
    int status = read_sizes(reader, hparams);
    if (status == QN_OK) {
        status = check_sizes(reader, hparams);
    }
    if (status != QN_OK) {
        return status;
    }
    latent->n_plain = latent->head_dim_k - hparams->n_rot;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].kind = LAYER_LATENT;
    }
    const double magnitude = (double)hparams->rope.sets[0].magnitude * (1.0 + (double)hparams->rope.stretch);
    hparams->attention_scale = (float)(magnitude * magnitude / (double)__builtin_sqrtf((float)latent->head_dim_k));
    /* places that engine/layers/latent_attention.c takes of the feed-forward network */
    const uint32_t each = larger(larger(latent->head_dim_k, latent->n_latent), latent->n_plain + latent->head_dim_v);
    hparams->max_ff = larger(hparams->max_ff, larger(hparams->max_head * each, latent->n_query));
    hparams->max_ff = larger(hparams->max_ff, latent->n_latent + hparams->n_rot);
    return QN_OK;
}
