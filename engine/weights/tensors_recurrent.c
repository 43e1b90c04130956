/* Binds the tensors of recurrent mixers. */
#include "engine/weights/tensors_recurrent.h"

#define IN_SHORTCONV(field) offsetof(struct shortconv_tensors, field)
#define IN_MAMBA(field)     offsetof(struct mamba_tensors, field)
#define IN_DELTA(field)     offsetof(struct delta_tensors, field)

static const struct tensor_line shortconv_lines[] = {
    {"shortconv.in_proj.weight", MATRIX, REQUIRED, EMBD, EMBD_THRICE, ALWAYS, IN_SHORTCONV(in)},
    {"shortconv.conv.weight", VECTOR, REQUIRED, TAPS, EMBD, ALWAYS, IN_SHORTCONV(conv)},
    {"shortconv.out_proj.weight", MATRIX, REQUIRED, EMBD, EMBD, ALWAYS, IN_SHORTCONV(out)},
};

static const struct tensor_line mamba_lines[] = {
    {"ssm_in.weight", MATRIX, REQUIRED, EMBD, INNER_TWICE, ALWAYS, IN_MAMBA(in)},
    {"ssm_conv1d.weight", VECTOR, REQUIRED, TAPS, INNER, ALWAYS, IN_MAMBA(conv)},
    {"ssm_conv1d.bias", VECTOR, REQUIRED, INNER, ONE, ALWAYS, IN_MAMBA(conv_bias)},
    {"ssm_x.weight", MATRIX, REQUIRED, INNER, RANK_STATES, ALWAYS, IN_MAMBA(x)},
    {"ssm_dt.weight", MATRIX, REQUIRED, RANK, INNER, ALWAYS, IN_MAMBA(dt)},
    {"ssm_dt.bias", VECTOR, REQUIRED, INNER, ONE, ALWAYS, IN_MAMBA(dt_bias)},
    {"ssm_a", VECTOR, REQUIRED, STATE, INNER, ALWAYS, IN_MAMBA(a)},
    {"ssm_d", VECTOR, REQUIRED, INNER, ONE, ALWAYS, IN_MAMBA(d)},
    {"ssm_out.weight", MATRIX, REQUIRED, INNER, EMBD, ALWAYS, IN_MAMBA(out)},
};

static const struct tensor_line mamba2_lines[] = {
    {"ssm_in.weight", MATRIX, REQUIRED, EMBD, PROJECTED, ALWAYS, IN_MAMBA(in)},
    {"ssm_conv1d.weight", VECTOR, REQUIRED, TAPS, INNER_GROUPS, ALWAYS, IN_MAMBA(conv)},
    {"ssm_conv1d.bias", VECTOR, OPTIONAL, INNER_GROUPS, ONE, ALWAYS, IN_MAMBA(conv_bias)},
    {"ssm_dt.bias", VECTOR, REQUIRED, RANK, ONE, ALWAYS, IN_MAMBA(dt_bias)},
    {"ssm_a", VECTOR, REQUIRED, ONE, RANK, ALWAYS, IN_MAMBA(a)},
    {"ssm_d", VECTOR, REQUIRED, ONE, RANK, ALWAYS, IN_MAMBA(d)},
    {"ssm_out.weight", MATRIX, REQUIRED, INNER, EMBD, ALWAYS, IN_MAMBA(out)},
};

static const struct tensor_line delta_lines[] = {
    {"attn_qkv.weight", MATRIX, REQUIRED, EMBD, INNER_GROUPS, ALWAYS, IN_DELTA(qkv)},
    {"attn_gate.weight", MATRIX, REQUIRED, EMBD, INNER, ALWAYS, IN_DELTA(gate)},
    {"ssm_beta.weight", MATRIX, REQUIRED, EMBD, RANK, ALWAYS, IN_DELTA(beta)},
    {"ssm_alpha.weight", MATRIX, REQUIRED, EMBD, RANK, ALWAYS, IN_DELTA(alpha)},
    {"ssm_conv1d.weight", VECTOR, REQUIRED, TAPS, INNER_GROUPS, ALWAYS, IN_DELTA(conv)},
    {"ssm_dt.bias", VECTOR, REQUIRED, RANK, ONE, ALWAYS, IN_DELTA(dt_bias)},
    {"ssm_a", VECTOR, REQUIRED, RANK, ONE, ALWAYS, IN_DELTA(a)},
    {"ssm_norm.weight", VECTOR, REQUIRED, STATE, ONE, ALWAYS, IN_DELTA(norm)},
    {"ssm_out.weight", MATRIX, REQUIRED, INNER, EMBD, ALWAYS, IN_DELTA(out)},
};

static void bind_mamba2(struct binder *binder, struct mamba_tensors *mamba, enum presence norm) {
    const struct recurrent_hparams *shape = &binder->hparams->recurrent;
    BIND_LINES(binder, mamba2_lines, mamba);
    mamba->norm = binder_vectors(binder, "ssm_norm.weight", norm, shape->groups, shape->inner / shape->groups);
}

void bind_recurrent(struct binder *binder, struct layer_tensors *layer, enum layer_kind kind) {
    switch (kind) {
    case LAYER_ATTENTION:
    case LAYER_LATENT:
        break;
    case LAYER_SHORTCONV:
        BIND_LINES(binder, shortconv_lines, &layer->shortconv);
        break;
    case LAYER_MAMBA:
        BIND_LINES(binder, mamba_lines, &layer->mamba);
        break;
    case LAYER_MAMBA2:
        bind_mamba2(binder, &layer->mamba, REQUIRED);
        break;
    case LAYER_ATTENTION_MAMBA2:
        bind_mamba2(binder, &layer->mamba, OPTIONAL);
        break;
    case LAYER_DELTA:
        BIND_LINES(binder, delta_lines, &layer->delta);
        break;
    }
}
