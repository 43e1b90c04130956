/* Recurrences over rows of state. Partial sum i % 4 is lane i % 4. */
#include "kernels/simd128/exp.h"
#include "kernels/simd128/four_rows.h"
#include "kernels/variants.h"

/* (s0 + s1) + (s2 + s3) of each of four rows. */
ALWAYS_INLINE v128_t add_partial(const v128_t sums[4]) {
    v128_t m[4];
    transpose(m, sums[0], sums[1], sums[2], sums[3]);
    return wasm_f32x4_add(wasm_f32x4_add(m[0], m[1]), wasm_f32x4_add(m[2], m[3]));
}

/* Four elements of state times decay, plus b times x. */
ALWAYS_INLINE v128_t advance(float *state, v128_t decay, v128_t b, v128_t x) {
    const v128_t next = wasm_f32x4_add(wasm_f32x4_mul(wasm_v128_load(state), decay), wasm_f32x4_mul(b, x));
    wasm_v128_store(state, next);
    return next;
}

/* Four rows at once, so that their sums do not depend on each other. */
ALWAYS_INLINE v128_t scan_four(float *state, size_t n, v128_t decay, const float *b, const float *x, const float *c) {
    v128_t xs[4];
    v128_t sums[4];
    for (size_t k = 0; k < 4; k++) {
        xs[k] = wasm_v128_load32_splat(x + k);
        sums[k] = wasm_f32x4_splat(0.0f);
    }
    KEEP_LOOP
    for (size_t i = 0; i < n; i += 4) {
        const v128_t bs = wasm_v128_load(b + i);
        const v128_t cs = wasm_v128_load(c + i);
        for (size_t k = 0; k < 4; k++) {
            const v128_t next = advance(state + k * n + i, decay, bs, xs[k]);
            sums[k] = wasm_f32x4_add(sums[k], wasm_f32x4_mul(next, cs));
        }
    }
    return add_partial(sums);
}

void scan_simd128(float *out, float *state, size_t rows, size_t n, float decay, const float *b, const float *x,
                  const float *c) {
    const v128_t decays = wasm_f32x4_splat(decay);
    for (; rows >= 4; rows -= 4, out += 4, x += 4, state += 4 * n) {
        wasm_v128_store(out, scan_four(state, n, decays, b, x, c));
    }
    scan_scalar(out, state, rows, n, decay, b, x, c);
}

void scan_each_simd128(float *out, float *state, size_t rows, size_t n, const float *step, const float *a,
                       const float *b, const float *x, const float *c) {
    for (; rows; rows--, out++, step++, x++, state += n, a += n) {
        const v128_t steps = wasm_v128_load32_splat(step);
        const v128_t xs = wasm_v128_load32_splat(x);
        v128_t sum = wasm_f32x4_splat(0.0f);
        KEEP_LOOP
        for (size_t i = 0; i < n; i += 4) {
            const v128_t decay = exp_f32x4(wasm_f32x4_mul(steps, wasm_v128_load(a + i)));
            const v128_t next = advance(state + i, decay, wasm_v128_load(b + i), xs);
            sum = wasm_f32x4_add(sum, wasm_f32x4_mul(next, wasm_v128_load(c + i)));
        }
        *out = (wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 1)) +
               (wasm_f32x4_extract_lane(sum, 2) + wasm_f32x4_extract_lane(sum, 3));
    }
}

/* Decays four rows. Returns their dot products with k. */
ALWAYS_INLINE v128_t decay_four(float *state, size_t n, v128_t decay, const float *k) {
    v128_t sums[4];
    for (size_t r = 0; r < 4; r++) {
        sums[r] = wasm_f32x4_splat(0.0f);
    }
    KEEP_LOOP
    for (size_t i = 0; i < n; i += 4) {
        const v128_t ks = wasm_v128_load(k + i);
        for (size_t r = 0; r < 4; r++) {
            const v128_t next = wasm_f32x4_mul(wasm_v128_load(state + r * n + i), decay);
            wasm_v128_store(state + r * n + i, next);
            sums[r] = wasm_f32x4_add(sums[r], wasm_f32x4_mul(next, ks));
        }
    }
    return add_partial(sums);
}

void delta_simd128(float *out, float *state, size_t rows, size_t n, float decay, float beta, const float *k,
                   const float *v, const float *q) {
    const v128_t decays = wasm_f32x4_splat(decay);
    for (; rows >= 4; rows -= 4, out += 4, v += 4, state += 4 * n) {
        const v128_t held = decay_four(state, n, decays, k);
        float changes[4];
        wasm_v128_store(changes, wasm_f32x4_mul(wasm_f32x4_sub(wasm_v128_load(v), held), wasm_f32x4_splat(beta)));
        wasm_v128_store(out, scan_four(state, n, wasm_f32x4_splat(1.0f), k, changes, q));
    }
    delta_scalar(out, state, rows, n, decay, beta, k, v, q);
}
