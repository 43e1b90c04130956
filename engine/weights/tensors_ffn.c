/* Binds the tensors of dense feed-forward networks and mixtures of experts. */
#include "engine/weights/tensors_ffn.h"

#define IN_LAYER(field) offsetof(struct layer_tensors, field)

/* Conditions of the lines below. */
static bool gate_separate(const struct architecture *row) { return row->ffn.gate == FFN_GATE_SEPARATE; }
static bool gate_fused(const struct architecture *row) { return row->ffn.gate == FFN_GATE_FUSED; }
static bool gate_not_fused(const struct architecture *row) { return row->ffn.gate != FFN_GATE_FUSED; }
static bool inner_norms(const struct architecture *row) { return row->norm.inner; }

/* bind_dense splits a fused ffn_up into gate and up. */
static const struct tensor_line ffn_lines[] = {
    {"ffn_gate.weight", MATRIX, REQUIRED, EMBD, FF, gate_separate, IN_LAYER(ffn.gate)},
    {"ffn_gate.bias", VECTOR, OPTIONAL, FF, ONE, gate_separate, IN_LAYER(ffn.gate_bias)},
    {"ffn_up.weight", MATRIX, REQUIRED, EMBD, FF, gate_not_fused, IN_LAYER(ffn.up)},
    {"ffn_up.bias", VECTOR, OPTIONAL, FF, ONE, gate_not_fused, IN_LAYER(ffn.up_bias)},
    {"ffn_up.weight", MATRIX, REQUIRED, EMBD, FF_TWICE, gate_fused, IN_LAYER(ffn.up)},
    {"ffn_down.weight", MATRIX, REQUIRED, FF, EMBD, ALWAYS, IN_LAYER(ffn.down)},
    {"ffn_down.bias", VECTOR, OPTIONAL, EMBD, ONE, ALWAYS, IN_LAYER(ffn.down_bias)},
    {"ffn_sub_norm.weight", VECTOR, REQUIRED, FF, ONE, inner_norms, IN_LAYER(ffn.inner_norm.weight)},
};

static const struct tensor_line expert_lines[] = {
    {"ffn_gate_inp.weight", MATRIX, REQUIRED, EMBD, EXPERT_COUNT, ALWAYS, IN_LAYER(experts.router)},
    {"exp_probs_b.bias", VECTOR, OPTIONAL, EXPERT_COUNT, ONE, ALWAYS, IN_LAYER(experts.choice_bias)},
};

static const struct tensor_line shared_lines[] = {
    {"ffn_gate_shexp.weight", MATRIX, REQUIRED, EMBD, SHARED_FF, ALWAYS, IN_LAYER(experts.shared.gate)},
    {"ffn_up_shexp.weight", MATRIX, REQUIRED, EMBD, SHARED_FF, ALWAYS, IN_LAYER(experts.shared.up)},
    {"ffn_down_shexp.weight", MATRIX, REQUIRED, SHARED_FF, EMBD, ALWAYS, IN_LAYER(experts.shared.down)},
};

static void drop_scales(struct ffn_tensors *ffn) {
    ffn->gate.scale = NULL;
    ffn->up.scale = NULL;
    ffn->down.scale = NULL;
}

static void bind_dense(struct binder *binder, struct layer_tensors *layer) {
    struct ffn_tensors *ffn = &layer->ffn;
    BIND_LINES(binder, ffn_lines, layer);
    if (!binder->hparams->architecture->ffn.scales) {
        drop_scales(ffn);
    }
    if (binder->hparams->architecture->ffn.gate == FFN_GATE_FUSED) {
        const size_t n_ff = (size_t)binder->extents[FF];
        ffn->gate = weight_rows(&ffn->up, 0, n_ff);
        ffn->up = weight_rows(&ffn->up, n_ff, n_ff);
    }
}

/* The gate and up matrices of the experts: two tensors, or one with the rows of both. */
static void bind_expert_inputs(struct binder *binder, struct expert_tensors *experts) {
    const struct expert_hparams *shape = &binder->hparams->experts;
    const uint64_t *extents = binder->extents;
    struct weights both = binder_matrices(binder, "ffn_gate_up_exps.weight", OPTIONAL, 2 * extents[EXPERT_FF],
                                          extents[EMBD], shape->n_expert, shape->n_used);
    if (both.first.kernels) {
        experts->gate = both;
        experts->gate.first = weight_rows(&both.first, 0, shape->n_ff);
        experts->up = both;
        experts->up.first = weight_rows(&both.first, shape->n_ff, shape->n_ff);
        return;
    }
    experts->gate = binder_matrices(binder, "ffn_gate_exps.weight", REQUIRED, extents[EXPERT_FF], extents[EMBD],
                                    shape->n_expert, shape->n_used);
    experts->up = binder_matrices(binder, "ffn_up_exps.weight", REQUIRED, extents[EXPERT_FF], extents[EMBD],
                                  shape->n_expert, shape->n_used);
}

static void bind_experts(struct binder *binder, struct layer_tensors *layer) {
    const struct expert_hparams *shape = &binder->hparams->experts;
    const struct architecture *row = binder->hparams->architecture;
    const uint64_t *extents = binder->extents;
    struct expert_tensors *experts = &layer->experts;
    BIND_LINES(binder, expert_lines, layer);
    bind_expert_inputs(binder, experts);
    experts->down = binder_matrices(binder, "ffn_down_exps.weight", REQUIRED, extents[EMBD], extents[EXPERT_FF],
                                    shape->n_expert, shape->n_used);
    if (row->experts.bias) {
        experts->router_bias = binder_vector(binder, "ffn_gate_inp.bias", REQUIRED, shape->n_expert);
        experts->gate.biases = binder_vectors(binder, "ffn_gate_exps.bias", REQUIRED, shape->n_expert, shape->n_ff);
        experts->up.biases = binder_vectors(binder, "ffn_up_exps.bias", REQUIRED, shape->n_expert, shape->n_ff);
        experts->down.biases = binder_vectors(binder, "ffn_down_exps.bias", REQUIRED, shape->n_expert, extents[EMBD]);
    }
    if (!binder->hparams->architecture->ffn.scales) {
        experts->gate.scales = NULL;
        experts->up.scales = NULL;
        experts->down.scales = NULL;
    }
    if (shape->n_ff_shared) {
        BIND_LINES(binder, shared_lines, layer);
        drop_scales(&experts->shared);
    }
    if (row->experts.shared == SHARED_EXPERT_GATED) {
        experts->shared_gate = binder_matrix(binder, "ffn_gate_inp_shexp.weight", REQUIRED, 1, extents[EMBD]);
    }
}

void bind_ffn(struct binder *binder, struct layer_tensors *layer, enum ffn_kind kind) {
    switch (kind) {
    case FFN_DENSE:
    case FFN_SPARSE:
        bind_dense(binder, layer);
        break;
    case FFN_EXPERTS:
        bind_experts(binder, layer);
        break;
    case FFN_NONE:
        break;
    }
}
