/* Hyperparameters of head widths by layer, shared keys and values, per-layer embeddings, residual streams and sparse
 * FFNs. */
#include "engine/config/hparams_layers.h"

/* Layer `layer` reads the keys and values of layer `from`: both must have the same kind of window and the same heads.
 */
static void share_keys_of(struct reader *reader, struct layer_hparams *layers, uint32_t layer, uint32_t from) {
    const bool windowed = layers[from].window != 0;
    const char *difference = NULL;
    if (layers[from].n_head_kv != layers[layer].n_head_kv) {
        difference = "other heads";
    } else if (windowed != (layers[layer].window != 0)) {
        difference = windowed ? "a window" : "no window";
    }
    if (difference) {
        reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader),
                    "layer %u has no keys of its own and would read those of layer %u, which has %s", layer, from,
                    difference);
    }
    layers[layer].kv_layer = from;
}

/* The last layers read the keys and values of the last layer before them with the same kind of window. The last two
 * layers with their own keys are one of each kind. */
static void share_keys(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    const uint32_t n = hparams->n_layer;
    const uint32_t own = row->attention.own_kv_layers;
    uint32_t shared = own && own < n ? n - own : 0;
    reader_u32(reader, "attention.shared_kv_layers", 0, n - 1, &shared);
    if (hparams->bidirectional) {
        reader_fail(reader, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                    "%s.attention.causal is false, which is not supported in %s models", row->name, row->name);
    }
    for (uint32_t i = n - shared; i < n && reader->status == QN_OK; i++) {
        const uint32_t back = layers[i].window ? 2 : 1;
        if (n - shared < back) {
            reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader),
                        "layer %u has no keys of its own and would read those of the layer %u before layer %u; "
                        "there is no such layer",
                        i, back, n - shared);
            return;
        }
        share_keys_of(reader, layers, i, n - shared - back);
    }
}

/* Gates below mean + cutoff * standard deviation are zero; the cutoff is the normal quantile of the share of gates that
 * are to be zero (Gemma 3n). Minus infinity: the layer is dense. */
static void read_sparsity(struct reader *reader, const struct hparams *hparams, struct layer_hparams *layers) {
    const struct gguf_value *cutoffs = reader_find(reader, "activation_sparsity_scale");
    if (cutoffs && (cutoffs->type != GGUF_ARRAY || cutoffs->element != GGUF_F32 || cutoffs->count < hparams->n_layer)) {
        reader_fail(reader, QN_ERR_FORMAT, cutoffs->offset, "%s must be an array of f32 for %u layers", reader->key,
                    hparams->n_layer);
        return;
    }
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        const float cutoff = cutoffs ? gguf_array_f32(cutoffs, i) : 1.6448533535f; /* 95 % are zero */
        if (!(cutoff < 1e30f)) {
            reader_fail(reader, QN_ERR_FORMAT, cutoffs->offset,
                        "%s of layer %u is not a finite number or minus infinity", reader->key, i);
        }
        const bool sparse = cutoffs ? cutoff > -1e30f : i < hparams->architecture->ffn.sparse_layers;
        layers[i].ffn = sparse ? FFN_SPARSE : FFN_DENSE;
        layers[i].sparse_cutoff = cutoff;
    }
}

static void read_altup(struct reader *reader, struct hparams *hparams) {
    uint32_t active = 0;
    hparams->n_altup = 4;
    hparams->laurel_rank = 64;
    reader_u32(reader, "altup.num_inputs", 2, MAX_ALTUP, &hparams->n_altup);
    reader_u32(reader, "altup.active_idx", 0, 0, &active);
}

void hparams_read_layers(struct reader *reader, struct hparams *hparams, struct layer_hparams *layers) {
    const struct architecture *row = hparams->architecture;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        layers[i].head = hparams->heads[layers[i].window ? LAYER_ROPE_WINDOW : LAYER_ROPE];
        if (row->attention.value_is_key && layers[i].head.k != layers[i].head.v) {
            reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET,
                        "layer %u has keys of %u and values of %u dimensions; %s models need equal ones", i,
                        layers[i].head.k, layers[i].head.v, row->name);
        }
    }
    if (row->attention.shared_kv) {
        share_keys(reader, hparams, layers);
    }
    if (row->embedding.per_layer) {
        const uint32_t width = row->embedding.per_layer_width;
        hparams->n_per_layer = width ? width : NO_DEFAULT;
        reader_u32(reader, "embedding_length_per_layer_input", width ? 1 : 0, (MAX_WIDTH - 1) / hparams->n_layer,
                   &hparams->n_per_layer);
    }
    if (row->altup) {
        read_altup(reader, hparams);
    }
    if (row->ffn.sparse_layers) {
        read_sparsity(reader, hparams, layers);
    }
    /* Per-layer embeddings and AltUp keep their intermediate rows in the FFN's scratch. */
    hparams->max_ff = max_u32(hparams->max_ff, max_u32(hparams->n_per_layer, hparams->laurel_rank));
    hparams->max_ff = max_u32(hparams->max_ff, hparams->n_altup * hparams->n_altup);
}
