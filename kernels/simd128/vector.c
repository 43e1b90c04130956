/* Elementwise operations on vectors, and RoPE. */
#include "kernels/simd128/partial.h"
#include "kernels/variants.h"

void add_simd128(float *out, const float *a, const float *b, size_t n) {
    for (; n >= 4; n -= 4, out += 4, a += 4, b += 4) {
        wasm_v128_store(out, wasm_f32x4_add(wasm_v128_load(a), wasm_v128_load(b)));
    }
    if (n) {
        store_partial(out, wasm_f32x4_add(load_partial(a, n), load_partial(b, n)), n);
    }
}

void scale_simd128(float *x, float factor, size_t n) {
    const v128_t factors = wasm_f32x4_splat(factor);
    for (; n >= 4; n -= 4, x += 4) {
        wasm_v128_store(x, wasm_f32x4_mul(wasm_v128_load(x), factors));
    }
    if (n) {
        store_partial(x, wasm_f32x4_mul(load_partial(x, n), factors), n);
    }
}

/* (a, b) becomes (a cos - b sin, a sin + b cos). */
static inline void rotate(v128_t *a, v128_t *b, v128_t cosine, v128_t sine) {
    const v128_t x = *a;
    const v128_t y = *b;
    *a = wasm_f32x4_sub(wasm_f32x4_mul(x, cosine), wasm_f32x4_mul(y, sine));
    *b = wasm_f32x4_add(wasm_f32x4_mul(x, sine), wasm_f32x4_mul(y, cosine));
}

void rope_norm_simd128(float *x, const float *cosines, const float *sines, size_t pairs) {
    for (; pairs >= 4; pairs -= 4, x += 8, cosines += 4, sines += 4) {
        const v128_t low = wasm_v128_load(x);
        const v128_t high = wasm_v128_load(x + 4);
        v128_t a = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
        v128_t b = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
        rotate(&a, &b, wasm_v128_load(cosines), wasm_v128_load(sines));
        wasm_v128_store(x, wasm_i32x4_shuffle(a, b, 0, 4, 1, 5));
        wasm_v128_store(x + 4, wasm_i32x4_shuffle(a, b, 2, 6, 3, 7));
    }
    for (; pairs; pairs--, x += 2, cosines++, sines++) {
        v128_t a = wasm_v128_load32_zero(x);
        v128_t b = wasm_v128_load32_zero(x + 1);
        rotate(&a, &b, wasm_v128_load32_zero(cosines), wasm_v128_load32_zero(sines));
        wasm_v128_store32_lane(x, a, 0);
        wasm_v128_store32_lane(x + 1, b, 0);
    }
}

void rope_neox_simd128(float *x, const float *cosines, const float *sines, size_t pairs) {
    float *second = x + pairs;
    for (; pairs >= 4; pairs -= 4, x += 4, second += 4, cosines += 4, sines += 4) {
        v128_t a = wasm_v128_load(x);
        v128_t b = wasm_v128_load(second);
        rotate(&a, &b, wasm_v128_load(cosines), wasm_v128_load(sines));
        wasm_v128_store(x, a);
        wasm_v128_store(second, b);
    }
    if (pairs) {
        v128_t a = load_partial(x, pairs);
        v128_t b = load_partial(second, pairs);
        rotate(&a, &b, load_partial(cosines, pairs), load_partial(sines, pairs));
        store_partial(x, a, pairs);
        store_partial(second, b, pairs);
    }
}
