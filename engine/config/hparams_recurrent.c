/* Hyperparameters of recurrent layers: which layers they are, and what they keep. */
#include "engine/config/metadata.h"
#include "platform/error.h"

#define MAX_TAPS   64u
#define MAX_STATE  4096u
#define MAX_GROUPS 4096u

static int read_shortconv(struct reader *reader, struct hparams *hparams) {
    struct recurrent_hparams *recurrent = &hparams->recurrent;
    const int status = read_u32(reader, "shortconv.l_cache", 2, MAX_TAPS, &recurrent->taps);
    recurrent->projected = 3 * hparams->n_embd;
    recurrent->mixed = hparams->n_embd;
    recurrent->layer_floats = (uint64_t)(recurrent->taps - 1) * hparams->n_embd;
    return status;
}

static int read_ssm(struct reader *reader, struct recurrent_hparams *recurrent) {
    int status = read_u32(reader, "ssm.conv_kernel", 2, MAX_TAPS, &recurrent->taps);
    if (status == QN_OK) {
        status = read_u32(reader, "ssm.inner_size", 1, MAX_WIDTH, &recurrent->inner);
    }
    if (status == QN_OK) {
        status = read_u32(reader, "ssm.time_step_rank", 1, MAX_WIDTH, &recurrent->rank);
    }
    if (status == QN_OK) {
        status = read_u32(reader, "ssm.state_size", 1, MAX_STATE, &recurrent->state);
    }
    if (status == QN_OK && recurrent->state % 4 != 0) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, reader_offset(reader),
                         "%s is %u: this build needs a multiple of 4", reader->key, recurrent->state);
    }
    return status;
}

static int read_mamba(struct reader *reader, struct recurrent_hparams *recurrent) {
    int status = read_ssm(reader, recurrent);
    if (status == QN_OK) {
        reader_find(reader, "ssm.dt_b_c_rms");
        status = gguf_bool(reader->gguf, reader->key, &recurrent->normed, reader->error);
    }
    recurrent->mixed = recurrent->inner;
    recurrent->projected = 3 * recurrent->inner + 2 * recurrent->rank + 2 * recurrent->state;
    recurrent->layer_floats = (uint64_t)(recurrent->taps - 1 + recurrent->state) * recurrent->inner;
    return status < 0 ? status : QN_OK;
}

static int read_mamba2(struct reader *reader, struct recurrent_hparams *recurrent) {
    int status = read_ssm(reader, recurrent);
    if (status == QN_OK) {
        status = read_u32(reader, "ssm.group_count", 1, MAX_GROUPS, &recurrent->groups);
    }
    if (status != QN_OK) {
        return status;
    }
    if (recurrent->inner % recurrent->rank || recurrent->inner % recurrent->groups ||
        recurrent->rank % recurrent->groups) {
        return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                         "%u channels of %u heads in %u groups: not whole numbers", recurrent->inner, recurrent->rank,
                         recurrent->groups);
    }
    const uint32_t channels = recurrent->inner + 2 * recurrent->groups * recurrent->state;
    recurrent->mixed = recurrent->inner;
    recurrent->projected = recurrent->inner + channels + recurrent->rank;
    recurrent->layer_floats =
        (uint64_t)(recurrent->taps - 1) * channels + (uint64_t)recurrent->state * recurrent->inner;
    return QN_OK;
}

static int read_delta(struct reader *reader, struct recurrent_hparams *recurrent) {
    int status = read_ssm(reader, recurrent);
    if (status == QN_OK) {
        status = read_u32(reader, "ssm.group_count", 1, MAX_GROUPS, &recurrent->groups);
    }
    if (status != QN_OK) {
        return status;
    }
    if (recurrent->inner != (uint64_t)recurrent->rank * recurrent->state || recurrent->rank % recurrent->groups) {
        return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                         "%u channels of %u heads of %u in %u groups: not whole heads and groups", recurrent->inner,
                         recurrent->rank, recurrent->state, recurrent->groups);
    }
    const uint32_t channels = recurrent->inner + 2 * recurrent->groups * recurrent->state;
    recurrent->mixed = recurrent->inner;
    recurrent->projected = channels + recurrent->inner + 2 * recurrent->rank;
    recurrent->layer_floats =
        (uint64_t)(recurrent->taps - 1) * channels + (uint64_t)recurrent->state * recurrent->inner;
    return QN_OK;
}

static int read_kind(struct reader *reader, struct hparams *hparams) {
    switch (hparams->architecture->recurrent.kind) {
    case LAYER_ATTENTION:
    case LAYER_LATENT:
        break;
    case LAYER_SHORTCONV:
        return read_shortconv(reader, hparams);
    case LAYER_MAMBA:
        return read_mamba(reader, &hparams->recurrent);
    case LAYER_MAMBA2:
    case LAYER_ATTENTION_MAMBA2:
        return read_mamba2(reader, &hparams->recurrent);
    case LAYER_DELTA:
        return read_delta(reader, &hparams->recurrent);
    }
    return QN_OK;
}

/* Which layers have attention, where the file says so other than by their heads. */
struct pattern {
    const struct gguf_value *array; /* true for recurrent ones; or null */
    uint32_t every;                 /* the last of so many has attention; 0: heads say it */
};

static int read_pattern(struct reader *reader, const struct hparams *hparams, struct pattern *pattern) {
    *pattern = (struct pattern){NULL, hparams->architecture->recurrent.attention_every};
    if (pattern->every == 0) {
        return QN_OK;
    }
    const int status = read_flags(reader, "attention.recurrent_layers", hparams->n_layer, &pattern->array);
    return status == QN_OK && pattern->array == NULL
               ? read_u32(reader, "full_attention_interval", 1, MAX_LAYERS, &pattern->every)
               : status;
}

static bool is_recurrent(const struct hparams *hparams, const struct pattern *pattern, uint32_t i) {
    const struct layer_hparams *layer = &hparams->layers[i];
    if (pattern->array) {
        return flag_at(pattern->array, i);
    }
    return pattern->every ? (i + 1) % pattern->every != 0
                          : hparams->architecture->recurrent.all || layer->n_head_kv == 0 || layer->n_head == 0;
}

int hparams_read_recurrent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    struct recurrent_hparams *recurrent = &hparams->recurrent;
    if (row->recurrent.kind == LAYER_ATTENTION) {
        return QN_OK;
    }
    if (hparams->bidirectional) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "attention.causal is false: recurrent layers see the tokens before only");
    }
    struct pattern pattern = {0};
    int status = read_kind(reader, hparams);
    if (status == QN_OK) {
        status = read_pattern(reader, hparams, &pattern);
    }
    for (uint32_t i = 0; i < hparams->n_layer && status == QN_OK; i++) {
        struct layer_hparams *layer = &layers[i];
        if (!is_recurrent(hparams, &pattern, i)) {
            if (layer->n_head == 0 || layer->n_head_kv == 0) {
                return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "layer %u has no heads", i);
            }
            continue;
        }
        layer->kind = row->recurrent.kind;
        layer->state = (size_t)recurrent->state_floats;
        recurrent->state_floats += recurrent->layer_floats;
        if (layer->kind != LAYER_ATTENTION_MAMBA2) {
            layer->n_head = 0;
            layer->n_head_kv = 0;
        } else if (layer->n_head == 0 || layer->n_head_kv == 0) {
            return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "layer %u has no heads", i);
        }
    }
    return status;
}
