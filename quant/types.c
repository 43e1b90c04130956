#include "quant/types.h"

#define K 256 /* weights of a super-block */

/* ggml.c, type_traits: names, block sizes. Numbers without an entry were removed from GGUF or never given out. */
static const struct type_traits traits[TYPE_COUNT] = {
    [TYPE_F32] = {"f32", 1, 4},
    [TYPE_F16] = {"f16", 1, 2},
    [TYPE_Q4_0] = {"q4_0", 32, 18},
    [TYPE_Q4_1] = {"q4_1", 32, 20},
    [TYPE_Q5_0] = {"q5_0", 32, 22},
    [TYPE_Q5_1] = {"q5_1", 32, 24},
    [TYPE_Q8_0] = {"q8_0", 32, 34},
    [TYPE_Q8_1] = {"q8_1", 32, 36},
    [TYPE_Q2_K] = {"q2_K", K, 84},
    [TYPE_Q3_K] = {"q3_K", K, 110},
    [TYPE_Q4_K] = {"q4_K", K, 144},
    [TYPE_Q5_K] = {"q5_K", K, 176},
    [TYPE_Q6_K] = {"q6_K", K, 210},
    [TYPE_Q8_K] = {"q8_K", K, 292},
    [TYPE_IQ2_XXS] = {"iq2_xxs", K, 66},
    [TYPE_IQ2_XS] = {"iq2_xs", K, 74},
    [TYPE_IQ3_XXS] = {"iq3_xxs", K, 98},
    [TYPE_IQ1_S] = {"iq1_s", K, 50},
    [TYPE_IQ4_NL] = {"iq4_nl", 32, 18},
    [TYPE_IQ3_S] = {"iq3_s", K, 110},
    [TYPE_IQ2_S] = {"iq2_s", K, 82},
    [TYPE_IQ4_XS] = {"iq4_xs", K, 136},
    [TYPE_I8] = {"i8", 1, 1},
    [TYPE_I16] = {"i16", 1, 2},
    [TYPE_I32] = {"i32", 1, 4},
    [TYPE_I64] = {"i64", 1, 8},
    [TYPE_F64] = {"f64", 1, 8},
    [TYPE_IQ1_M] = {"iq1_m", K, 56},
    [TYPE_BF16] = {"bf16", 1, 2},
    [TYPE_TQ1_0] = {"tq1_0", K, 54},
    [TYPE_TQ2_0] = {"tq2_0", K, 66},
    [TYPE_MXFP4] = {"mxfp4", 32, 17},
    [TYPE_NVFP4] = {"nvfp4", 64, 36},
    [TYPE_Q1_0] = {"q1_0", 128, 18},
    [TYPE_Q2_0] = {"q2_0", 64, 18},
};

const struct type_traits *type_traits(uint32_t type) {
    return type < TYPE_COUNT && traits[type].block_weights != 0 ? &traits[type] : NULL;
}
