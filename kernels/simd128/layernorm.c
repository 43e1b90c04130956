/* LayerNorm. */
#include <stdbool.h>

#include "kernels/simd128/partial.h"
#include "kernels/variants.h"

/* Adds four floats, or their squares, to four sums of doubles. */
static inline void add_four(v128_t sums[2], v128_t x, bool square) {
    const v128_t low = wasm_f64x2_promote_low_f32x4(x);
    const v128_t high = wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(x, x, 2, 3, 2, 3));
    sums[0] = wasm_f64x2_add(sums[0], square ? wasm_f64x2_mul(low, low) : low);
    sums[1] = wasm_f64x2_add(sums[1], square ? wasm_f64x2_mul(high, high) : high);
}

/* The sum of x - mean, or of its square, in eight partial sums. */
static inline double sum_of(const float *x, size_t n, float mean, bool square) {
    const v128_t means = wasm_f32x4_splat(mean);
    v128_t sums[4] = {wasm_f64x2_splat(0), wasm_f64x2_splat(0), wasm_f64x2_splat(0), wasm_f64x2_splat(0)};
    for (; n >= 8; n -= 8, x += 8) {
        add_four(sums, wasm_f32x4_sub(wasm_v128_load(x), means), square);
        add_four(sums + 2, wasm_f32x4_sub(wasm_v128_load(x + 4), means), square);
    }
    float last[8] = {0};
    for (size_t i = 0; i < n; i++) {
        last[i] = x[i] - mean;
    }
    add_four(sums, wasm_v128_load(last), square);
    add_four(sums + 2, wasm_v128_load(last + 4), square);
    double pairs[4];
    for (unsigned i = 0; i < 4; i++) {
        pairs[i] = wasm_f64x2_extract_lane(sums[i], 0) + wasm_f64x2_extract_lane(sums[i], 1);
    }
    return (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
}

void layernorm_simd128(float *out, const float *x, const float *weight, const float *bias, size_t n, float epsilon) {
    const float mean = (float)(sum_of(x, n, 0.0f, false) / (double)n);
    const double variance = sum_of(x, n, mean, true) / (double)n;
    const v128_t means = wasm_f32x4_splat(mean);
    const v128_t factor = wasm_f32x4_splat((float)(1.0 / __builtin_sqrt(variance + (double)epsilon)));
    for (size_t i = 0; i < n; i += 4) {
        const size_t left = n - i;
        const bool whole = left >= 4;
        const v128_t difference = wasm_f32x4_sub(whole ? wasm_v128_load(x + i) : load_partial(x + i, left), means);
        const v128_t weights = whole ? wasm_v128_load(weight + i) : load_partial(weight + i, left);
        v128_t normed = wasm_f32x4_mul(wasm_f32x4_mul(difference, factor), weights);
        if (bias) {
            normed = wasm_f32x4_add(normed, whole ? wasm_v128_load(bias + i) : load_partial(bias + i, left));
        }
        if (whole) {
            wasm_v128_store(out + i, normed);
        } else {
            store_partial(out + i, normed, left);
        }
    }
}
