#include "quant/decode.h"

static decode_fn *const decoders[TYPE_COUNT] = {
    [TYPE_F32] = decode_f32,         [TYPE_F16] = decode_f16,       [TYPE_Q4_0] = decode_q4_0,
    [TYPE_Q4_1] = decode_q4_1,       [TYPE_Q5_0] = decode_q5_0,     [TYPE_Q5_1] = decode_q5_1,
    [TYPE_Q8_0] = decode_q8_0,       [TYPE_Q2_K] = decode_q2_K,     [TYPE_Q3_K] = decode_q3_K,
    [TYPE_Q4_K] = decode_q4_K,       [TYPE_Q5_K] = decode_q5_K,     [TYPE_Q6_K] = decode_q6_K,
    [TYPE_IQ2_XXS] = decode_iq2_xxs, [TYPE_IQ2_XS] = decode_iq2_xs, [TYPE_IQ3_XXS] = decode_iq3_xxs,
    [TYPE_IQ1_S] = decode_iq1_s,     [TYPE_IQ4_NL] = decode_iq4_nl, [TYPE_IQ3_S] = decode_iq3_s,
    [TYPE_IQ2_S] = decode_iq2_s,     [TYPE_IQ4_XS] = decode_iq4_xs, [TYPE_IQ1_M] = decode_iq1_m,
    [TYPE_BF16] = decode_bf16,       [TYPE_TQ1_0] = decode_tq1_0,   [TYPE_TQ2_0] = decode_tq2_0,
    [TYPE_MXFP4] = decode_mxfp4,     [TYPE_NVFP4] = decode_nvfp4,   [TYPE_Q1_0] = decode_q1_0,
    [TYPE_Q2_0] = decode_q2_0,
};

decode_fn *type_decoder(uint32_t type) { return type < TYPE_COUNT ? decoders[type] : NULL; }
