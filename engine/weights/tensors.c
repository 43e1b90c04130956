#include "engine/weights/binder.h"
#include "platform/error.h"

#define IN_MODEL(field) offsetof(struct tensors, field)
#define IN_LAYER(field) offsetof(struct layer_tensors, field)

/* Conditions of the lines below. */
static bool learned_positions(const struct architecture *row) { return row->embedding.learned_positions; }
static bool token_types(const struct architecture *row) { return row->embedding.token_types; }
static bool embedding_norm(const struct architecture *row) { return row->embedding.norm; }
static bool embedding_norm_bias(const struct architecture *row) { return row->embedding.norm && row->norm.bias; }
static bool encoder(const struct architecture *row) { return row->encoder; }

static bool sum_norms(const struct architecture *row) { return row->norm.placement == NORM_SUM; }
static bool sum_norm_biases(const struct architecture *row) { return sum_norms(row) && row->norm.bias; }
static bool post_norms(const struct architecture *row) {
    return row->norm.placement == NORM_PRE_AND_POST || row->norm.placement == NORM_POST;
}
static bool pre_norms(const struct architecture *row) {
    return row->norm.placement == NORM_PRE || row->norm.placement == NORM_PRE_AND_POST;
}
static bool attn_norm(const struct architecture *row) { return pre_norms(row) && !row->norm.first_optional; }
static bool attn_norm_bias(const struct architecture *row) { return pre_norms(row) && row->norm.bias; }
static bool second_norm(const struct architecture *row) { return row->norm.second; }

/* A norm before the FFN, of the given name. */
static bool has_ffn_norm(const struct architecture *row, enum ffn_norm name) {
    return pre_norms(row) && !row->parallel && !row->ffn.none && row->norm.ffn == name;
}
static bool ffn_norm(const struct architecture *row) { return has_ffn_norm(row, FFN_NORM_DEFAULT); }
static bool ffn_norm_bias(const struct architecture *row) { return ffn_norm(row) && row->norm.bias; }
static bool ffn_norm_optional(const struct architecture *row) { return has_ffn_norm(row, FFN_NORM_OPTIONAL); }
static bool ffn_norm_post_attention(const struct architecture *row) {
    return has_ffn_norm(row, FFN_NORM_POST_ATTENTION);
}
static bool ffn_norm_bare(const struct architecture *row) { return has_ffn_norm(row, FFN_NORM_BARE); }
static bool inner_norms(const struct architecture *row) { return row->norm.inner; }

static bool output_norm(const struct architecture *row) {
    return !sum_norms(row) && !row->output.norm_from_embedding_name;
}
static bool output_norm_bias(const struct architecture *row) { return output_norm(row) && row->norm.bias; }
static bool output_norm_renamed(const struct architecture *row) { return row->output.norm_from_embedding_name; }

static bool sinks(const struct architecture *row) { return row->attention.sinks; }
static bool attention_bias(const struct architecture *row) { return !row->attention.ignore_output_bias; }
static bool qk_norm_shared(const struct architecture *row) { return row->attention.qk_norm == QK_NORM_SHARED; }
static bool qk_norm_per_head(const struct architecture *row) { return row->attention.qk_norm == QK_NORM_PER_HEAD; }
static bool qk_norm_whole(const struct architecture *row) { return row->attention.qk_norm == QK_NORM_WHOLE; }

static bool gate_separate(const struct architecture *row) { return row->ffn.gate == FFN_GATE_SEPARATE; }
static bool gate_fused(const struct architecture *row) { return row->ffn.gate == FFN_GATE_FUSED; }
static bool gate_not_fused(const struct architecture *row) { return row->ffn.gate != FFN_GATE_FUSED; }

/* Needed before the first layer; tensors_bind adds token_embd. */
static const struct tensor_line model_lines[] = {
    {"position_embd.weight", MATRIX, REQUIRED, EMBD, CONTEXT, learned_positions, IN_MODEL(positions)},
    {"token_types.weight", MATRIX, OPTIONAL, EMBD, TYPES, token_types, IN_MODEL(types)},
    {"token_embd_norm.weight", VECTOR, REQUIRED, EMBD, ONE, embedding_norm, IN_MODEL(embedding_norm.weight)},
    {"token_embd_norm.bias", VECTOR, REQUIRED, EMBD, ONE, embedding_norm_bias, IN_MODEL(embedding_norm.bias)},
    {"rope_freqs.weight", VECTOR, OPTIONAL, ROPE_PAIRS, ONE, ALWAYS, IN_MODEL(rope_factors)},
    {"rope_factors_long.weight", VECTOR, OPTIONAL, ROPE_PAIRS, ONE, ALWAYS, IN_MODEL(rope_factors_long)},
    {"rope_factors_short.weight", VECTOR, OPTIONAL, ROPE_PAIRS, ONE, ALWAYS, IN_MODEL(rope_factors_short)},
};

/* Needed after the last layer; tensors_bind adds the output matrix. */
static const struct tensor_line output_lines[] = {
    {"output.bias", VECTOR, OPTIONAL, VOCAB, ONE, ALWAYS, IN_MODEL(output_bias)},
    {"output_norm.weight", VECTOR, REQUIRED, EMBD, ONE, output_norm, IN_MODEL(output_norm.weight)},
    {"token_embd_norm.weight", VECTOR, REQUIRED, EMBD, ONE, output_norm_renamed, IN_MODEL(output_norm.weight)},
    {"output_norm.bias", VECTOR, REQUIRED, EMBD, ONE, output_norm_bias, IN_MODEL(output_norm.bias)},
    {"dense_2.weight", MATRIX, OPTIONAL, EMBD, DENSE, encoder, IN_MODEL(dense_in)},
    {"dense_3.weight", MATRIX, OPTIONAL, DENSE, EMBD, encoder, IN_MODEL(dense_out)},
};

/* The norms of a layer, whatever its mixer and FFN are. */
static const struct tensor_line norm_lines[] = {
    {"attn_norm.weight", VECTOR, REQUIRED, EMBD, ONE, attn_norm, IN_LAYER(attention_norm.weight)},
    {"attn_norm.bias", VECTOR, REQUIRED, EMBD, ONE, attn_norm_bias, IN_LAYER(attention_norm.bias)},
    {"post_attention_norm.weight", VECTOR, REQUIRED, EMBD, ONE, post_norms, IN_LAYER(attention_post_norm.weight)},
    {"ffn_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ffn_norm, IN_LAYER(ffn_norm.weight)},
    {"ffn_norm", VECTOR, REQUIRED, EMBD, ONE, ffn_norm_bare, IN_LAYER(ffn_norm.weight)},
    {"post_attention_norm.weight", VECTOR, REQUIRED, EMBD, ONE, ffn_norm_post_attention, IN_LAYER(ffn_norm.weight)},
    {"ffn_norm.bias", VECTOR, REQUIRED, EMBD, ONE, ffn_norm_bias, IN_LAYER(ffn_norm.bias)},
    {"ffn_norm.weight", VECTOR, OPTIONAL, EMBD, ONE, ffn_norm_optional, IN_LAYER(ffn_norm.weight)},
    {"ffn_norm.bias", VECTOR, OPTIONAL, EMBD, ONE, ffn_norm_optional, IN_LAYER(ffn_norm.bias)},
    {"post_ffw_norm.weight", VECTOR, REQUIRED, EMBD, ONE, post_norms, IN_LAYER(ffn_post_norm.weight)},
    {"attn_output_norm.weight", VECTOR, REQUIRED, EMBD, ONE, sum_norms, IN_LAYER(attention_post_norm.weight)},
    {"attn_output_norm.bias", VECTOR, REQUIRED, EMBD, ONE, sum_norm_biases, IN_LAYER(attention_post_norm.bias)},
    {"layer_output_norm.weight", VECTOR, REQUIRED, EMBD, ONE, sum_norms, IN_LAYER(ffn_post_norm.weight)},
    {"layer_output_norm.bias", VECTOR, REQUIRED, EMBD, ONE, sum_norm_biases, IN_LAYER(ffn_post_norm.bias)},
};

static const struct tensor_line second_norm_lines[] = {
    {"attn_norm_2.weight", VECTOR, OPTIONAL, EMBD, ONE, second_norm, IN_LAYER(attention_norm.weight)},
    {"attn_norm_2.bias", VECTOR, OPTIONAL, EMBD, ONE, second_norm, IN_LAYER(attention_norm.bias)},
};

/* Q, K and V, unless they are the rows of one matrix: bind_attention. */
static const struct tensor_line qkv_lines[] = {
    {"attn_q.weight", MATRIX, REQUIRED, EMBD, QUERY_ROWS, ALWAYS, IN_LAYER(query)},
    {"attn_k.weight", MATRIX, REQUIRED, EMBD, KEY_ROWS, ALWAYS, IN_LAYER(key)},
    {"attn_v.weight", MATRIX, REQUIRED, EMBD, VALUE_ROWS, ALWAYS, IN_LAYER(value)},
};

static const struct tensor_line attention_lines[] = {
    {"attn_output.weight", MATRIX, REQUIRED, MIXED, EMBD, ALWAYS, IN_LAYER(output)},
    {"attn_q.bias", VECTOR, OPTIONAL, QUERY_ROWS, ONE, ALWAYS, IN_LAYER(query_bias)},
    {"attn_output.bias", VECTOR, OPTIONAL, EMBD, ONE, attention_bias, IN_LAYER(output_bias)},
    {"attn_sinks.weight", VECTOR, REQUIRED, HEADS, ONE, sinks, IN_LAYER(sinks)},
    {"attn_sub_norm.weight", VECTOR, REQUIRED, MIXED, ONE, inner_norms, IN_LAYER(mixed_norm.weight)},
    {"attn_q_norm.weight", VECTOR, REQUIRED, HEAD_DIM, ONE, qk_norm_shared, IN_LAYER(query_norm)},
    {"attn_q_norm.weight", VECTOR, REQUIRED, QUERY_ROWS, ONE, qk_norm_whole, IN_LAYER(query_norm)},
    {"attn_q_norm.weight", VECTOR, OPTIONAL, HEAD_DIM, HEADS, qk_norm_per_head, IN_LAYER(query_norm)},
};

/* Layers with keys and values of their own have these. */
static const struct tensor_line key_lines[] = {
    {"attn_k.bias", VECTOR, OPTIONAL, KEY_ROWS, ONE, ALWAYS, IN_LAYER(key_bias)},
    {"attn_v.bias", VECTOR, OPTIONAL, VALUE_ROWS, ONE, ALWAYS, IN_LAYER(value_bias)},
    {"attn_k_norm.weight", VECTOR, REQUIRED, HEAD_DIM, ONE, qk_norm_shared, IN_LAYER(key_norm)},
    {"attn_k_norm.weight", VECTOR, REQUIRED, KEY_ROWS, ONE, qk_norm_whole, IN_LAYER(key_norm)},
    {"attn_k_norm.weight", VECTOR, OPTIONAL, HEAD_DIM, HEADS_KV, qk_norm_per_head, IN_LAYER(key_norm)},
};

/* bind_ffn splits a fused ffn_up into gate and up. */
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

#define LINES(binder, table, into) binder_lines(binder, table, sizeof(table) / sizeof((table)[0]), into)

/* Q, K and V as matrices of their own. A layer that reads another's keys has no use for its own, which its file may
 * have. */
static void bind_qkv(struct binder *binder, struct layer_tensors *layer, bool own_keys) {
    static const char *const unused[] = {"attn_k.weight", "attn_v.weight", "attn_k_norm.weight"};
    const bool value_is_key = binder->hparams->architecture->attention.value_is_key;
    const size_t lines = sizeof(qkv_lines) / sizeof(qkv_lines[0]);
    binder_lines(binder, qkv_lines, own_keys ? lines - value_is_key : 1, layer);
    if (own_keys && value_is_key) {
        layer->value =
            binder_matrix(binder, "attn_v.weight", false, binder->extents[VALUE_ROWS], binder->extents[EMBD]);
    }
    for (size_t i = 0; !own_keys && i < sizeof(unused) / sizeof(unused[0]); i++) {
        binder_ignore(binder, unused[i]);
    }
}

static void bind_attention(struct binder *binder, struct layer_tensors *layer, bool own_keys) {
    const uint64_t *extents = binder->extents;
    const size_t query = (size_t)extents[QUERY_ROWS];
    const size_t key = (size_t)extents[KEY_ROWS];
    const struct weight all = binder_matrix(binder, "attn_qkv.weight", false, extents[QKV_ROWS], extents[EMBD]);
    LINES(binder, attention_lines, layer);
    if (own_keys) {
        LINES(binder, key_lines, layer);
    }
    if (binder->hparams->architecture->attention.ignore_output_bias) {
        binder_ignore(binder, "attn_output.bias");
    }
    if (all.kernels == NULL) {
        bind_qkv(binder, layer, own_keys);
        return;
    }
    layer->query = weight_rows(&all, 0, query);
    if (own_keys) {
        layer->key = weight_rows(&all, query, key);
        layer->value = weight_rows(&all, query + key, (size_t)extents[VALUE_ROWS]);
    }
    const float *bias = binder_vector(binder, "attn_qkv.bias", false, extents[QKV_ROWS], 1);
    if (bias) {
        layer->query_bias = bias;
        layer->key_bias = bias + query;
        layer->value_bias = bias + query + key;
    }
}

static void bind_latent(struct binder *binder, struct layer_tensors *layer) {
    const struct latent_hparams *shape = &binder->hparams->latent;
    struct latent_tensors *latent = &layer->latent;
    const uint64_t heads = binder->extents[HEADS];
    const uint64_t n_embd = binder->extents[EMBD];
    const uint64_t n_rot = binder->hparams->n_rot;
    latent->query = binder_matrix(binder, "attn_q.weight", shape->n_query == 0, heads * shape->head_dim_k, n_embd);
    if (latent->query.kernels == NULL) {
        latent->query_down = binder_matrix(binder, "attn_q_a.weight", true, shape->n_query, n_embd);
        latent->query_norm.weight = binder_vector(binder, "attn_q_a_norm.weight", true, shape->n_query, 1);
        latent->query = binder_matrix(binder, "attn_q_b.weight", true, heads * shape->head_dim_k, shape->n_query);
    }
    latent->down = binder_matrix(binder, "attn_kv_a_mqa.weight", true, shape->n_latent + n_rot, n_embd);
    latent->norm.weight = binder_vector(binder, "attn_kv_a_norm.weight", true, shape->n_latent, 1);
    if (shape->absorbed) {
        latent->keys = binder_matrices(binder, "attn_k_b.weight", true, shape->n_latent, shape->n_plain, heads, heads);
        latent->values =
            binder_matrices(binder, "attn_v_b.weight", true, shape->head_dim_v, shape->n_latent, heads, heads);
    } else {
        latent->both = binder_matrix(binder, "attn_kv_b.weight", true, heads * (shape->n_plain + shape->head_dim_v),
                                     shape->n_latent);
    }
    layer->output = binder_matrix(binder, "attn_output.weight", true, n_embd, heads * shape->head_dim_v);
}

static void drop_scales(struct ffn_tensors *ffn) {
    ffn->gate.scale = NULL;
    ffn->up.scale = NULL;
    ffn->down.scale = NULL;
}

static void bind_ffn(struct binder *binder, struct layer_tensors *layer) {
    struct ffn_tensors *ffn = &layer->ffn;
    LINES(binder, ffn_lines, layer);
    if (!binder->hparams->architecture->ffn.scales) {
        drop_scales(ffn);
    }
    if (binder->hparams->architecture->ffn.gate == FFN_GATE_FUSED) {
        const size_t n_ff = (size_t)binder->extents[FF];
        ffn->gate = weight_rows(&ffn->up, 0, n_ff);
        ffn->up = weight_rows(&ffn->up, n_ff, n_ff);
    }
}

/* The gates and ups of experts, as tensors of their own or as one. */
static void bind_expert_inputs(struct binder *binder, struct expert_tensors *experts) {
    const struct expert_hparams *shape = &binder->hparams->experts;
    const uint64_t *extents = binder->extents;
    struct weights both = binder_matrices(binder, "ffn_gate_up_exps.weight", false, 2 * extents[EXPERT_FF],
                                          extents[EMBD], shape->n_expert, shape->n_used);
    if (both.first.kernels) {
        experts->gate = both;
        experts->gate.first = weight_rows(&both.first, 0, shape->n_ff);
        experts->up = both;
        experts->up.first = weight_rows(&both.first, shape->n_ff, shape->n_ff);
        return;
    }
    experts->gate = binder_matrices(binder, "ffn_gate_exps.weight", true, extents[EXPERT_FF], extents[EMBD],
                                    shape->n_expert, shape->n_used);
    experts->up = binder_matrices(binder, "ffn_up_exps.weight", true, extents[EXPERT_FF], extents[EMBD],
                                  shape->n_expert, shape->n_used);
}

static void bind_experts(struct binder *binder, struct layer_tensors *layer) {
    const struct expert_hparams *shape = &binder->hparams->experts;
    const struct architecture *row = binder->hparams->architecture;
    const uint64_t *extents = binder->extents;
    struct expert_tensors *experts = &layer->experts;
    LINES(binder, expert_lines, layer);
    bind_expert_inputs(binder, experts);
    experts->down = binder_matrices(binder, "ffn_down_exps.weight", true, extents[EMBD], extents[EXPERT_FF],
                                    shape->n_expert, shape->n_used);
    if (row->experts.bias) {
        experts->router_bias = binder_vector(binder, "ffn_gate_inp.bias", true, shape->n_expert, 1);
        experts->gate.biases = binder_vector(binder, "ffn_gate_exps.bias", true, shape->n_ff, shape->n_expert);
        experts->up.biases = binder_vector(binder, "ffn_up_exps.bias", true, shape->n_ff, shape->n_expert);
        experts->down.biases = binder_vector(binder, "ffn_down_exps.bias", true, extents[EMBD], shape->n_expert);
    }
    if (!binder->hparams->architecture->ffn.scales) {
        experts->gate.scales = NULL;
        experts->up.scales = NULL;
        experts->down.scales = NULL;
    }
    if (shape->n_ff_shared) {
        LINES(binder, shared_lines, layer);
        drop_scales(&experts->shared);
    }
    if (row->experts.shared == SHARED_EXPERT_GATED) {
        experts->shared_gate = binder_matrix(binder, "ffn_gate_inp_shexp.weight", true, 1, extents[EMBD]);
    }
}

static void swap_norms(struct binder *binder, struct layer_tensors *layer) {
    const struct norm first = layer->attention_norm;
    LINES(binder, second_norm_lines, layer);
    if (layer->attention_norm.weight != first.weight) {
        layer->ffn_norm = first;
    }
}

static void bind_layer(struct binder *binder, struct layer_tensors *layer, const struct layer_hparams *shape) {
    memset(layer, 0, sizeof(*layer));
    LINES(binder, norm_lines, layer);
    if (binder->hparams->architecture->norm.first_optional) {
        const bool first = binder->layer == 0;
        layer->attention_norm.weight = binder_vector(binder, "attn_norm.weight", !first, binder->extents[EMBD], 1);
    }
    swap_norms(binder, layer);
    if (shape->kind == LAYER_LATENT) {
        bind_latent(binder, layer);
    } else if (shape->n_head) {
        bind_attention(binder, layer, shape->kv_layer == binder->layer);
    }
    binder_recurrent(binder, layer, shape->kind);
    binder_per_layer(binder, layer);
    switch (shape->ffn) {
    case FFN_DENSE:
    case FFN_SPARSE:
        bind_ffn(binder, layer);
        break;
    case FFN_EXPERTS:
        bind_experts(binder, layer);
        break;
    case FFN_NONE:
        break;
    }
}

/* The vocabulary is as large as the embedding has rows. */
static int read_vocab_size(const struct binder *binder, struct hparams *hparams) {
    const struct gguf_tensor *tensor = gguf_find_tensor(binder->gguf, "token_embd.weight");
    if (tensor == NULL) {
        return error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no tensor token_embd.weight");
    }
    if (tensor->shape[1] < 1 || tensor->shape[1] > MAX_VOCAB) {
        return error_set(binder->error, QN_ERR_FORMAT, tensor->info_offset,
                         "token_embd.weight has %llu rows; a vocabulary has 1 to %u",
                         (unsigned long long)tensor->shape[1], MAX_VOCAB);
    }
    hparams->n_vocab = (uint32_t)tensor->shape[1];
    return QN_OK;
}

/* What rerankers and classifiers make of an encoder's first token. */
static const char *const classifier[] = {"cls.weight", "cls.bias", "cls.norm.weight", "cls.output.weight",
                                         "cls.output.bias"};

static int bind_all(struct binder *binder, struct tensors *tensors, struct layer_tensors *layers) {
    const struct hparams *hparams = binder->hparams;
    binder_enter(binder, NO_LAYER);
    memset(tensors, 0, sizeof(*tensors));
    tensors->embedding = binder_matrix(binder, "token_embd.weight", true, hparams->n_vocab, hparams->n_embd);
    LINES(binder, model_lines, tensors);
    binder_streams(binder, tensors);
    binder->phase = PHASE_OUTPUT(hparams);
    tensors->output = binder_matrix(binder, "output.weight", false, hparams->n_vocab, hparams->n_embd);
    if (tensors->output.kernels == NULL) {
        tensors->output = tensors->embedding;
    }
    if (hparams->architecture->rope.ignore_freqs) {
        tensors->rope_factors = NULL;
    }
    LINES(binder, output_lines, tensors);
    if (hparams->architecture->output.ignore_bias) {
        tensors->output_bias = NULL;
    }
    if (binder->status == QN_OK && (tensors->dense_in.kernels == NULL) != (tensors->dense_out.kernels == NULL)) {
        binder->status = error_set(binder->error, QN_ERR_FORMAT, QN_NO_OFFSET,
                                   "the file has one of dense_2.weight and dense_3.weight, not both");
    }
    for (size_t i = 0; i < sizeof(classifier) / sizeof(classifier[0]); i++) {
        binder_ignore(binder, classifier[i]);
    }
    tensors->layers = layers;
    for (uint32_t i = 0; i < hparams->n_layer; i++) {
        binder_enter(binder, i);
        bind_layer(binder, &layers[i], &hparams->layers[i]);
    }
    tensors->quantized_bytes = binder->quantized_bytes;
    tensors->panel_bytes = binder->panel_bytes;
    return binder->status;
}

/* "blk.<layer>.", the layer one of those that draft. */
static bool is_draft(struct gguf_text name, const struct hparams *hparams) {
    uint64_t layer = 0;
    size_t i = 4;
    if (name.bytes < 4 || memcmp(name.at, "blk.", 4) != 0) {
        return false;
    }
    for (; i < name.bytes && i < 8 && name.at[i] >= '0' && name.at[i] <= '9'; i++) {
        layer = 10 * layer + (uint64_t)(name.at[i] - '0');
    }
    return i > 4 && i < name.bytes && name.at[i] == '.' && layer >= hparams->n_layer &&
           layer < hparams->n_layer + hparams->n_draft;
}

int tensors_bind(struct tensors *tensors, struct layer_tensors *layers, struct hparams *hparams,
                 const struct gguf *gguf, uintptr_t base, uint16_t *phases, struct qn_error *error) {
    struct binder binder = {.gguf = gguf, .hparams = hparams, .base = base, .phases = phases, .error = error};
    memset(phases, 0, gguf->n_tensors * sizeof(*phases));
    int status = read_vocab_size(&binder, hparams);
    if (status == QN_OK) {
        status = bind_all(&binder, tensors, layers);
    }
    for (size_t i = 0; i < gguf->n_tensors && status == QN_OK; i++) {
        if (phases[i] == 0 && is_draft(gguf->tensors[i].name, hparams)) {
            phases[i] = (uint16_t)(1 + PHASE_OUTPUT(hparams));
        } else if (phases[i] == 0) { /* left out, the model would compute something else */
            const struct gguf_tensor *extra = &gguf->tensors[i];
            status = error_set(error, QN_ERR_UNSUPPORTED, extra->info_offset,
                               "tensor %.*s has no place in %s models as this build runs them", (int)extra->name.bytes,
                               extra->name.at, hparams->architecture->name);
        }
    }
    return status;
}
