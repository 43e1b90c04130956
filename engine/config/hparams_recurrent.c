/* Hyperparameters of recurrent layers: which layers are recurrent, and how much state each keeps. */
#include "engine/config/hparams_recurrent.h"

#define MAX_TAPS   64u
#define MAX_STATE  4096u
#define MAX_GROUPS 4096u

static void read_shortconv(struct reader *reader, const struct hparams *hparams, struct recurrent_hparams *recurrent) {
    reader_u32(reader, "shortconv.l_cache", 2, MAX_TAPS, &recurrent->taps);
    recurrent->projected = 3 * hparams->n_embd;
    recurrent->mixed = hparams->n_embd;
    recurrent->layer_floats = (uint64_t)(recurrent->taps - 1) * hparams->n_embd;
}

static void read_ssm(struct reader *reader, struct recurrent_hparams *recurrent) {
    reader_u32(reader, "ssm.conv_kernel", 2, MAX_TAPS, &recurrent->taps);
    reader_u32(reader, "ssm.inner_size", 1, MAX_WIDTH, &recurrent->inner);
    reader_u32(reader, "ssm.time_step_rank", 1, MAX_WIDTH, &recurrent->rank);
    reader_u32(reader, "ssm.state_size", 1, MAX_STATE, &recurrent->state);
    if (recurrent->state % 4 != 0) {
        reader_fail(reader, QN_ERR_UNSUPPORTED, reader_offset(reader), "%s is %u; it must be a multiple of 4",
                    reader->key, recurrent->state);
    }
    recurrent->mixed = recurrent->inner;
}

static void read_mamba(struct reader *reader, struct recurrent_hparams *recurrent) {
    read_ssm(reader, recurrent);
    reader_bool(reader, "ssm.dt_b_c_rms", &recurrent->normed);
    recurrent->projected = 3 * recurrent->inner + 2 * recurrent->rank + 2 * recurrent->state;
    recurrent->layer_floats = (uint64_t)(recurrent->taps - 1 + recurrent->state) * recurrent->inner;
}

/* Mamba 2 and the delta net: a convolution over `channels`, and a matrix of state for each head. */
static void set_head_state(struct recurrent_hparams *recurrent, uint32_t channels) {
    recurrent->layer_floats =
        (uint64_t)(recurrent->taps - 1) * channels + (uint64_t)recurrent->state * recurrent->inner;
}

static void read_mamba2(struct reader *reader, struct recurrent_hparams *recurrent) {
    read_ssm(reader, recurrent);
    reader_u32(reader, "ssm.group_count", 1, MAX_GROUPS, &recurrent->groups);
    if (recurrent->inner % recurrent->rank || recurrent->rank % recurrent->groups) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader), "%u channels do not match %u heads in %u groups",
                    recurrent->inner, recurrent->rank, recurrent->groups);
    }
    const uint32_t channels = recurrent->inner + 2 * recurrent->groups * recurrent->state;
    recurrent->projected = recurrent->inner + channels + recurrent->rank;
    set_head_state(recurrent, channels);
}

static void read_delta(struct reader *reader, struct recurrent_hparams *recurrent) {
    read_ssm(reader, recurrent);
    reader_u32(reader, "ssm.group_count", 1, MAX_GROUPS, &recurrent->groups);
    if (recurrent->inner != (uint64_t)recurrent->rank * recurrent->state || recurrent->rank % recurrent->groups) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader),
                    "%u channels do not match %u heads of %u in %u groups", recurrent->inner, recurrent->rank,
                    recurrent->state, recurrent->groups);
    }
    const uint32_t channels = recurrent->inner + 2 * recurrent->groups * recurrent->state;
    recurrent->projected = channels + recurrent->inner + 2 * recurrent->rank;
    set_head_state(recurrent, channels);
}

static void read_sizes(struct reader *reader, struct hparams *hparams) {
    struct recurrent_hparams *recurrent = &hparams->recurrent;
    switch (hparams->architecture->recurrent.kind) {
    case LAYER_ATTENTION:
    case LAYER_LATENT:
        break;
    case LAYER_SHORTCONV:
        read_shortconv(reader, hparams, recurrent);
        break;
    case LAYER_MAMBA:
        read_mamba(reader, recurrent);
        break;
    case LAYER_MAMBA2:
    case LAYER_ATTENTION_MAMBA2:
        read_mamba2(reader, recurrent);
        break;
    case LAYER_DELTA:
        read_delta(reader, recurrent);
        break;
    }
}

/* Which layers are recurrent. */
struct pattern {
    const struct gguf_value *flags; /* true: recurrent; or NULL */
    uint32_t every;                 /* every n-th layer has attention; 0: the head counts decide */
};

static void read_pattern(struct reader *reader, const struct hparams *hparams, struct pattern *pattern) {
    pattern->every = hparams->architecture->recurrent.attention_every;
    if (pattern->every) {
        pattern->flags = reader_flags(reader, "attention.recurrent_layers", hparams->n_layer);
    }
    if (pattern->every && pattern->flags == NULL) {
        reader_u32(reader, "full_attention_interval", 1, MAX_LAYERS, &pattern->every);
    }
}

static bool has_heads(const struct layer_hparams *layer) { return layer->n_head && layer->n_head_kv; }

static bool is_recurrent(const struct hparams *hparams, const struct pattern *pattern, uint32_t i) {
    if (pattern->flags) {
        return flag_at(pattern->flags, i);
    }
    if (pattern->every) {
        return (i + 1) % pattern->every != 0;
    }
    return hparams->architecture->recurrent.all || !has_heads(&hparams->layers[i]);
}

void hparams_read_recurrent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    const enum layer_kind kind = hparams->architecture->recurrent.kind;
    struct recurrent_hparams *recurrent = &hparams->recurrent;
    struct pattern pattern = {0};
    if (kind == LAYER_ATTENTION) {
        return;
    }
    if (hparams->bidirectional) {
        reader_fail(reader, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                    "attention.causal is false, which recurrent layers do not support");
    }
    read_sizes(reader, hparams);
    read_pattern(reader, hparams, &pattern);
    for (uint32_t i = 0; i < hparams->n_layer && reader->status == QN_OK; i++) {
        struct layer_hparams *layer = &layers[i];
        const bool is = is_recurrent(hparams, &pattern, i);
        if (is) {
            layer->kind = kind;
            layer->state_offset = (size_t)recurrent->state_floats;
            recurrent->state_floats += recurrent->layer_floats;
        }
        if (is && kind != LAYER_ATTENTION_MAMBA2) {
            layer->n_head = 0;
            layer->n_head_kv = 0;
        } else if (!has_heads(layer)) {
            reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET, "layer %u has no heads", i);
        }
    }
}
