/* RMSNorm. */
#include "kernels/simd128/partial.h"
#include "kernels/variants.h"

/* Adds the squares of four floats to four sums of doubles. */
static inline void add_squares(v128_t sums[2], v128_t x) {
    const v128_t low = wasm_f64x2_promote_low_f32x4(x);
    const v128_t high = wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(x, x, 2, 3, 2, 3));
    sums[0] = wasm_f64x2_add(sums[0], wasm_f64x2_mul(low, low));
    sums[1] = wasm_f64x2_add(sums[1], wasm_f64x2_mul(high, high));
}

static double sum_of_squares(const float *x, size_t n) {
    v128_t sums[4] = {wasm_f64x2_splat(0), wasm_f64x2_splat(0), wasm_f64x2_splat(0), wasm_f64x2_splat(0)};
    for (; n >= 8; n -= 8, x += 8) {
        add_squares(sums, wasm_v128_load(x));
        add_squares(sums + 2, wasm_v128_load(x + 4));
    }
    if (n >= 4) {
        add_squares(sums, wasm_v128_load(x));
        if (n > 4) {
            add_squares(sums + 2, load_partial(x + 4, n - 4));
        }
    } else if (n) {
        add_squares(sums, load_partial(x, n));
    }
    double pairs[4];
    for (unsigned i = 0; i < 4; i++) {
        pairs[i] = wasm_f64x2_extract_lane(sums[i], 0) + wasm_f64x2_extract_lane(sums[i], 1);
    }
    return (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
}

void rmsnorm_simd128(float *out, const float *x, const float *weight, size_t n, float epsilon) {
    const double mean = sum_of_squares(x, n) / (double)n;
    const v128_t factor = wasm_f32x4_splat((float)(1.0 / __builtin_sqrt(mean + (double)epsilon)));
    if (!weight) {
        for (; n >= 4; n -= 4, out += 4, x += 4) {
            wasm_v128_store(out, wasm_f32x4_mul(wasm_v128_load(x), factor));
        }
        if (n) {
            store_partial(out, wasm_f32x4_mul(load_partial(x, n), factor), n);
        }
        return;
    }
    for (; n >= 4; n -= 4, out += 4, x += 4, weight += 4) {
        wasm_v128_store(out, wasm_f32x4_mul(wasm_f32x4_mul(wasm_v128_load(x), factor), wasm_v128_load(weight)));
    }
    if (n) {
        store_partial(out, wasm_f32x4_mul(wasm_f32x4_mul(load_partial(x, n), factor), load_partial(weight, n)), n);
    }
}
