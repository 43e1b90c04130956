/* Hyperparameters of layers that differ from one another, or share something: widths of heads, keys and values,
 * embeddings for each layer, residual streams, sparse gates. */
#include "engine/config/metadata.h"
#include "platform/error.h"

/* Layers that read the keys of the last one of their kind, with a window or without, that has its own. */
static int share_keys(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    const uint32_t n = hparams->n_layer;
    uint32_t shared =
        row->attention.own_kv_layers && row->attention.own_kv_layers < n ? n - row->attention.own_kv_layers : 0;
    const int status = read_u32(reader, "attention.shared_kv_layers", 0, n - 1, &shared);
    if (status != QN_OK) {
        return status;
    }
    if (hparams->bidirectional) {
        return error_set(reader->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "%s.attention.causal is false, which this build does not run in %s models", row->name,
                         row->name);
    }
    for (uint32_t i = n - shared; i < n; i++) {
        const uint32_t back = layers[i].window ? 2 : 1; /* the last two with their own are one of each kind */
        if (n - shared < back) {
            return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                             "layer %u has no keys of its own and would read those of the layer %u before layer %u; "
                             "there is no such layer",
                             i, back, n - shared);
        }
        const uint32_t from = n - shared - back;
        const bool windowed = layers[from].window != 0;
        const bool fits = windowed == (layers[i].window != 0) && layers[from].n_head_kv == layers[i].n_head_kv;
        if (!fits) {
            return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                             "layer %u has no keys of its own and would read those of layer %u, which has %s", i, from,
                             layers[from].n_head_kv != layers[i].n_head_kv ? "other heads"
                             : windowed                                    ? "a window"
                                                                           : "no window");
        }
        layers[i].kv = from;
    }
    return QN_OK;
}

/* icdf(s) of the share s of gates that count for nothing; minus infinity: all count. */
static int read_sparsity(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    const struct gguf_value *scales = reader_find(reader, "activation_sparsity_scale");
    if (scales && (scales->type != GGUF_ARRAY || scales->element != GGUF_F32 || scales->count < hparams->n_layer)) {
        return error_set(reader->error, QN_ERR_FORMAT, scales->offset, "%s must be an array of f32 for %u layers",
                         reader->key, hparams->n_layer);
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const float deviations = scales ? gguf_array_f32(scales, i) : 1.6448533535f; /* of 95 % */
        if (!(deviations < 1e30f)) {
            return error_set(reader->error, QN_ERR_FORMAT, scales->offset,
                             "%s of layer %u is not a finite number or minus infinity", reader->key, i);
        }
        layers[i].ffn = (scales ? deviations > -1e30f : i < row->ffn.sparse_layers) ? FFN_SPARSE : FFN_DENSE;
        layers[i].deviations = deviations;
    }
    return QN_OK;
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static int read_altup(struct reader *reader, struct hparams *hparams) {
    uint32_t active = 0;
    hparams->n_altup = 4;
    hparams->laurel_rank = 64;
    const int status = read_u32(reader, "altup.num_inputs", 2, MAX_ALTUP, &hparams->n_altup);
    return status == QN_OK ? read_u32(reader, "altup.active_idx", 0, 0, &active) : status;
}

int hparams_read_layers(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    int status = QN_OK;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].head = hparams->heads[layers[i].window ? LAYER_ROPE_WINDOW : LAYER_ROPE];
        if (row->attention.value_is_key && layers[i].head.k != layers[i].head.v) {
            return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                             "layer %u has keys of %u and values of %u; %s models have them of one width", i,
                             layers[i].head.k, layers[i].head.v, row->name);
        }
    }
    if (row->attention.shared_kv) {
        status = share_keys(reader, hparams, layers);
    }
    if (status == QN_OK && row->embedding.per_layer) {
        hparams->n_per_layer =
            row->embedding.per_layer_width ? row->embedding.per_layer_width : MAX_WIDTH; /* which is no default */
        status = read_u32(reader, "embedding_length_per_layer_input", row->embedding.per_layer_width ? 1 : 0,
                          (MAX_WIDTH - 1) / hparams->n_layer, &hparams->n_per_layer);
    }
    if (status == QN_OK && row->altup) {
        status = read_altup(reader, hparams);
    }
    /* places that per_layer.c and altup.c take of the feed-forward network */
    hparams->max_ff = larger(hparams->max_ff, larger(hparams->n_per_layer, hparams->laurel_rank));
    hparams->max_ff = larger(hparams->max_ff, hparams->n_altup * hparams->n_altup);
    return status == QN_OK && row->ffn.sparse_layers ? read_sparsity(reader, hparams, layers) : status;
}
