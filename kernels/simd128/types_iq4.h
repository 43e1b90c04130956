/* IQ4_XS: super-blocks of 4-bit codes that index a table of values, with 6-bit scales. IQ4_NL has the structure of a
 * legacy type and is in types_legacy.h. */
#ifndef KERNELS_SIMD128_TYPES_IQ4_H
#define KERNELS_SIMD128_TYPES_IQ4_H

#include "kernels/simd128/bit_fields.h"
#include "kernels/simd128/signed_type.h"
#include "quant/blocks.h"

/* See GRID_TYPES. */
#define IQ4_TYPES(SIGNED) SIGNED(iq4_xs, iq4_xs)

extern const struct signed_type type_iq4_xs;

/* The eight scales of a block: nibbles, and two bits each above them. */
ALWAYS_INLINE void unpack_iq4_xs_scales(int16_t out[8], const struct block_iq4_xs *block) {
    const v128_t nibbles = sixteen_nibbles(wasm_v128_load32_zero(block->scales_l));
    const v128_t high =
        wasm_u16x8_shr(shift_lanes(wasm_v128_load16_splat(block->scales_h), constants.pairs_to_top), 14);
    const v128_t scales = wasm_v128_or(wasm_u16x8_extend_low_u8x16(nibbles), wasm_i16x8_shl(high, 4));
    wasm_v128_store(out, wasm_i16x8_sub(scales, wasm_i16x8_splat(32)));
}

#endif
