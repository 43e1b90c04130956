/* Hyperparameters of recurrent layers: which layers they are, and what they keep. */
#include "engine/reader.h"
#include "platform/error.h"

#define MAX_TAPS 64u

static int read_shortconv(struct reader *reader, struct hparams *hparams) {
    struct recurrent_hparams *recurrent = &hparams->recurrent;
    const int status = read_u32(reader, "shortconv.l_cache", 2, MAX_TAPS, &recurrent->taps);
    recurrent->projected = 3 * hparams->n_embd;
    recurrent->mixed = hparams->n_embd;
    recurrent->layer_floats = (uint64_t)(recurrent->taps - 1) * hparams->n_embd;
    return status;
}

int hparams_read_recurrent(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    struct recurrent_hparams *recurrent = &hparams->recurrent;
    if (row->recurrent == LAYER_ATTENTION) {
        return QN_OK;
    }
    if (hparams->bidirectional) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "attention.causal is false: recurrent layers see the tokens before only");
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        if (layers[i].n_head_kv == 0 || layers[i].n_head == 0) {
            layers[i].kind = row->recurrent;
            layers[i].n_head = 0;
            layers[i].n_head_kv = 0;
        }
    }
    const int status = read_shortconv(reader, hparams);
    for (uint32_t i = 0; i < hparams->n_layer && status == QN_OK; i++) {
        if (layers[i].kind != LAYER_ATTENTION) {
            layers[i].state = (size_t)recurrent->state_floats;
            recurrent->state_floats += recurrent->layer_floats;
        }
    }
    return status;
}
