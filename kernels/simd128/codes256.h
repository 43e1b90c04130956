/* Blocks of 256 as signed codes and scales, of the types that are no K-quants. */
#ifndef KERNELS_SIMD128_CODES256_H
#define KERNELS_SIMD128_CODES256_H

#include "kernels/simd128/codes.h"

struct codes256 {
    int8_t code[256];
    int16_t scale[16]; /* of 16 weights each */
    float d;           /* w[i] = d * scale[i / 16] * code[i] */
};

/* A grid with a byte for each code of its entries, so that an entry is one load. It is spread anew for each product,
 * which is a small part of its work, rather than kept: 16 KB at most. */
union spread_grid {
    uint64_t of8[2048];
    uint32_t of4[512];
};

/* A block of a type with a grid: its indices into the grid, and a bit for each weight. */
struct indices {
    uint16_t index[64];
    uint8_t signs[32]; /* of groups of 8 */
    int16_t scale[16];
    float d;
};

/* How codes come out of the grid. */
enum grid_form {
    NO_GRID,
    GRID8,   /* entries of eight magnitudes; a bit set: negative */
    GRID4,   /* of four */
    SHIFTED, /* of eight codes that are SHIFTED_BY more, or 2 less than that where the bit is set */
};
#define SHIFTED_BY 9

struct type256;
typedef void unpack_codes256_fn(struct codes256 *out, const struct type256 *type, const uint8_t *block,
                                const union spread_grid *grid);
typedef void indices_fn(struct indices *out, const uint8_t *block);

struct type256 {
    unpack_codes256_fn *unpack;
    size_t block_bytes;
    /* null and zero without a grid */
    indices_fn *indices;
    const uint16_t *grid;
    size_t entries;
    enum grid_form form;
    int8_t values[16]; /* of the fields of an entry: 8 of 2 bits or 4 of 3. Below 128 - 2 */
};
extern const struct type256 type_iq4_xs, type_tq1_0, type_tq2_0, type_iq1_s, type_iq1_m, type_iq2_xxs, type_iq2_xs,
    type_iq2_s, type_iq3_xxs, type_iq3_s;

void spread_grid(union spread_grid *out, const struct type256 *type);

/* Sixteen codes of the grid, of two entries or of four. */
ALWAYS_INLINE v128_t grid_codes(enum grid_form form, const union spread_grid *grid, const uint16_t *index) {
    if (form == GRID4) {
        v128_t codes = wasm_v128_load32_zero(grid->of4 + index[0]);
        codes = wasm_v128_load32_lane(grid->of4 + index[1], codes, 1);
        codes = wasm_v128_load32_lane(grid->of4 + index[2], codes, 2);
        return wasm_v128_load32_lane(grid->of4 + index[3], codes, 3);
    }
    return wasm_v128_load64_lane(grid->of8 + index[1], wasm_v128_load64_zero(grid->of8 + index[0]), 1);
}

/* All bits of the bytes whose bit is set in signs, of two groups of 8: those at `half` of four. */
ALWAYS_INLINE v128_t sign_masks(v128_t signs, size_t half) {
    const v128_t bits = constant(constants.bits);
    const v128_t each = half ? wasm_i8x16_shuffle(signs, signs, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)
                             : wasm_i8x16_shuffle(signs, signs, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    return wasm_i8x16_eq(wasm_v128_and(each, bits), bits);
}

/* Negative where the mask is set. */
ALWAYS_INLINE v128_t with_signs(v128_t bytes, v128_t masks) {
    return wasm_i8x16_sub(wasm_v128_xor(bytes, masks), masks);
}

/* Lanes times powers of two: shifted to the left, each by its own. Loaded, for of powers that it knows the compiler
 * makes shifts, lane by lane. */
typedef uint16_t powers[8];
extern const powers twos_to_top; /* moves lane i's bits 2i and 2i + 1 to the top */

ALWAYS_INLINE v128_t times_powers(v128_t lanes, const powers by) { return wasm_i16x8_mul(lanes, constant(by)); }

/* Nibbles of eight bytes, in order, as bytes. */
static inline v128_t sixteen_nibbles(v128_t bytes) {
    return wasm_i8x16_shuffle(low_nibbles(bytes), high_nibbles(bytes), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                              7, 23);
}

/* Eight scales: nibbles, and above them two bits each. */
ALWAYS_INLINE void iq4_xs_scales(int16_t out[8], const struct block_iq4_xs *block) {
    const v128_t nibbles = sixteen_nibbles(wasm_v128_load32_zero(block->scales_l));
    const v128_t high = wasm_u16x8_shr(times_powers(wasm_v128_load16_splat(block->scales_h), twos_to_top), 14);
    const v128_t scales = wasm_v128_or(wasm_u16x8_extend_low_u8x16(nibbles), wasm_i16x8_shl(high, 4));
    wasm_v128_store(out, wasm_i16x8_sub(scales, wasm_i16x8_splat(32)));
}

/* base3_digit: a byte's first digit is 1 from 256 / 3 on and 2 from 512 / 3 on. */
ALWAYS_INLINE v128_t first_digit(v128_t bytes) {
    return wasm_i8x16_add(wasm_u8x16_min(wasm_u8x16_sub_sat(bytes, every8(85)), every8(1)),
                          wasm_u8x16_min(wasm_u8x16_sub_sat(bytes, every8(-86)), every8(1))); /* 170 */
}

/* Three times the bytes. A zero that the compiler does not know keeps it from making one product of it: there is none
 * of bytes, and it would take lane by lane. */
ALWAYS_INLINE v128_t next_digit(v128_t bytes) {
    const v128_t zero = constant(constants.zero);
    return wasm_i8x16_add(wasm_i8x16_add(bytes, wasm_v128_or(bytes, zero)), wasm_v128_xor(bytes, zero));
}

/* The bytes whose first digits are those of the last sixteen weights. */
ALWAYS_INLINE v128_t last_digits(const uint8_t qh[4]) {
    const v128_t first = wasm_v128_load32_splat(qh);
    const v128_t second = next_digit(first);
    const v128_t third = next_digit(second);
    return wasm_i64x2_shuffle(wasm_i32x4_shuffle(first, second, 0, 4, 0, 4),
                              wasm_i32x4_shuffle(third, next_digit(third), 0, 4, 0, 4), 0, 2);
}

ALWAYS_INLINE v128_t shifted_codes(v128_t codes, v128_t masks) {
    return wasm_i8x16_sub(codes, wasm_v128_and(masks, every8(2)));
}

#endif
