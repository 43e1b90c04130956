/* The tensors of recurrent mixers. */
#include "engine/weights/binder.h"

#define IN_SHORTCONV(field) offsetof(struct shortconv_tensors, field)
#define IN_MAMBA(field)     offsetof(struct mamba_tensors, field)
#define IN_DELTA(field)     offsetof(struct delta_tensors, field)

static const struct place_line shortconv_lines[] = {
    {"shortconv.in_proj.weight", PLACE_MATRIX, true, EMBD, EMBD_THRICE, 0, 0, IN_SHORTCONV(in)},
    {"shortconv.conv.weight", PLACE_VECTOR, true, TAPS, EMBD, 0, 0, IN_SHORTCONV(conv)},
    {"shortconv.out_proj.weight", PLACE_MATRIX, true, EMBD, EMBD, 0, 0, IN_SHORTCONV(out)},
};

static const struct place_line mamba_lines[] = {
    {"ssm_in.weight", PLACE_MATRIX, true, EMBD, INNER_TWICE, 0, 0, IN_MAMBA(in)},
    {"ssm_conv1d.weight", PLACE_VECTOR, true, TAPS, INNER, 0, 0, IN_MAMBA(conv)},
    {"ssm_conv1d.bias", PLACE_VECTOR, true, INNER, ONE, 0, 0, IN_MAMBA(conv_bias)},
    {"ssm_x.weight", PLACE_MATRIX, true, INNER, RANK_STATES, 0, 0, IN_MAMBA(x)},
    {"ssm_dt.weight", PLACE_MATRIX, true, RANK, INNER, 0, 0, IN_MAMBA(dt)},
    {"ssm_dt.bias", PLACE_VECTOR, true, INNER, ONE, 0, 0, IN_MAMBA(dt_bias)},
    {"ssm_a", PLACE_VECTOR, true, STATE, INNER, 0, 0, IN_MAMBA(a)},
    {"ssm_d", PLACE_VECTOR, true, INNER, ONE, 0, 0, IN_MAMBA(d)},
    {"ssm_out.weight", PLACE_MATRIX, true, INNER, EMBD, 0, 0, IN_MAMBA(out)},
};

static const struct place_line mamba2_lines[] = {
    {"ssm_in.weight", PLACE_MATRIX, true, EMBD, PROJECTED, 0, 0, IN_MAMBA(in)},
    {"ssm_conv1d.weight", PLACE_VECTOR, true, TAPS, INNER_GROUPS, 0, 0, IN_MAMBA(conv)},
    {"ssm_conv1d.bias", PLACE_VECTOR, false, INNER_GROUPS, ONE, 0, 0, IN_MAMBA(conv_bias)},
    {"ssm_dt.bias", PLACE_VECTOR, true, RANK, ONE, 0, 0, IN_MAMBA(dt_bias)},
    {"ssm_a", PLACE_VECTOR, true, ONE, RANK, 0, 0, IN_MAMBA(a)},
    {"ssm_d", PLACE_VECTOR, true, ONE, RANK, 0, 0, IN_MAMBA(d)},
    {"ssm_out.weight", PLACE_MATRIX, true, INNER, EMBD, 0, 0, IN_MAMBA(out)},
};

static const struct place_line delta_lines[] = {
    {"attn_qkv.weight", PLACE_MATRIX, true, EMBD, INNER_GROUPS, 0, 0, IN_DELTA(qkv)},
    {"attn_gate.weight", PLACE_MATRIX, true, EMBD, INNER, 0, 0, IN_DELTA(gate)},
    {"ssm_beta.weight", PLACE_MATRIX, true, EMBD, RANK, 0, 0, IN_DELTA(beta)},
    {"ssm_alpha.weight", PLACE_MATRIX, true, EMBD, RANK, 0, 0, IN_DELTA(alpha)},
    {"ssm_conv1d.weight", PLACE_VECTOR, true, TAPS, INNER_GROUPS, 0, 0, IN_DELTA(conv)},
    {"ssm_dt.bias", PLACE_VECTOR, true, RANK, ONE, 0, 0, IN_DELTA(dt_bias)},
    {"ssm_a", PLACE_VECTOR, true, RANK, ONE, 0, 0, IN_DELTA(a)},
    {"ssm_norm.weight", PLACE_VECTOR, true, STATE, ONE, 0, 0, IN_DELTA(norm)},
    {"ssm_out.weight", PLACE_MATRIX, true, INNER, EMBD, 0, 0, IN_DELTA(out)},
};

#define LINES(binder, table, into) binder_lines(binder, table, sizeof(table) / sizeof((table)[0]), into)

static void bind_mamba2(struct binder *binder, struct mamba_tensors *mamba, bool norm_required) {
    const struct recurrent_hparams *shape = &binder->hparams->recurrent;
    LINES(binder, mamba2_lines, mamba);
    mamba->norm = binder_vector(binder, "ssm_norm.weight", norm_required, shape->inner / shape->groups, shape->groups);
}

void binder_recurrent(struct binder *binder, struct layer_tensors *layer, enum layer_kind kind) {
    switch (kind) {
    case LAYER_ATTENTION:
    case LAYER_LATENT:
        break;
    case LAYER_SHORTCONV:
        LINES(binder, shortconv_lines, &layer->shortconv);
        break;
    case LAYER_MAMBA:
        LINES(binder, mamba_lines, &layer->mamba);
        break;
    case LAYER_MAMBA2:
        bind_mamba2(binder, &layer->mamba, true);
        break;
    case LAYER_ATTENTION_MAMBA2:
        bind_mamba2(binder, &layer->mamba, false);
        break;
    case LAYER_DELTA:
        LINES(binder, delta_lines, &layer->delta);
        break;
    }
}
