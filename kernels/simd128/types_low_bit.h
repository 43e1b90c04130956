/* The low-bit types. TQ1_0 and TQ2_0 are super-blocks of ternary codes with one scale (signed_type.h). Q1_0 and Q2_0
 * have a scale for 128 and 64 weights (quad_type.h).
 *
 * To add a type, write its unpack function in types_low_bit.c, describe it there, and declare and list it here. */
#ifndef KERNELS_SIMD128_TYPES_LOW_BIT_H
#define KERNELS_SIMD128_TYPES_LOW_BIT_H

#include "kernels/simd128/constants.h"
#include "kernels/simd128/quad_type.h"
#include "kernels/simd128/signed_type.h"

/* See GRID_TYPES and FP4_TYPES. */
#define LOW_BIT_SIGNED_TYPES(SIGNED)                                                                                   \
    SIGNED(tq1_0, tq1_0)                                                                                               \
    SIGNED(tq2_0, tq2_0)
#define LOW_BIT_QUAD_TYPES(QUAD32)                                                                                     \
    QUAD32(q1_0)                                                                                                       \
    QUAD32(q2_0)

extern const struct signed_type type_tq1_0, type_tq2_0;
extern const struct quad_type type_q1_0, type_q2_0;

/* ---- the base-3 digits of TQ1_0: decode_tq1_0 says how a byte holds five codes ---- */

/* The first digit of each byte: 1 from 256 / 3 on, 2 from 512 / 3 on. */
ALWAYS_INLINE v128_t first_digit(v128_t bytes) {
    return wasm_i8x16_add(wasm_u8x16_min(wasm_u8x16_sub_sat(bytes, splat8(85)), splat8(1)),
                          wasm_u8x16_min(wasm_u8x16_sub_sat(bytes, splat8(170)), splat8(1)));
}

/* Makes the next digit the first one by adding the bytes three times. If the compiler turned this into a product, it
 * would multiply lane by lane, because Wasm has no product of bytes. A zero whose value it does not know prevents that.
 */
ALWAYS_INLINE v128_t next_digit(v128_t bytes) {
    const v128_t zero = load_constant(constants.zero);
    return wasm_i8x16_add(wasm_i8x16_add(bytes, wasm_v128_or(bytes, zero)), wasm_v128_xor(bytes, zero));
}

/* Bytes whose first digits are the codes of the last 16 weights. */
ALWAYS_INLINE v128_t last_digits(const uint8_t qh[4]) {
    const v128_t first = wasm_v128_load32_splat(qh);
    const v128_t second = next_digit(first);
    const v128_t third = next_digit(second);
    return wasm_i64x2_shuffle(wasm_i32x4_shuffle(first, second, 0, 4, 0, 4),
                              wasm_i32x4_shuffle(third, next_digit(third), 0, 4, 0, 4), 0, 2);
}

#endif
