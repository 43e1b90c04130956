/* Matrix products of F32, F16 and BF16 weights: partial sum i % 4 is lane i % 4. A panel is rows of floats, interleaved
 * by fours of weights: (n / 4, PANEL_ROWS, 4). */
#include "kernels/simd128/lanes.h"
#include "kernels/variants.h"

/* Four weights from the i-th on. */
typedef v128_t four_fn(const uint8_t *row, size_t i);

ALWAYS_INLINE v128_t four_f32(const uint8_t *row, size_t i) { return wasm_v128_load(row + 4 * i); }
ALWAYS_INLINE v128_t four_f16(const uint8_t *row, size_t i) {
    v128_t four;
    v128_t none;
    widen_halves(&four, &none, wasm_v128_load64_zero(row + 2 * i));
    return four;
}
ALWAYS_INLINE v128_t four_bf16(const uint8_t *row, size_t i) {
    return wasm_i32x4_shl(wasm_u32x4_load16x4(row + 2 * i), 16);
}

/* (s0 + s1) + (s2 + s3) of each of four rows. */
ALWAYS_INLINE v128_t add_partial(const v128_t sums[4]) {
    v128_t m[4];
    transpose(m, sums[0], sums[1], sums[2], sums[3]);
    return wasm_f32x4_add(wasm_f32x4_add(m[0], m[1]), wasm_f32x4_add(m[2], m[3]));
}

/* Widths that are no multiple of four end in single weights; their lanes are added one by one. */
ALWAYS_INLINE float lane_of(four_fn *four, size_t width, const uint8_t *row, size_t i) {
    uint8_t bytes[16] = {0};
    for (size_t k = 0; k < width; k++) {
        bytes[k] = row[i * width + k];
    }
    return wasm_f32x4_extract_lane(four(bytes, 0), 0);
}

ALWAYS_INLINE void add_tail(four_fn *four, size_t width, v128_t *sum, const uint8_t *row, const float *x, size_t from,
                            size_t n) {
    float lanes[4];
    wasm_v128_store(lanes, *sum);
    for (size_t i = from; i < n; i++) {
        lanes[i % 4] += lane_of(four, width, row, i) * x[i];
    }
    *sum = wasm_v128_load(lanes);
}

ALWAYS_INLINE void gemv_floats(four_fn *four, size_t width, float *out, const uint8_t *w, size_t row_bytes, size_t rows,
                               const uint8_t *activation, size_t n) {
    const float *x = (const float *)(const void *)activation;
    for (size_t row = 0; row < rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, w, row_bytes, row, rows);
        v128_t sums[4] = {wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f),
                          wasm_f32x4_splat(0.0f)};
        for (size_t i = 0; i + 4 <= n; i += 4) {
            const v128_t a = wasm_v128_load(x + i);
            for (int k = 0; k < 4; k++) {
                sums[k] = wasm_f32x4_add(sums[k], wasm_f32x4_mul(four(at[k], i), a));
            }
        }
        for (int k = 0; k < 4 && n % 4; k++) {
            add_tail(four, width, &sums[k], at[k], x, n / 4 * 4, n);
        }
        store_lanes(out + row, add_partial(sums), rows - row);
    }
}

ALWAYS_INLINE void panel_floats(four_fn *four, size_t width, uint8_t *panel, const uint8_t *w, size_t row_bytes,
                                size_t rows, size_t n) {
    float *out = (float *)(void *)panel;
    for (size_t r = 0; r < PANEL_ROWS; r++) {
        const uint8_t *row = w + (r < rows ? r : rows - 1) * row_bytes;
        size_t i = 0;
        for (; i + 4 <= n; i += 4) {
            wasm_v128_store(out + i * PANEL_ROWS + 4 * r, four(row, i));
        }
        for (; i < n; i++) { /* the last fours may be short: they lie close together */
            out[n / 4 * 4 * PANEL_ROWS + (n % 4) * r + i % 4] = lane_of(four, width, row, i);
        }
    }
}

static void gemm_floats(float *out, size_t out_stride, const uint8_t *panel, size_t rows, const uint8_t *activations,
                        size_t activation_bytes, size_t tokens, size_t n) {
    for (size_t t = 0; t < tokens; t++) {
        const float *x = (const float *)(const void *)(activations + t * activation_bytes);
        const float *w = (const float *)(const void *)panel;
        v128_t sums[PANEL_ROWS];
        for (int r = 0; r < PANEL_ROWS; r++) {
            sums[r] = wasm_f32x4_splat(0.0f);
        }
        for (size_t i = 0; i + 4 <= n; i += 4, w += 4 * PANEL_ROWS) {
            const v128_t a = wasm_v128_load(x + i);
            for (int r = 0; r < PANEL_ROWS; r++) {
                sums[r] = wasm_f32x4_add(sums[r], wasm_f32x4_mul(wasm_v128_load(w + 4 * r), a));
            }
        }
        for (size_t r = 0; r < PANEL_ROWS && n % 4; r++) {
            add_tail(four_f32, 4, &sums[r], (const uint8_t *)(w + n % 4 * r), x + n / 4 * 4, 0, n % 4);
        }
        for (size_t r = 0; r < rows; r += 4) {
            store_lanes(out + t * out_stride + r, add_partial(sums + r), rows - r);
        }
    }
}

static void gemv_f32(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation, size_t n) {
    gemv_floats(four_f32, 4, out, w, row_bytes, rows, activation, n);
}
static void panel_f32(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_floats(four_f32, 4, panel, w, row_bytes, rows, n);
}
const struct weight_kernels f32_simd128 = {ACTIVATION_F32, PANEL_ROWS * sizeof(float), gemv_f32, panel_f32,
                                           gemm_floats};

static void gemv_f16(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation, size_t n) {
    gemv_floats(four_f16, 2, out, w, row_bytes, rows, activation, n);
}
static void panel_f16(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_floats(four_f16, 2, panel, w, row_bytes, rows, n);
}
const struct weight_kernels f16_simd128 = {ACTIVATION_F32, PANEL_ROWS * sizeof(float), gemv_f16, panel_f16,
                                           gemm_floats};

static void gemv_bf16(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,
                      size_t n) {
    gemv_floats(four_bf16, 2, out, w, row_bytes, rows, activation, n);
}
static void panel_bf16(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    panel_floats(four_bf16, 2, panel, w, row_bytes, rows, n);
}
const struct weight_kernels bf16_simd128 = {ACTIVATION_F32, PANEL_ROWS * sizeof(float), gemv_bf16, panel_bf16,
                                            gemm_floats};
