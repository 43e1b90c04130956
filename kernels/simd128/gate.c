/* Gates, activations and the soft cap of logits. */
#include "kernels/scalar/gelu.h"
#include "kernels/simd128/exp.h"
#include "kernels/simd128/f16.h"
#include "kernels/simd128/partial.h"
#include "kernels/variants.h"

static inline v128_t silu(v128_t x) {
    const v128_t e = exp_f32x4(wasm_f32x4_neg(x));
    return wasm_f32x4_div(x, wasm_f32x4_add(wasm_f32x4_splat(1.0f), e));
}

void swiglu_simd128(float *out, const float *gate, const float *up, size_t n) {
    for (; n >= 4; n -= 4, out += 4, gate += 4, up += 4) {
        wasm_v128_store(out, wasm_f32x4_mul(silu(wasm_v128_load(gate)), wasm_v128_load(up)));
    }
    if (n) {
        store_partial(out, wasm_f32x4_mul(silu(load_partial(gate, n)), load_partial(up, n)), n);
    }
}

void silu_simd128(float *out, const float *x, size_t n) {
    for (; n >= 4; n -= 4, out += 4, x += 4) {
        wasm_v128_store(out, silu(wasm_v128_load(x)));
    }
    if (n) {
        store_partial(out, silu(load_partial(x, n)), n);
    }
}

static inline v128_t glu(v128_t gate, v128_t up) {
    return wasm_f32x4_div(up, wasm_f32x4_add(wasm_f32x4_splat(1.0f), exp_f32x4(wasm_f32x4_neg(gate))));
}

void glu_simd128(float *out, const float *gate, const float *up, size_t n) {
    for (; n >= 4; n -= 4, out += 4, gate += 4, up += 4) {
        wasm_v128_store(out, glu(wasm_v128_load(gate), wasm_v128_load(up)));
    }
    if (n) {
        store_partial(out, glu(load_partial(gate, n), load_partial(up, n)), n);
    }
}

static inline v128_t gelu(v128_t exact) {
    const v128_t x = f32x4_round_to_f16(exact);
    const v128_t cubic = wasm_f32x4_mul(wasm_f32x4_splat(GELU_CUBIC), wasm_f32x4_mul(x, x));
    const v128_t y = wasm_f32x4_mul(x, wasm_f32x4_add(wasm_f32x4_splat(GELU_LINEAR), cubic));
    const v128_t value = wasm_f32x4_div(x, wasm_f32x4_add(wasm_f32x4_splat(1.0f), exp_f32x4(y)));
    const v128_t is_below = wasm_f32x4_lt(exact, wasm_f32x4_splat(GELU_BOUND)); /* false for a NaN, which stays */
    const v128_t is_low = wasm_f32x4_le(exact, wasm_f32x4_splat(-GELU_BOUND));
    return wasm_v128_andnot(wasm_v128_bitselect(f32x4_round_to_f16(value), exact, is_below), is_low);
}

void geglu_simd128(float *out, const float *gate, const float *up, size_t n) {
    for (; n >= 4; n -= 4, out += 4, gate += 4, up += 4) {
        wasm_v128_store(out, wasm_f32x4_mul(gelu(wasm_v128_load(gate)), wasm_v128_load(up)));
    }
    if (n) {
        store_partial(out, wasm_f32x4_mul(gelu(load_partial(gate, n)), load_partial(up, n)), n);
    }
}

void gelu_simd128(float *out, const float *x, size_t n) {
    for (; n >= 4; n -= 4, out += 4, x += 4) {
        wasm_v128_store(out, gelu(wasm_v128_load(x)));
    }
    if (n) {
        store_partial(out, gelu(load_partial(x, n)), n);
    }
}

static inline v128_t softcap(v128_t x, v128_t cap) {
    const v128_t y = wasm_f32x4_div(x, cap);
    const v128_t e = exp_f32x4(wasm_f32x4_mul(wasm_f32x4_splat(-2.0f), wasm_f32x4_abs(y)));
    const v128_t one = wasm_f32x4_splat(1.0f);
    const v128_t tanh = wasm_f32x4_div(wasm_f32x4_sub(one, e), wasm_f32x4_add(one, e));
    return wasm_f32x4_mul(cap, wasm_v128_bitselect(y, tanh, wasm_f32x4_splat(-0.0f)));
}

void softcap_simd128(float *x, float cap, size_t n) {
    const v128_t caps = wasm_f32x4_splat(cap);
    for (; n >= 4; n -= 4, x += 4) {
        wasm_v128_store(x, softcap(wasm_v128_load(x), caps));
    }
    if (n) {
        store_partial(x, softcap(load_partial(x, n), caps), n);
    }
}
