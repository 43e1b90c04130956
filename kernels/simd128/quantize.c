/* Quantization of activations, by the steps of quant/activation.h, four floats at a time. */
#include <float.h>

#include "kernels/simd128/simd.h"
#include "kernels/variants.h"
#include "quant/f16.h"

/* The largest lane. No lane may be a NaN. */
static inline float largest_lane(v128_t x) {
    x = wasm_f32x4_pmax(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(wasm_f32x4_pmax(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2)), 0);
}

/* The largest magnitude of n floats; n is a multiple of 8. NaNs are ignored, because pmax returns its first operand if
 * the second is a NaN. */
static inline float largest_magnitude(const float *x, size_t n) {
    v128_t even = wasm_f32x4_splat(0);
    v128_t odd = even;
    for (size_t i = 0; i < n; i += 8) {
        even = wasm_f32x4_pmax(even, wasm_f32x4_abs(wasm_v128_load(x + i)));
        odd = wasm_f32x4_pmax(odd, wasm_f32x4_abs(wasm_v128_load(x + i + 4)));
    }
    return largest_lane(wasm_f32x4_pmax(even, odd));
}

static inline int sum_of_lanes(v128_t x) {
    x = wasm_i32x4_add(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_i32x4_extract_lane(wasm_i32x4_add(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2)), 0);
}

static inline float finite_or_0(float x) { return x >= -FLT_MAX && x <= FLT_MAX ? x : 0.0f; }

/* ---- q8_0 and q8_1 ---- */

/* round(x), half away from zero; a NaN gives 0. */
static inline v128_t round_away(v128_t x) {
    const v128_t sign = wasm_v128_and(x, wasm_i32x4_splat((int32_t)0x80000000));
    const v128_t nearly_half = wasm_v128_or(sign, wasm_f32x4_splat(0x1.fffffep-2f));
    return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_add(x, nearly_half));
}

/* Eight quants as i16. */
static inline v128_t eight_away(const float *x, v128_t id) {
    return wasm_i16x8_narrow_i32x4(round_away(wasm_f32x4_mul(wasm_v128_load(x), id)),
                                   round_away(wasm_f32x4_mul(wasm_v128_load(x + 4), id)));
}

/* The 32 quants of a block and their sum. Returns d before it is rounded to f16. */
static float quantize_32(uint8_t *quants, int *sum, const float *x) {
    const float d = largest_magnitude(x, 32) / 127;
    const v128_t id = wasm_f32x4_splat(finite_or_0(1.0f / d));
    const v128_t a = eight_away(x, id);
    const v128_t b = eight_away(x + 8, id);
    const v128_t c = eight_away(x + 16, id);
    const v128_t e = eight_away(x + 24, id);
    wasm_v128_store(quants, wasm_i8x16_narrow_i16x8(a, b));
    wasm_v128_store(quants + 16, wasm_i8x16_narrow_i16x8(c, e));
    const v128_t all = wasm_i16x8_add(wasm_i16x8_add(a, b), wasm_i16x8_add(c, e));
    *sum = sum_of_lanes(wasm_i32x4_extadd_pairwise_i16x8(all));
    return d;
}

void quantize_q8_0_simd128(uint8_t *row, const float *x, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, n);
    float *d = (float *)(void *)(row + layout.scales);
    int32_t *sums = (int32_t *)(void *)(row + layout.sums);
    for (size_t b = 0; b < n / 32; b++) {
        int sum;
        d[b] = f16_to_f32(f32_to_f16(quantize_32(row + 32 * b, &sum, x + 32 * b)));
        sums[b] = sum;
    }
}

void quantize_q8_1_simd128(uint8_t *row, const float *x, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_1, n);
    float *d = (float *)(void *)(row + layout.scales);
    float *s = (float *)(void *)(row + layout.sums);
    for (size_t b = 0; b < n / 32; b++) {
        int sum;
        const float exact = quantize_32(row + 32 * b, &sum, x + 32 * b);
        const float product = (float)sum * exact;
        d[b] = f16_to_f32(f32_to_f16(exact));
        s[b] = product == product ? f16_to_f32(f32_to_f16(product)) : 0.0f;
    }
}

/* ---- q8_K ---- */

/* The first float of that magnitude. There must be one, and the magnitude must be above 0. */
static float first_of(const float *x, float magnitude) {
    const v128_t wanted = wasm_f32x4_splat(magnitude);
    for (;; x += 4) {
        const uint32_t found = wasm_i32x4_bitmask(wasm_f32x4_eq(wasm_f32x4_abs(wasm_v128_load(x)), wanted));
        if (found) {
            return x[__builtin_ctz(found)];
        }
    }
}

/* round(x), half to even, |x| < 2^22; a NaN gives 0. */
static inline v128_t round_even(v128_t x) {
    const v128_t shift = wasm_f32x4_splat(0x1.8p23f);
    return wasm_v128_and(wasm_i32x4_sub(wasm_f32x4_add(x, shift), shift), wasm_f32x4_eq(x, x));
}

static inline v128_t eight_even(const float *x, v128_t id) {
    return wasm_i16x8_narrow_i32x4(round_even(wasm_f32x4_mul(id, wasm_v128_load(x))),
                                   round_even(wasm_f32x4_mul(id, wasm_v128_load(x + 4))));
}

static float quantize_256(uint8_t *quants, int16_t *sums, const float *x) {
    const float magnitude = largest_magnitude(x, 256);
    const float largest = magnitude > 0 ? first_of(x, magnitude) : 0.0f;
    const float id = finite_or_0(-127.0f / largest);
    const v128_t ids = wasm_f32x4_splat(id);
    for (unsigned g = 0; g < 16; g++) {
        const v128_t a = eight_even(x + 16 * g, ids);
        const v128_t b = eight_even(x + 16 * g + 8, ids);
        wasm_v128_store(quants + 16 * g, wasm_i8x16_narrow_i16x8(a, b));
        sums[g] = (int16_t)sum_of_lanes(wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_add(a, b)));
    }
    return id == 0 && magnitude <= FLT_MAX ? 0.0f : 1.0f / id;
}

void quantize_q8_K_simd128(uint8_t *row, const float *x, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, n);
    float *d = (float *)(void *)(row + layout.scales);
    int16_t *sums = (int16_t *)(void *)(row + layout.sums);
    for (size_t b = 0; b < n / 256; b++) {
        d[b] = quantize_256(row + 256 * b, sums + 16 * b, x + 256 * b);
        const v128_t first = wasm_i32x4_extadd_pairwise_i16x8(wasm_v128_load(sums + 16 * b));
        const v128_t second = wasm_i32x4_extadd_pairwise_i16x8(wasm_v128_load(sums + 16 * b + 8));
        wasm_v128_store(row + layout.sums_of_32 + 16 * b, wasm_i16x8_narrow_i32x4(first, second));
    }
}
