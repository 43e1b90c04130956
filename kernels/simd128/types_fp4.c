/* Unpacks the FP4 types. */
#include "kernels/simd128/types_fp4.h"

#include "kernels/simd128/bit_fields.h"
#include "quant/blocks.h"
#include "quant/fp4.h"

static inline v128_t fp4_codes(v128_t codes) { return wasm_i8x16_swizzle(load_constant(fp4_values), codes); }

static void unpack_mxfp4(v128_t codes[8], v128_t *d, const uint8_t *blocks) {
    const size_t step = sizeof(struct block_mxfp4);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        nibbles(codes + 2 * i, blocks + i * step + offsetof(struct block_mxfp4, qs));
        codes[2 * i] = fp4_codes(codes[2 * i]);
        codes[2 * i + 1] = fp4_codes(codes[2 * i + 1]);
    }
    /* half_e8m0 */
    const v128_t e = wasm_i32x4_make(blocks[0], blocks[step], blocks[2 * step], blocks[3 * step]);
    const v128_t subnormal = wasm_i32x4_shl(wasm_i32x4_add(e, wasm_i32x4_splat(1)), 21);
    const v128_t normal = wasm_i32x4_shl(wasm_i32x4_sub(e, wasm_i32x4_splat(1)), 23);
    *d = wasm_v128_bitselect(subnormal, normal, wasm_i32x4_lt(e, wasm_i32x4_splat(2)));
}

static void unpack_nvfp4(v128_t codes[8], v128_t *d, const uint8_t *bytes) {
    const struct block_nvfp4 *block = (const struct block_nvfp4 *)bytes;
    UNROLL
    for (size_t i = 0; i < 2; i++) {
        v128_t eights[2];
        nibbles(eights, block->qs + 16 * i);
        codes[2 * i] = fp4_codes(wasm_i64x2_shuffle(eights[0], eights[1], 0, 2));
        codes[2 * i + 1] = fp4_codes(wasm_i64x2_shuffle(eights[0], eights[1], 1, 3));
    }
    /* half_e4m3: the bits as the exponent and mantissa of a float. Without an exponent, the contribution of the hidden
     * bit is subtracted. */
    const v128_t scales = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(block->d)));
    const v128_t seven = wasm_v128_and(scales, wasm_i32x4_splat(127));
    const v128_t subnormal = wasm_i32x4_lt(seven, wasm_i32x4_splat(8));
    const v128_t bias = wasm_v128_bitselect(wasm_i32x4_splat(120 << 23), wasm_i32x4_splat(119 << 23), subnormal);
    const v128_t scale = wasm_f32x4_sub(wasm_i32x4_add(wasm_i32x4_shl(seven, 20), bias),
                                        wasm_v128_and(subnormal, wasm_f32x4_splat(0x1p-7f)));
    *d = wasm_v128_andnot(scale, wasm_i32x4_eq(scales, wasm_i32x4_splat(127)));
}

const struct quad_type type_mxfp4 = {
    .unpack = unpack_mxfp4,
    .bytes = 4 * sizeof(struct block_mxfp4),
    .weights = 4 * 32,
};
const struct quad_type type_nvfp4 = {
    .unpack = unpack_nvfp4,
    .bytes = sizeof(struct block_nvfp4),
    .weights = 4 * 16,
};
