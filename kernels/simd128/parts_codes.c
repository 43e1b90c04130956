/* The codes and scales of the types of parts.h. */
#include "kernels/simd128/parts.h"
#include "quant/fp4.h"

static inline v128_t fp4_of(v128_t codes) { return wasm_i8x16_swizzle(constant(fp4_values), codes); }

void parts_mxfp4(v128_t codes[8], v128_t *d, const uint8_t *block) {
    const size_t step = sizeof(struct block_mxfp4);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        codes_of_halves(codes + 2 * i, block + i * step + 1);
        codes[2 * i] = fp4_of(codes[2 * i]);
        codes[2 * i + 1] = fp4_of(codes[2 * i + 1]);
    }
    /* half_e8m0 */
    const v128_t e = wasm_i32x4_make(block[0], block[step], block[2 * step], block[3 * step]);
    const v128_t subnormal = wasm_i32x4_shl(wasm_i32x4_add(e, wasm_i32x4_splat(1)), 21);
    const v128_t normal = wasm_i32x4_shl(wasm_i32x4_sub(e, wasm_i32x4_splat(1)), 23);
    *d = wasm_v128_bitselect(subnormal, normal, wasm_i32x4_lt(e, wasm_i32x4_splat(2)));
}

void parts_nvfp4(v128_t codes[8], v128_t *d, const uint8_t *block) {
    UNROLL
    for (size_t i = 0; i < 2; i++) {
        v128_t eights[2];
        codes_of_halves(eights, block + 4 + 16 * i);
        codes[2 * i] = fp4_of(wasm_i64x2_shuffle(eights[0], eights[1], 0, 2));
        codes[2 * i + 1] = fp4_of(wasm_i64x2_shuffle(eights[0], eights[1], 1, 3));
    }
    /* half_e4m3: the bits as an exponent and a mantissa of float. Without an exponent, what its hidden bit adds is
     * subtracted. */
    const v128_t bytes = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(block)));
    const v128_t seven = wasm_v128_and(bytes, wasm_i32x4_splat(127));
    const v128_t subnormal = wasm_i32x4_lt(seven, wasm_i32x4_splat(8));
    const v128_t bias = wasm_v128_bitselect(wasm_i32x4_splat(120 << 23), wasm_i32x4_splat(119 << 23), subnormal);
    const v128_t scale = wasm_f32x4_sub(wasm_i32x4_add(wasm_i32x4_shl(seven, 20), bias),
                                        wasm_v128_and(subnormal, wasm_f32x4_splat(0x1p-7f)));
    *d = wasm_v128_andnot(scale, wasm_i32x4_eq(bytes, wasm_i32x4_splat(127)));
}

/* Bit i of sixteen: 1, or -1 where it is not set. */
void parts_q1_0(v128_t codes[8], v128_t *d, const uint8_t *block) {
    const v128_t bits = constant(constants.bits);
    UNROLL
    for (size_t i = 0; i < 8; i++) {
        const v128_t two = wasm_v128_load16_splat(block + 2 + 2 * i);
        const v128_t each = wasm_i8x16_shuffle(two, two, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        const v128_t clear = wasm_i8x16_eq(wasm_v128_and(each, bits), wasm_i8x16_splat(0));
        codes[i] = wasm_v128_or(clear, wasm_i8x16_splat(1));
    }
    *d = wasm_f32x4_splat(f16_at(block));
}

/* Nibbles hold two codes: one is masked out, the other stands for its value where it is. */
void parts_q2_0(v128_t codes[8], v128_t *d, const uint8_t *block) {
    const v128_t values = wasm_i8x16_make(-1, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0);
    const v128_t one_of_two = wasm_i16x8_splat(0x0c03);
    UNROLL
    for (size_t i = 0; i < 2; i++) {
        v128_t nibbles[2];
        codes_of_halves(nibbles, block + 18 * i + 2);
        UNROLL
        for (size_t half = 0; half < 2; half++) {
            const v128_t in_order = half ? wasm_i8x16_shuffle(nibbles[0], nibbles[1], 8, 24, 9, 25, 10, 26, 11, 27, 12,
                                                              28, 13, 29, 14, 30, 15, 31)
                                         : wasm_i8x16_shuffle(nibbles[0], nibbles[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20,
                                                              5, 21, 6, 22, 7, 23);
            const v128_t first = wasm_i8x16_shuffle(in_order, in_order, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
            const v128_t second =
                wasm_i8x16_shuffle(in_order, in_order, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
            codes[4 * i + 2 * half] = wasm_i8x16_swizzle(values, wasm_v128_and(first, one_of_two));
            codes[4 * i + 2 * half + 1] = wasm_i8x16_swizzle(values, wasm_v128_and(second, one_of_two));
        }
    }
    const float first = f16_at(block);
    const float second = f16_at(block + 18);
    *d = wasm_f32x4_make(first, first, second, second);
}
