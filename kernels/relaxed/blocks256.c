/* Matrix products of the K-quants with relaxed SIMD. */
#include "kernels/relaxed/dot.h"
#include "kernels/relaxed/pairs.h"
#include "kernels/relaxed/wide.h"
#include "kernels/simd128/gemv.h"
#include "kernels/variants.h"

/* What is particular to a type's batches. */
struct batch256 {
    void (*unpack)(struct rows256 *out, const uint8_t *const at[4]);
    uint32_t block_bytes;
    uint32_t sub_block; /* see store_tail256 */
    uint32_t halves_at; /* see gemv.h, as exact */
    int exact;
    unsigned flush_bits; /* steps whose sums of pairs fit i16, as a power of two; see pairs.h */
    uint32_t steps;      /* those of wide256; 0 where that gains nothing */
};

static int is_wide(const struct batch256 *of) { return of->steps && eighth_bit() != LOST; }

/* A group's scales, behind every `flush` steps. */
ALWAYS_INLINE void store_scales256(uint8_t *panel, size_t g, unsigned flush_bits, const struct scales256 of[4]) {
    const size_t flush = (size_t)1 << flush_bits;
    KEEP_LOOP
    for (size_t half = 0; half < 2; half++) {
        v128_t scale[8];
        doubled(scale, wasm_v128_load(of[0].scale + 8 * half), wasm_v128_load(of[1].scale + 8 * half),
                wasm_v128_load(of[2].scale + 8 * half), wasm_v128_load(of[3].scale + 8 * half));
        KEEP_LOOP
        for (size_t step = 32 * half; step < 32 * half + 32; step += flush) {
            wasm_v128_store(panel + (step + (step >> flush_bits) + flush) * STEP_BYTES + 16 * g, scale[step / 4 % 8]);
        }
    }
}

static void store_group256(uint8_t *panel, size_t g, unsigned flush_bits, size_t sub_block, int exact,
                           const struct rows256 *rows, v128_t halves) {
    KEEP_LOOP
    for (size_t j = 0; j < 16; j++) {
        v128_t steps[4];
        transpose(steps, rows->codes[0][j], rows->codes[1][j], rows->codes[2][j], rows->codes[3][j]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            const size_t step = 4 * j + i;
            wasm_v128_store(panel + (step + (step >> flush_bits)) * STEP_BYTES + 16 * g, steps[i]);
        }
    }
    store_scales256(panel, g, flush_bits, rows->scales);
    struct tail256 *tail = (struct tail256 *)(void *)(panel + (64 + (64 >> flush_bits)) * STEP_BYTES);
    store_tail256(tail + g, sub_block, exact, rows->scales, halves);
}

static void panel256(const struct batch256 *of, const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    const int wide = is_wide(of);
    const size_t blocks = args->n / 256;
    for (size_t g = 0; g < GROUPS; g++) {
        const uint8_t *at[4];
        four_rows(at, w, args->row_bytes, 4 * g, args->rows);
        for (size_t b = 0; b < blocks; b++) {
            struct rows256 unpacked;
            of->unpack(&unpacked, at);
            const v128_t halves = words_of_rows(at, of->halves_at);
            if (wide) {
                uint8_t *block = panel + (g * blocks + b) * wide256_bytes(of->steps);
                wide256_store(block, of->steps, of->sub_block, of->exact, &unpacked, halves);
            } else {
                uint8_t *block = panel + b * PANEL256_BYTES((size_t)1 << of->flush_bits);
                store_group256(block, g, of->flush_bits, of->sub_block, of->exact, &unpacked, halves);
            }
            for (size_t k = 0; k < 4; k++) {
                at[k] += of->block_bytes;
            }
        }
    }
}

static void gemv_q2_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q2_K, scales_q2_K, dot16_scaled, 16, 0, 80, sizeof(struct block_q2_K), args);
}
static void unpack_q2_K(struct rows256 *out, const uint8_t *const at[4]) {
    unpack_rows256(out, chunk_q2_K, scales_q2_K, 16, at);
}
static const struct batch256 batch_q2_K = {unpack_q2_K, sizeof(struct block_q2_K), 16, 80, 0, 2, 2};
static void panel_q2_K(const struct panel_args *args) { panel256(&batch_q2_K, args); }
static void gemm_q2_K(const struct gemm_args *args) {
    if (is_wide(&batch_q2_K)) {
        gemm_wide256_2(16, args);
    } else {
        gemm_pairs256_4(16, args);
    }
}
const struct weight_kernels q2_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(4), gemv_q2_K, panel_q2_K, gemm_q2_K};

static void gemv_q3_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q3_K, scales_q3_K, dot16_scaled, 16, 1, 106, sizeof(struct block_q3_K), args);
}
static void unpack_q3_K(struct rows256 *out, const uint8_t *const at[4]) {
    unpack_rows256(out, chunk_q3_K, scales_q3_K, 16, at);
}
static const struct batch256 batch_q3_K = {unpack_q3_K, sizeof(struct block_q3_K), 16, 106, 1, 2, 2};
static void panel_q3_K(const struct panel_args *args) { panel256(&batch_q3_K, args); }
static void gemm_q3_K(const struct gemm_args *args) {
    if (is_wide(&batch_q3_K)) {
        gemm_wide256_2_exact(args);
    } else {
        gemm_pairs256_4_exact(args);
    }
}
const struct weight_kernels q3_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(4), gemv_q3_K, panel_q3_K, gemm_q3_K};

static void gemv_q4_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q4_K, scales_q4_K, dot32_scaled, 32, 0, 0, sizeof(struct block_q4_K), args);
}
static void unpack_q4_K(struct rows256 *out, const uint8_t *const at[4]) {
    unpack_rows256(out, chunk_q4_K, scales_q4_K, 32, at);
}
static const struct batch256 batch_q4_K = {unpack_q4_K, sizeof(struct block_q4_K), 32, 0, 0, 3, 4};
static void panel_q4_K(const struct panel_args *args) { panel256(&batch_q4_K, args); }
static void gemm_q4_K(const struct gemm_args *args) {
    if (is_wide(&batch_q4_K)) {
        gemm_wide256_4(args);
    } else {
        gemm_pairs256_8(args);
    }
}
const struct weight_kernels q4_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(8), gemv_q4_K, panel_q4_K, gemm_q4_K};

static void gemv_q5_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q5_K, scales_q5_K, dot32_scaled, 32, 0, 0, sizeof(struct block_q5_K), args);
}
static void unpack_q5_K(struct rows256 *out, const uint8_t *const at[4]) {
    unpack_rows256(out, chunk_q5_K, scales_q5_K, 32, at);
}
static const struct batch256 batch_q5_K = {unpack_q5_K, sizeof(struct block_q5_K), 32, 0, 0, 2, 2};
static void panel_q5_K(const struct panel_args *args) { panel256(&batch_q5_K, args); }
static void gemm_q5_K(const struct gemm_args *args) {
    if (is_wide(&batch_q5_K)) {
        gemm_wide256_2(32, args);
    } else {
        gemm_pairs256_4(32, args);
    }
}
const struct weight_kernels q5_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(4), gemv_q5_K, panel_q5_K, gemm_q5_K};

static void gemv_q6_K(const struct gemv_args *args) {
    gemv_blocks256(chunk_q6_K, scales_q6_K, dot16_scaled, 16, 1, 206, sizeof(struct block_q6_K), args);
}
static void unpack_q6_K(struct rows256 *out, const uint8_t *const at[4]) {
    unpack_rows256(out, chunk_q6_K, scales_q6_K, 16, at);
}
static const struct batch256 batch_q6_K = {unpack_q6_K, sizeof(struct block_q6_K), 16, 206, 1, 1, 0};
static void panel_q6_K(const struct panel_args *args) { panel256(&batch_q6_K, args); }
static void gemm_q6_K(const struct gemm_args *args) { gemm_pairs256_2_exact(args); }
const struct weight_kernels q6_K_relaxed = {ACTIVATION_Q8_K, PANEL256_BYTES(2), gemv_q6_K, panel_q6_K, gemm_q6_K};
