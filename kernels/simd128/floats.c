/* Matrix products of F32, F16 and BF16 weights: partial sum i % 4 is lane i % 4. A panel is rows of floats, interleaved
 * by fours of weights: (n / 4, PANEL_ROWS, 4). */
#include "kernels/simd128/lanes.h"
#include "kernels/variants.h"

/* Eight weights. */
typedef void eight_fn(v128_t out[2], const uint8_t *w);

ALWAYS_INLINE void eight_f32(v128_t out[2], const uint8_t *w) {
    out[0] = wasm_v128_load(w);
    out[1] = wasm_v128_load(w + 16);
}

ALWAYS_INLINE void eight_f16(v128_t out[2], const uint8_t *w) { widen_halves(&out[0], &out[1], wasm_v128_load(w)); }

ALWAYS_INLINE void eight_bf16(v128_t out[2], const uint8_t *w) {
    const v128_t halves = wasm_v128_load(w);
    const v128_t zero = wasm_i16x8_splat(0);
    out[0] = wasm_i16x8_shuffle(zero, halves, 0, 8, 1, 9, 2, 10, 3, 11);
    out[1] = wasm_i16x8_shuffle(zero, halves, 4, 12, 5, 13, 6, 14, 7, 15);
}

/* (s0 + s1) + (s2 + s3) of each of four rows. */
ALWAYS_INLINE v128_t add_partial(const v128_t sums[4]) {
    v128_t m[4];
    transpose(m, sums[0], sums[1], sums[2], sums[3]);
    return wasm_f32x4_add(wasm_f32x4_add(m[0], m[1]), wasm_f32x4_add(m[2], m[3]));
}

/* Widths that are no multiple of eight end in single weights; their lanes are added one by one. */
ALWAYS_INLINE float single(eight_fn *eight, size_t width, const uint8_t *w) {
    uint8_t bytes[32] = {0};
    KEEP_LOOP
    for (size_t k = 0; k < width; k++) {
        bytes[k] = w[k];
    }
    v128_t out[2];
    eight(out, bytes);
    return wasm_f32x4_extract_lane(out[0], 0);
}

ALWAYS_INLINE void add_tail(eight_fn *eight, size_t width, v128_t *sum, const uint8_t *w, const float *x,
                            size_t count) {
    float lanes[4];
    wasm_v128_store(lanes, *sum);
    KEEP_LOOP
    for (size_t i = 0; i < count; i++) {
        lanes[i % 4] += single(eight, width, w + i * width) * x[i];
    }
    *sum = wasm_v128_load(lanes);
}

ALWAYS_INLINE void gemv_floats(eight_fn *eight, size_t width, const struct gemv_args *args) {
    const size_t rows = args->rows;
    const size_t n = args->n;
    for (size_t row = 0; row < rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, row, rows);
        const uint8_t *x = args->activation;
        v128_t sums[4] = {wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f),
                          wasm_f32x4_splat(0.0f)};
        KEEP_LOOP
        for (size_t i = n / 8; i; i--) {
            x = opaque(x);
            UNROLL
            for (int k = 0; k < 4; k++) {
                v128_t each[2];
                at[k] = opaque(at[k]);
                eight(each, at[k]);
                sums[k] = wasm_f32x4_add(sums[k], wasm_f32x4_mul(each[0], wasm_v128_load(x)));
                sums[k] = wasm_f32x4_add(sums[k], wasm_f32x4_mul(each[1], wasm_v128_load(x + 16)));
                at[k] += 8 * width;
            }
            x += 32;
        }
        v128_t totals[4] = {sums[0], sums[1], sums[2], sums[3]}; /* indexed, which the sums in registers are not */
        KEEP_LOOP
        for (int k = 0; k < 4 && n % 8; k++) {
            add_tail(eight, width, &totals[k], at[k], (const float *)(const void *)x, n % 8);
        }
        store_lanes(args->out + row, add_partial(totals), rows - row);
    }
}

/* The fours of the last few weights may be short: those lie close together, row by row. */
ALWAYS_INLINE void panel_floats(eight_fn *eight, size_t width, const struct panel_args *args) {
    const size_t rows = args->rows;
    const size_t n = args->n;
    KEEP_LOOP
    for (size_t r = 0; r < PANEL_ROWS; r++) {
        const uint8_t *row = args->w + (r < rows ? r : rows - 1) * args->row_bytes;
        float *out = (float *)(void *)args->panel + 4 * r;
        KEEP_LOOP
        for (size_t i = n / 8; i; i--) {
            v128_t each[2];
            eight(each, row);
            wasm_v128_store(out, each[0]);
            wasm_v128_store(out + 4 * PANEL_ROWS, each[1]);
            row += 8 * width;
            out += 8 * PANEL_ROWS;
        }
        const size_t rest = n % 8;
        out -= 4 * r; /* the rows' place behind whole eights */
        KEEP_LOOP
        for (size_t i = 0; i < rest; i++) {
            const size_t at = i < rest / 4 * 4 ? 4 * r + i : rest / 4 * 4 * PANEL_ROWS + rest % 4 * r + i % 4;
            out[at] = single(eight, width, row + i * width);
        }
    }
}

static void gemm_floats(const struct gemm_args *args) {
    const size_t rows = args->rows;
    const size_t n = args->n;
    for (size_t t = 0; t < args->tokens; t++) {
        const uint8_t *x = args->activations + t * args->activation_bytes;
        const uint8_t *w = args->panel;
        v128_t sums[PANEL_ROWS];
        UNROLL
        for (int r = 0; r < PANEL_ROWS; r++) {
            sums[r] = wasm_f32x4_splat(0.0f);
        }
        KEEP_LOOP
        for (size_t i = n / 4; i; i--) {
            w = opaque(w);
            const v128_t a = wasm_v128_load(x);
            UNROLL
            for (int r = 0; r < PANEL_ROWS; r++) {
                sums[r] = wasm_f32x4_add(sums[r], wasm_f32x4_mul(wasm_v128_load(w + 16 * r), a));
            }
            w += 16 * PANEL_ROWS;
            x += 16;
        }
        const size_t rest = n % 4;
        v128_t totals[PANEL_ROWS];
        UNROLL
        for (int r = 0; r < PANEL_ROWS; r++) {
            totals[r] = sums[r];
        }
        KEEP_LOOP
        for (size_t r = 0; r < PANEL_ROWS && rest; r++) {
            add_tail(eight_f32, 4, &totals[r], w + 4 * rest * r, (const float *)(const void *)x, rest);
        }
        KEEP_LOOP
        for (size_t r = 0; r < rows; r += 4) {
            store_lanes(args->out + t * args->out_stride + r, add_partial(totals + r), rows - r);
        }
    }
}

static void gemv_f32(const struct gemv_args *args) { gemv_floats(eight_f32, 4, args); }
static void panel_f32(const struct panel_args *args) { panel_floats(eight_f32, 4, args); }
const struct weight_kernels f32_simd128 = {ACTIVATION_F32, PANEL_ROWS * sizeof(float), gemv_f32, panel_f32,
                                           gemm_floats};

static void gemv_f16(const struct gemv_args *args) { gemv_floats(eight_f16, 2, args); }
static void panel_f16(const struct panel_args *args) { panel_floats(eight_f16, 2, args); }
const struct weight_kernels f16_simd128 = {ACTIVATION_F32, PANEL_ROWS * sizeof(float), gemv_f16, panel_f16,
                                           gemm_floats};

static void gemv_bf16(const struct gemv_args *args) { gemv_floats(eight_bf16, 2, args); }
static void panel_bf16(const struct panel_args *args) { panel_floats(eight_bf16, 2, args); }
const struct weight_kernels bf16_simd128 = {ACTIVATION_F32, PANEL_ROWS * sizeof(float), gemv_bf16, panel_bf16,
                                            gemm_floats};
