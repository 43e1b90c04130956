#include "quant/types.h"
#include "quant/decode.h"

#define K 256 /* weights of a super-block */

/* ggml.c, type_traits: names, block sizes. Numbers without an entry were removed from GGUF or never given out. */
static const struct type_traits traits[TYPE_COUNT] = {
    [TYPE_F32] = {"f32", 1, 4, decode_f32},
    [TYPE_F16] = {"f16", 1, 2, decode_f16},
    [TYPE_Q4_0] = {"q4_0", 32, 18, decode_q4_0},
    [TYPE_Q4_1] = {"q4_1", 32, 20, decode_q4_1},
    [TYPE_Q5_0] = {"q5_0", 32, 22, decode_q5_0},
    [TYPE_Q5_1] = {"q5_1", 32, 24, decode_q5_1},
    [TYPE_Q8_0] = {"q8_0", 32, 34, decode_q8_0},
    [TYPE_Q8_1] = {"q8_1", 32, 36, NULL},
    [TYPE_Q2_K] = {"q2_K", K, 84, decode_q2_K},
    [TYPE_Q3_K] = {"q3_K", K, 110, decode_q3_K},
    [TYPE_Q4_K] = {"q4_K", K, 144, decode_q4_K},
    [TYPE_Q5_K] = {"q5_K", K, 176, decode_q5_K},
    [TYPE_Q6_K] = {"q6_K", K, 210, decode_q6_K},
    [TYPE_Q8_K] = {"q8_K", K, 292, NULL},
    [TYPE_IQ2_XXS] = {"iq2_xxs", K, 66, decode_iq2_xxs},
    [TYPE_IQ2_XS] = {"iq2_xs", K, 74, decode_iq2_xs},
    [TYPE_IQ3_XXS] = {"iq3_xxs", K, 98, decode_iq3_xxs},
    [TYPE_IQ1_S] = {"iq1_s", K, 50, decode_iq1_s},
    [TYPE_IQ4_NL] = {"iq4_nl", 32, 18, decode_iq4_nl},
    [TYPE_IQ3_S] = {"iq3_s", K, 110, decode_iq3_s},
    [TYPE_IQ2_S] = {"iq2_s", K, 82, decode_iq2_s},
    [TYPE_IQ4_XS] = {"iq4_xs", K, 136, decode_iq4_xs},
    [TYPE_I8] = {"i8", 1, 1, NULL},
    [TYPE_I16] = {"i16", 1, 2, NULL},
    [TYPE_I32] = {"i32", 1, 4, NULL},
    [TYPE_I64] = {"i64", 1, 8, NULL},
    [TYPE_F64] = {"f64", 1, 8, NULL},
    [TYPE_IQ1_M] = {"iq1_m", K, 56, decode_iq1_m},
    [TYPE_BF16] = {"bf16", 1, 2, decode_bf16},
    [TYPE_TQ1_0] = {"tq1_0", K, 54, decode_tq1_0},
    [TYPE_TQ2_0] = {"tq2_0", K, 66, decode_tq2_0},
    [TYPE_MXFP4] = {"mxfp4", 32, 17, decode_mxfp4},
    [TYPE_NVFP4] = {"nvfp4", 64, 36, decode_nvfp4},
    [TYPE_Q1_0] = {"q1_0", 128, 18, decode_q1_0},
    [TYPE_Q2_0] = {"q2_0", 64, 18, decode_q2_0},
};

const struct type_traits *type_traits(uint32_t type) {
    return type < TYPE_COUNT && traits[type].block_weights != 0 ? &traits[type] : NULL;
}
