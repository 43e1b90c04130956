/* Matrix products of the block-of-32 types with relaxed SIMD; q8_0 is in
 * eight_bits.c. */
#include "kernels/relaxed/dot.h"
#include "kernels/relaxed/pairs.h"
#include "kernels/relaxed/wide.h"
#include "kernels/simd128/gemv.h"
#include "kernels/variants.h"

static void gemm_q4_0(const struct gemm_args *args) {
    if (eighth_bit() == LOST) {
        gemm_pairs32_8(args);
    } else {
        gemm_wide32(4, args);
    }
}

static void gemm_q4_1(const struct gemm_args *args) {
    if (eighth_bit() == LOST) {
        gemm_pairs32_8_minimum(args);
    } else {
        gemm_wide32_minimum(args);
    }
}

static void gemm_q5_0(const struct gemm_args *args) {
    if (eighth_bit() == LOST) {
        gemm_pairs32_4(args);
    } else {
        gemm_wide32(5, args);
    }
}

static void gemm_q5_1(const struct gemm_args *args) {
    if (eighth_bit() == LOST) {
        gemm_pairs32_4_minimum(args);
    } else {
        gemm_wide32_minimum(args);
    }
}

static void gemv_q4_0(const struct gemv_args *args) {
    gemv_blocks32(codes_q4_0, pairs32, (struct form32){sizeof(struct block_q4_0), 4, 1, 0}, 0, args);
}
static void panel_q4_0(const struct panel_args *args) { panel_blocks32(codes_q4_0, sizeof(struct block_q4_0), args); }
const struct weight_kernels q4_0_relaxed = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_q4_0, panel_q4_0, gemm_q4_0};

static void gemv_q4_1(const struct gemv_args *args) {
    gemv_blocks32(codes_q4_1, pairs32, (struct form32){sizeof(struct block_q4_1), 0, 1, 0}, 1, args);
}
static void panel_q4_1(const struct panel_args *args) { panel_blocks32(codes_q4_1, sizeof(struct block_q4_1), args); }
const struct weight_kernels q4_1_relaxed = {ACTIVATION_Q8_1, PANEL32_BYTES, gemv_q4_1, panel_q4_1, gemm_q4_1};

static void gemv_q5_0(const struct gemv_args *args) {
    gemv_blocks32(codes_q5_0, pairs32, (struct form32){sizeof(struct block_q5_0), 5, 1, 1}, 0, args);
}
static void panel_q5_0(const struct panel_args *args) { panel_blocks32(codes_q5_0, sizeof(struct block_q5_0), args); }
const struct weight_kernels q5_0_relaxed = {ACTIVATION_Q8_0, PANEL32_BYTES, gemv_q5_0, panel_q5_0, gemm_q5_0};

static void gemv_q5_1(const struct gemv_args *args) {
    gemv_blocks32(codes_q5_1, pairs32, (struct form32){sizeof(struct block_q5_1), 0, 1, 1}, 1, args);
}
static void panel_q5_1(const struct panel_args *args) { panel_blocks32(codes_q5_1, sizeof(struct block_q5_1), args); }
const struct weight_kernels q5_1_relaxed = {ACTIVATION_Q8_1, PANEL32_BYTES, gemv_q5_1, panel_q5_1, gemm_q5_1};
