/* Binds the tensors of per-layer embeddings, residual streams and layer scales. */
#include "engine/weights/tensors_streams.h"

#include "platform/error.h"

#define IN_PER_LAYER(field) offsetof(struct per_layer_tensors, field)
#define IN_ALTUP(field)     offsetof(struct altup_tensors, field)

static const struct tensor_line per_layer_lines[] = {
    {"inp_gate.weight", MATRIX, REQUIRED, EMBD, PER_LAYER, ALWAYS, IN_PER_LAYER(gate)},
    {"proj.weight", MATRIX, REQUIRED, PER_LAYER, EMBD, ALWAYS, IN_PER_LAYER(up)},
    {"post_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ALWAYS, IN_PER_LAYER(norm.weight)},
};

static const struct tensor_line altup_lines[] = {
    {"altup_router.weight", MATRIX, REQUIRED, EMBD, ALTUP, ALWAYS, IN_ALTUP(router)},
    {"altup_router_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ALWAYS, IN_ALTUP(router_norm.weight)},
    {"altup_predict_coef.weight", MATRIX, REQUIRED, ALTUP, ALTUP_SQUARE, ALWAYS, IN_ALTUP(predict)},
    {"altup_correct_coef.weight", MATRIX, REQUIRED, ALTUP, ALTUP, ALWAYS, IN_ALTUP(correct)},
    {"altup_correct_scale.weight", VECTOR, REQUIRED, EMBD, ONE, ALWAYS, IN_ALTUP(correct_scale)},
    {"laurel_l.weight", MATRIX, REQUIRED, EMBD, LAUREL, ALWAYS, IN_ALTUP(laurel_left)},
    {"laurel_r.weight", MATRIX, REQUIRED, LAUREL, EMBD, ALWAYS, IN_ALTUP(laurel_right)},
    {"laurel_post_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ALWAYS, IN_ALTUP(laurel_norm.weight)},
};

void bind_layer_streams(struct binder *binder, struct layer_tensors *layer) {
    const struct hparams *hparams = binder->hparams;
    if (hparams->n_per_layer) {
        BIND_LINES(binder, per_layer_lines, &layer->per_layer);
    }
    if (hparams->n_altup) {
        BIND_LINES(binder, altup_lines, &layer->altup);
    }
    if (hparams->architecture->layer_scale) {
        layer->scale = binder_vector(binder, "layer_output_scale.weight", OPTIONAL, 1);
    }
}

/* Whether any layer without a window has RoPE. */
static bool has_full_rope(const struct hparams *hparams) {
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        if (hparams->layers[i].rope == LAYER_ROPE) {
            return true;
        }
    }
    return false;
}

/* A matrix whose rows are looked up and never multiplied: it needs no scratch for activations and panels. */
static struct weight bind_rows(struct binder *binder, const char *name, uint64_t rows, uint64_t cols) {
    const uint64_t quantized_bytes = binder->quantized_bytes;
    const uint64_t panel_bytes = binder->panel_bytes;
    const struct weight matrix = binder_matrix(binder, name, REQUIRED, rows, cols);
    binder->quantized_bytes = quantized_bytes;
    binder->panel_bytes = panel_bytes;
    return matrix;
}

void bind_model_streams(struct binder *binder, struct tensors *tensors) {
    const struct hparams *hparams = binder->hparams;
    const uint64_t *extents = binder->extents;
    if (hparams->n_per_layer) {
        tensors->per_layer_embedding =
            bind_rows(binder, "per_layer_token_embd.weight", extents[VOCAB], extents[PER_LAYERS]);
        tensors->per_layer_projection =
            binder_matrix(binder, "per_layer_model_proj.weight", REQUIRED, extents[PER_LAYERS], extents[EMBD]);
        tensors->per_layer_norm.weight =
            binder_vector(binder, "per_layer_proj_norm.weight", REQUIRED, extents[PER_LAYER]);
    }
    if (hparams->n_altup) {
        const uint64_t others = hparams->n_altup - 1;
        tensors->altup_in =
            binder_matrices(binder, "altup_proj.weight", REQUIRED, extents[EMBD], extents[EMBD], others, 1);
        binder->phase = PHASE_LAYER(hparams->n_layer - 1); /* the last layer merges the streams */
        tensors->altup_out =
            binder_matrices(binder, "altup_unembd_proj.weight", REQUIRED, extents[EMBD], extents[EMBD], others, 1);
    }
    if (binder->status == QN_OK && hparams->architecture->rope.freqs_required && tensors->rope_factors == NULL &&
        has_full_rope(hparams)) {
        binder->status =
            error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no tensor rope_freqs.weight");
    }
}
