/* Turns the integer sums of legacy blocks into floats and adds them to the sums of four rows. */
#include "kernels/simd128/gemv_legacy.h"

#include "kernels/simd128/f16_scales.h"

/* The products of one column. */
ALWAYS_INLINE v128_t column_products(v128_t isum, uint32_t offset_log2, v128_t scale, const uint8_t *d,
                                     const uint8_t *s) {
    if (offset_log2) {
        isum = wasm_i32x4_sub(isum, wasm_i32x4_shl(wasm_v128_load32_splat(s), offset_log2));
    }
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(scale, wasm_v128_load32_splat(d)));
}

/* Two columns at a time, because eight scales are widened together. The last column may be alone. */
void add_legacy_columns(v128_t *sum, const v128_t *isums, size_t count, size_t block_bytes, uint32_t offset_log2,
                        const uint8_t *const at[4], const uint8_t *d, const uint8_t *s) {
    v128_t result = *sum;
    KEEP_LOOP
    for (size_t i = 0; i < count; i += 2) {
        const size_t first = i * block_bytes;
        const size_t second = i + 1 < count ? first + block_bytes : first;
        v128_t f16 = wasm_v128_load16_lane(at[0] + first, wasm_i16x8_splat(0), 0);
        f16 = wasm_v128_load16_lane(at[1] + first, f16, 1);
        f16 = wasm_v128_load16_lane(at[2] + first, f16, 2);
        f16 = wasm_v128_load16_lane(at[3] + first, f16, 3);
        f16 = wasm_v128_load16_lane(at[0] + second, f16, 4);
        f16 = wasm_v128_load16_lane(at[1] + second, f16, 5);
        f16 = wasm_v128_load16_lane(at[2] + second, f16, 6);
        f16 = wasm_v128_load16_lane(at[3] + second, f16, 7);
        v128_t scales[2];
        widen_f16(&scales[0], &scales[1], f16, widen_any_f16_inline);
        result = wasm_f32x4_add(result, column_products(isums[i], offset_log2, scales[0], d + 4 * i, s + 4 * i));
        if (second != first) {
            result = wasm_f32x4_add(
                result, column_products(isums[i + 1], offset_log2, scales[1], d + 4 * i + 4, s + 4 * i + 4));
        }
    }
    *sum = result;
}

void add_legacy_columns_with_minimum(v128_t *sum, const v128_t *isums, size_t count, size_t block_bytes,
                                     uint32_t offset_log2, const uint8_t *const at[4], const uint8_t *d,
                                     const uint8_t *s) {
    (void)offset_log2; /* a type with a minimum has no offset */
    v128_t result = *sum;
    KEEP_LOOP
    for (size_t i = 0; i < count; i++) {
        v128_t scale;
        v128_t minimum;
        widen_f16_pairs(&scale, &minimum, load_word_of_rows(at, i * block_bytes), widen_any_f16_inline);
        const v128_t products = column_products(isums[i], 0, scale, d + 4 * i, NULL);
        result = wasm_f32x4_add(result,
                                wasm_f32x4_add(products, wasm_f32x4_mul(minimum, wasm_v128_load32_splat(s + 4 * i))));
    }
    *sum = result;
}
