/* Hyperparameters of multi-head latent attention (DeepSeek-V2, https://arxiv.org/abs/2405.04434, section 2.1). */
#include "engine/config/hparams_latent.h"

static void read_sizes(struct reader *reader, const struct hparams *hparams, struct latent_hparams *latent) {
    reader_u32(reader, "attention.kv_lora_rank", 1, MAX_WIDTH, &latent->n_latent);
    reader_u32(reader, "attention.q_lora_rank", 0, MAX_WIDTH, &latent->n_query);
    reader_u32(reader, "attention.key_length_mla", 0, MAX_WIDTH, &latent->head_dim_k);
    latent->absorbed = latent->head_dim_k > 0;
    if (latent->absorbed) {
        reader_u32(reader, "attention.value_length_mla", 1, MAX_WIDTH, &latent->head_dim_v);
    } else {
        latent->head_dim_k = hparams->head_dim_k;
        latent->head_dim_v = hparams->head_dim_v;
    }
}

/* The sizes must agree with the keys and values that the KV cache holds. */
static void check_sizes(struct reader *reader, const struct hparams *hparams) {
    const struct latent_hparams *latent = &hparams->latent;
    const bool fits = !latent->absorbed || (hparams->head_dim_k == latent->n_latent + hparams->n_rot &&
                                            hparams->head_dim_v == latent->n_latent && hparams->max_head_kv == 1);
    if (latent->head_dim_k <= hparams->n_rot || !fits ||
        (uint64_t)hparams->max_head * max_u32(latent->head_dim_k, latent->head_dim_v) > MAX_WIDTH) {
        reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET,
                    "latent attention: heads of %u (key) and %u (value) dimensions, %u of them rotated, and a latent "
                    "vector of %u do not fit %u KV heads of %u and %u",
                    latent->head_dim_k, latent->head_dim_v, hparams->n_rot, latent->n_latent, hparams->max_head_kv,
                    hparams->head_dim_k, hparams->head_dim_v);
    }
    for (uint32_t i = 0; i < hparams->n_layer && !latent->absorbed; i++) {
        if (hparams->layers[i].n_head != hparams->layers[i].n_head_kv) {
            reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET,
                        "latent attention of %u heads in layer %u has %u KV heads; the numbers must be equal",
                        hparams->layers[i].n_head, i, hparams->layers[i].n_head_kv);
        }
    }
    if (hparams->attention_temperature > 0.0f) {
        reader_fail(reader, QN_ERR_UNSUPPORTED, QN_NO_OFFSET, "latent attention with a temperature is not supported");
    }
}

void hparams_read_latent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    struct latent_hparams *latent = &hparams->latent;
    read_sizes(reader, hparams, latent);
    check_sizes(reader, hparams);
    latent->n_plain = latent->head_dim_k - hparams->n_rot;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].kind = LAYER_LATENT;
    }
    const struct rope_hparams *rope = &hparams->rope;
    const double magnitude = (double)rope->sets[LAYER_ROPE].magnitude * (1.0 + (double)rope->stretch);
    hparams->attention_scale = (float)(magnitude * magnitude / (double)__builtin_sqrtf((float)latent->head_dim_k));
    /* Latent attention keeps its intermediate rows in the FFN's scratch. */
    const uint32_t each = max_u32(max_u32(latent->head_dim_k, latent->n_latent), latent->n_plain + latent->head_dim_v);
    hparams->max_ff = max_u32(hparams->max_ff, max_u32(hparams->max_head * each, latent->n_query));
    hparams->max_ff = max_u32(hparams->max_ff, latent->n_latent + hparams->n_rot);
}
