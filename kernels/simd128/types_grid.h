/* The grid types, IQ1 to IQ3: super-blocks of indices into a grid of codes.
 *
 * To add a type, write its unpack_indices function in types_grid.c, describe it there, and declare and list it here. */
#ifndef KERNELS_SIMD128_TYPES_GRID_H
#define KERNELS_SIMD128_TYPES_GRID_H

#include "kernels/simd128/constants.h"
#include "kernels/simd128/signed_type.h"

/* Each variant has a macro that defines the kernels of a type: SIGNED(name, form), where form names its dot product. */
#define GRID_TYPES(SIGNED)                                                                                             \
    SIGNED(iq1_s, grid8_offset)                                                                                        \
    SIGNED(iq1_m, grid8_offset)                                                                                        \
    SIGNED(iq2_xxs, grid8)                                                                                             \
    SIGNED(iq2_xs, grid8)                                                                                              \
    SIGNED(iq2_s, grid8)                                                                                               \
    SIGNED(iq3_xxs, grid4)                                                                                             \
    SIGNED(iq3_s, grid4)

extern const struct signed_type type_iq1_s, type_iq1_m, type_iq2_xxs, type_iq2_xs, type_iq2_s, type_iq3_xxs, type_iq3_s;

/* Spreads the grid of the type. Does nothing for a type without one. */
void spread_grid(union spread_grid *out, const struct signed_type *type);

/* 16 codes of the grid: two entries or four. */
ALWAYS_INLINE v128_t grid_codes(enum grid_form form, const union spread_grid *grid, const uint16_t *index) {
    if (form == GRID4) {
        v128_t codes = wasm_v128_load32_zero(grid->of4 + index[0]);
        codes = wasm_v128_load32_lane(grid->of4 + index[1], codes, 1);
        codes = wasm_v128_load32_lane(grid->of4 + index[2], codes, 2);
        return wasm_v128_load32_lane(grid->of4 + index[3], codes, 3);
    }
    return wasm_v128_load64_lane(grid->of8 + index[1], wasm_v128_load64_zero(grid->of8 + index[0]), 1);
}

/* Indices that grid_codes consumes. */
ALWAYS_INLINE size_t grid_indices_per_vector(enum grid_form form) { return form == GRID4 ? 4 : 2; }

/* All ones in each byte whose bit in `signs` is set. signs: four bytes in all lanes, of which the first two are used,
 * or with `second` the last two. */
ALWAYS_INLINE v128_t sign_masks(v128_t signs, size_t second) {
    const v128_t bits = load_constant(constants.bits);
    const v128_t each = second ? wasm_i8x16_shuffle(signs, signs, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)
                               : wasm_i8x16_shuffle(signs, signs, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    return wasm_i8x16_eq(wasm_v128_and(each, bits), bits);
}

/* Negates the bytes whose mask is set. */
ALWAYS_INLINE v128_t negate_masked(v128_t bytes, v128_t masks) {
    return wasm_i8x16_sub(wasm_v128_xor(bytes, masks), masks);
}

/* GRID8_OFFSET: subtracts 2 where the mask is set. */
ALWAYS_INLINE v128_t offset_codes(v128_t codes, v128_t masks) {
    return wasm_i8x16_sub(codes, wasm_v128_and(masks, splat8(2)));
}

#endif
