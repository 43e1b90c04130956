/* Binds the tensors of attention and multi-head latent attention. */
#include "engine/weights/tensors_attention.h"

#define IN_LAYER(field) offsetof(struct layer_tensors, field)

/* Conditions of the lines below. */
static bool sinks(const struct architecture *row) { return row->attention.sinks; }
static bool output_bias(const struct architecture *row) { return !row->attention.ignore_output_bias; }
static bool inner_norms(const struct architecture *row) { return row->norm.inner; }
static bool qk_norm_shared(const struct architecture *row) { return row->attention.qk_norm == QK_NORM_SHARED; }
static bool qk_norm_per_head(const struct architecture *row) { return row->attention.qk_norm == QK_NORM_PER_HEAD; }
static bool qk_norm_whole(const struct architecture *row) { return row->attention.qk_norm == QK_NORM_WHOLE; }
static bool value_is_key(const struct architecture *row) { return row->attention.value_is_key; }
static bool value_required(const struct architecture *row) { return !row->attention.value_is_key; }

static const struct tensor_line attention_lines[] = {
    {"attn_output.weight", MATRIX, REQUIRED, MIXED, EMBD, ALWAYS, IN_LAYER(output)},
    {"attn_q.bias", VECTOR, OPTIONAL, QUERY_ROWS, ONE, ALWAYS, IN_LAYER(query_bias)},
    {"attn_output.bias", VECTOR, OPTIONAL, EMBD, ONE, output_bias, IN_LAYER(output_bias)},
    {"attn_sinks.weight", VECTOR, REQUIRED, HEADS, ONE, sinks, IN_LAYER(sinks)},
    {"attn_sub_norm.weight", VECTOR, REQUIRED, MIXED, ONE, inner_norms, IN_LAYER(mixed_norm.weight)},
    {"attn_q_norm.weight", VECTOR, REQUIRED, HEAD_DIM, ONE, qk_norm_shared, IN_LAYER(query_norm)},
    {"attn_q_norm.weight", VECTOR, REQUIRED, QUERY_ROWS, ONE, qk_norm_whole, IN_LAYER(query_norm)},
    {"attn_q_norm.weight", VECTOR, OPTIONAL, HEAD_DIM, HEADS, qk_norm_per_head, IN_LAYER(query_norm)},
};

/* Only in layers with keys and values of their own. */
static const struct tensor_line key_lines[] = {
    {"attn_k.bias", VECTOR, OPTIONAL, KEY_ROWS, ONE, ALWAYS, IN_LAYER(key_bias)},
    {"attn_v.bias", VECTOR, OPTIONAL, VALUE_ROWS, ONE, ALWAYS, IN_LAYER(value_bias)},
    {"attn_k_norm.weight", VECTOR, REQUIRED, HEAD_DIM, ONE, qk_norm_shared, IN_LAYER(key_norm)},
    {"attn_k_norm.weight", VECTOR, REQUIRED, KEY_ROWS, ONE, qk_norm_whole, IN_LAYER(key_norm)},
    {"attn_k_norm.weight", VECTOR, OPTIONAL, HEAD_DIM, HEADS_KV, qk_norm_per_head, IN_LAYER(key_norm)},
};

/* Unless Q, K and V are rows of one matrix. */
static const struct tensor_line q_lines[] = {
    {"attn_q.weight", MATRIX, REQUIRED, EMBD, QUERY_ROWS, ALWAYS, IN_LAYER(query)},
};
static const struct tensor_line kv_lines[] = {
    {"attn_k.weight", MATRIX, REQUIRED, EMBD, KEY_ROWS, ALWAYS, IN_LAYER(key)},
    {"attn_v.weight", MATRIX, REQUIRED, EMBD, VALUE_ROWS, value_required, IN_LAYER(value)},
    {"attn_v.weight", MATRIX, OPTIONAL, EMBD, VALUE_ROWS, value_is_key, IN_LAYER(value)},
};

static void bind_separate_qkv(struct binder *binder, struct layer_tensors *layer, bool own_keys) {
    /* Files may have these although the layer does not use them. */
    static const char *const unused[] = {"attn_k.weight", "attn_v.weight", "attn_k_norm.weight"};
    BIND_LINES(binder, q_lines, layer);
    if (own_keys) {
        BIND_LINES(binder, kv_lines, layer);
        return;
    }
    for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
        binder_ignore(binder, unused[i]);
    }
}

/* The rows of Q, then those of K, then those of V. */
static void split_fused_qkv(struct binder *binder, struct layer_tensors *layer, const struct weight *all,
                            bool own_keys) {
    const size_t query = (size_t)binder->extents[QUERY_ROWS];
    const size_t key = (size_t)binder->extents[KEY_ROWS];
    layer->query = weight_rows(all, 0, query);
    if (own_keys) {
        layer->key = weight_rows(all, query, key);
        layer->value = weight_rows(all, query + key, (size_t)binder->extents[VALUE_ROWS]);
    }
    const float *bias = binder_vector(binder, "attn_qkv.bias", OPTIONAL, binder->extents[QKV_ROWS]);
    if (bias) {
        layer->query_bias = bias;
        layer->key_bias = bias + query;
        layer->value_bias = bias + query + key;
    }
}

void bind_attention(struct binder *binder, struct layer_tensors *layer, bool own_keys) {
    const uint64_t *extents = binder->extents;
    const struct weight all = binder_matrix(binder, "attn_qkv.weight", OPTIONAL, extents[QKV_ROWS], extents[EMBD]);
    BIND_LINES(binder, attention_lines, layer);
    if (own_keys) {
        BIND_LINES(binder, key_lines, layer);
    }
    if (binder->hparams->architecture->attention.ignore_output_bias) {
        binder_ignore(binder, "attn_output.bias");
    }
    if (all.kernels) {
        split_fused_qkv(binder, layer, &all, own_keys);
    } else {
        bind_separate_qkv(binder, layer, own_keys);
    }
}

void bind_latent_attention(struct binder *binder, struct layer_tensors *layer) {
    const struct latent_hparams *shape = &binder->hparams->latent;
    struct latent_tensors *latent = &layer->latent;
    const uint64_t heads = binder->extents[HEADS];
    const uint64_t n_embd = binder->extents[EMBD];
    const uint64_t n_rot = binder->hparams->n_rot;
    latent->query = binder_matrix(binder, "attn_q.weight", shape->n_query == 0 ? REQUIRED : OPTIONAL,
                                  heads * shape->head_dim_k, n_embd);
    if (latent->query.kernels == NULL) {
        latent->query_down = binder_matrix(binder, "attn_q_a.weight", REQUIRED, shape->n_query, n_embd);
        latent->query_norm.weight = binder_vector(binder, "attn_q_a_norm.weight", REQUIRED, shape->n_query);
        latent->query = binder_matrix(binder, "attn_q_b.weight", REQUIRED, heads * shape->head_dim_k, shape->n_query);
    }
    latent->down = binder_matrix(binder, "attn_kv_a_mqa.weight", REQUIRED, shape->n_latent + n_rot, n_embd);
    latent->norm.weight = binder_vector(binder, "attn_kv_a_norm.weight", REQUIRED, shape->n_latent);
    if (shape->absorbed) {
        latent->keys =
            binder_matrices(binder, "attn_k_b.weight", REQUIRED, shape->n_latent, shape->n_plain, heads, heads);
        latent->values =
            binder_matrices(binder, "attn_v_b.weight", REQUIRED, shape->head_dim_v, shape->n_latent, heads, heads);
    } else {
        latent->both = binder_matrix(binder, "attn_kv_b.weight", REQUIRED, heads * (shape->n_plain + shape->head_dim_v),
                                     shape->n_latent);
    }
    layer->output = binder_matrix(binder, "attn_output.weight", REQUIRED, n_embd, heads * shape->head_dim_v);
}
