/* Kernels that convert between f32 and f16. */
#include "kernels/simd128/f16.h"
#include "kernels/simd128/partial.h"
#include "kernels/variants.h"
#include "platform/memory.h"

static v128_t eight_to_f16(v128_t low, v128_t high) {
    return wasm_u16x8_narrow_i32x4(f32x4_to_f16x4(low), f32x4_to_f16x4(high));
}

void f32_to_f16_simd128(uint16_t *out, const float *x, size_t n) {
    for (; n >= 8; n -= 8, x += 8, out += 8) {
        wasm_v128_store(out, eight_to_f16(wasm_v128_load(x), wasm_v128_load(x + 4)));
    }
    if (n) {
        float last[8] = {0};
        uint16_t f16[8];
        memcpy(last, x, n * sizeof *x);
        wasm_v128_store(f16, eight_to_f16(wasm_v128_load(last), wasm_v128_load(last + 4)));
        memcpy(out, f16, n * sizeof *out);
    }
}

static void eight_to_f32(float *out, v128_t f16) {
    wasm_v128_store(out, f16x4_to_f32x4(wasm_u32x4_extend_low_u16x8(f16)));
    wasm_v128_store(out + 4, f16x4_to_f32x4(wasm_u32x4_extend_high_u16x8(f16)));
}

void f16_to_f32_simd128(float *out, const uint16_t *x, size_t n) {
    for (; n >= 8; n -= 8, x += 8, out += 8) {
        eight_to_f32(out, wasm_v128_load(x));
    }
    if (n) {
        uint16_t last[8] = {0};
        float floats[8];
        memcpy(last, x, n * sizeof *x);
        eight_to_f32(floats, wasm_v128_load(last));
        memcpy(out, floats, n * sizeof *out);
    }
}
