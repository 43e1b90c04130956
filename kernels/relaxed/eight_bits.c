/* q8_0 and iq4_nl need all eight bits of their codes. Where the host's dot loses the eighth, the kernels are those of
 * plain SIMD128. */
#include "kernels/relaxed/wide.h"
#include "kernels/simd128/gemv.h"
#include "kernels/variants.h"

/* Codes plus 128, for a dot that takes them as unsigned. */
static inline void codes_unsigned(v128_t codes[2], const uint8_t *block) {
    codes_q8_0(codes, block);
    codes[0] = wasm_v128_xor(codes[0], every8(-128));
    codes[1] = wasm_v128_xor(codes[1], every8(-128));
}

static inline void codes_iq4_nl_unsigned(v128_t codes[2], const uint8_t *block) {
    codes_iq4_nl(codes, block);
    codes[0] = wasm_v128_xor(codes[0], every8(-128));
    codes[1] = wasm_v128_xor(codes[1], every8(-128));
}

ALWAYS_INLINE v128_t dot32(const v128_t codes[2], const v128_t activations[2]) {
    return dot_add(activations[1], codes[1], dot_add(activations[0], codes[0], wasm_i32x4_splat(0)));
}

static void gemv_q8_0(const struct gemv_args *args) {
    const enum eighth_bit is = eighth_bit();
    if (is == SIGNED) {
        gemv_blocks32(codes_q8_0, dot32, (struct form32){sizeof(struct block_q8_0), 0, 0, 0}, 0, args);
    } else if (is == UNSIGNED) {
        gemv_blocks32(codes_unsigned, dot32, (struct form32){sizeof(struct block_q8_0), 8, 0, 0}, 0, args);
    } else {
        q8_0_simd128.gemv(args);
    }
}

static void panel_q8_0(const struct panel_args *args) {
    const enum eighth_bit is = eighth_bit();
    if (is == SIGNED) {
        panel_blocks32(codes_q8_0, sizeof(struct block_q8_0), args);
    } else if (is == UNSIGNED) {
        panel_blocks32(codes_unsigned, sizeof(struct block_q8_0), args);
    } else {
        q8_0_simd128.unpack_panel(args);
    }
}

static void gemm_q8_0(const struct gemm_args *args) {
    const enum eighth_bit is = eighth_bit();
    if (is == LOST) {
        q8_0_simd128.gemm(args);
    } else {
        gemm_wide32(is == SIGNED ? 0 : 8, args);
    }
}

const struct weight_kernels q8_0_relaxed = {ACTIVATION_Q8_0, PANEL32_I16_BYTES, gemv_q8_0, panel_q8_0, gemm_q8_0};

static void gemv_iq4_nl(const struct gemv_args *args) {
    const enum eighth_bit is = eighth_bit();
    if (is == SIGNED) {
        gemv_blocks32(codes_iq4_nl, dot32, (struct form32){sizeof(struct block_iq4_nl), 0, 0, 0}, 0, args);
    } else if (is == UNSIGNED) {
        gemv_blocks32(codes_iq4_nl_unsigned, dot32, (struct form32){sizeof(struct block_iq4_nl), 8, 0, 0}, 0, args);
    } else {
        iq4_nl_simd128.gemv(args);
    }
}

static void panel_iq4_nl(const struct panel_args *args) {
    const enum eighth_bit is = eighth_bit();
    if (is == SIGNED) {
        panel_blocks32(codes_iq4_nl, sizeof(struct block_iq4_nl), args);
    } else if (is == UNSIGNED) {
        panel_blocks32(codes_iq4_nl_unsigned, sizeof(struct block_iq4_nl), args);
    } else {
        iq4_nl_simd128.unpack_panel(args);
    }
}

/* The panel is one of q8_0. */
const struct weight_kernels iq4_nl_relaxed = {ACTIVATION_Q8_0, PANEL32_I16_BYTES, gemv_iq4_nl, panel_iq4_nl, gemm_q8_0};
