/* Turns the integer sums of K-quant blocks into floats. */
#include "kernels/simd128/gemv_kquant.h"

#include "kernels/simd128/f16_scales.h"

static float f32_at(const uint8_t *at) { return f32_from_bits(u32_at(at)); }

/* Addresses of four consecutive blocks. */
ALWAYS_INLINE void four_blocks(const uint8_t *at[4], const uint8_t *block, size_t block_bytes) {
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        at[i] = block + i * block_bytes;
    }
}

static float kquant_product(v128_t isums, v128_t msums, const struct kquant_type *type, const uint8_t *block, float d) {
    const float first = f16_at(block + type->d_offset);
    const float second = f16_at(block + type->d_offset + 2);
    if (type->exact) {
        return (float)(sum_of_lanes(isums) - sum_of_lanes(msums)) * (second * d);
    }
    return (float)sum_of_lanes(isums) * (first * d) - (float)sum_of_lanes(msums) * (second * d);
}

void kquant_products(float *out, const v128_t isums[KQUANT_RUN], const v128_t msums[KQUANT_RUN],
                     const struct kquant_type *type, const uint8_t *blocks, const uint8_t *d, size_t count) {
    if (count < KQUANT_RUN) {
        for (size_t i = 0; i < count; i++) {
            out[i] = kquant_product(isums[i], msums[i], type, blocks + i * type->block_bytes, f32_at(d + 4 * i));
        }
        return;
    }
    const uint8_t *at[4];
    four_blocks(at, blocks, type->block_bytes);
    v128_t first;
    v128_t second;
    widen_f16_pairs(&first, &second, load_word_of_rows(at, type->d_offset), widen_any_f16_inline);
    const v128_t scale = wasm_f32x4_mul(first, wasm_v128_load(d));
    const v128_t other = wasm_f32x4_mul(second, wasm_v128_load(d));
    const v128_t isum = add_across_i32(isums);
    const v128_t msum = add_across_i32(msums);
    if (type->exact) {
        wasm_v128_store(out, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum, msum)), other));
        return;
    }
    wasm_v128_store(out, wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale),
                                        wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), other)));
}
