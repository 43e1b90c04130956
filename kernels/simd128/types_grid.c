/* Unpacks the grid types. The meaning of their fields is in quant/blocks.h and in the decoders of quant/. */
#include "kernels/simd128/types_grid.h"

#include "kernels/simd128/bit_fields.h"
#include "platform/memory.h"
#include "quant/blocks.h"
#include "quant/grid_tables.h"

void spread_grid(union spread_grid *out, const struct signed_type *type) {
    const v128_t values = wasm_v128_load(type->values);
    KEEP_LOOP
    for (size_t i = 0; i < type->entries; i += 2) {
        const v128_t first = wasm_v128_load16_splat(type->grid + i);
        const v128_t second = wasm_v128_load16_splat(type->grid + i + 1);
        if (type->form != GRID4) {
            const v128_t fields =
                wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(shift_lanes(first, constants.pairs_to_top), 14),
                                        wasm_u16x8_shr(shift_lanes(second, constants.pairs_to_top), 14));
            wasm_v128_store(out->of8 + i, wasm_i8x16_swizzle(values, fields));
        } else {
            const v128_t both = wasm_i64x2_shuffle(first, second, 0, 2);
            const v128_t fields = wasm_u16x8_shr(shift_lanes(both, constants.triples_to_top), 13);
            wasm_v128_store64_lane(out->of4 + i, wasm_i8x16_swizzle(values, wasm_u8x16_narrow_i16x8(fields, fields)),
                                   0);
        }
    }
}

ALWAYS_INLINE void unpack_grid(enum grid_form form, struct signed_block *out, const struct signed_type *type,
                               const uint8_t *block, const union spread_grid *grid) {
    struct grid_indices of;
    type->unpack_indices(&of, block);
    const uint16_t *index = of.index;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t signs = wasm_v128_load32_splat(of.signs + 4 * i);
        UNROLL
        for (size_t v = 0; v < 2; v++) {
            const v128_t codes = grid_codes(form, grid, index);
            const v128_t masks = sign_masks(signs, v);
            wasm_v128_store(out->code + 32 * i + 16 * v,
                            form == GRID8_OFFSET
                                ? wasm_i8x16_sub(offset_codes(codes, masks), wasm_i8x16_splat(GRID_OFFSET))
                                : negate_masked(codes, masks));
            index += grid_indices_per_vector(form);
        }
    }
    memcpy(out->scale, of.scale, sizeof out->scale);
    out->d = of.d;
}

static void unpack_grid8(struct signed_block *out, const struct signed_type *type, const uint8_t *block,
                         const union spread_grid *grid) {
    unpack_grid(GRID8, out, type, block, grid);
}

static void unpack_grid4(struct signed_block *out, const struct signed_type *type, const uint8_t *block,
                         const union spread_grid *grid) {
    unpack_grid(GRID4, out, type, block, grid);
}

static void unpack_grid8_offset(struct signed_block *out, const struct signed_type *type, const uint8_t *block,
                                const union spread_grid *grid) {
    unpack_grid(GRID8_OFFSET, out, type, block, grid);
}

/* Eight indices: a byte each, and bits 8 and up from the lanes of `high`. */
static inline void store_indices(uint16_t out[8], const uint8_t qs[8], v128_t high) {
    wasm_v128_store(out, wasm_v128_or(wasm_u16x8_load8x8(qs), high));
}

/* The eighth sign of each byte makes the number of negative signs even: see quant/. */
static inline v128_t complete_signs(v128_t seven) {
    const v128_t odd = wasm_v128_and(wasm_i8x16_popcnt(seven), wasm_i8x16_splat(1));
    return wasm_v128_or(seven, wasm_i8x16_shl(odd, 7));
}

/* 2 s + 1 for each of 16 bytes s. */
static inline void store_odd_scales(int16_t out[16], v128_t bytes) {
    const v128_t odd = wasm_i8x16_add(wasm_i8x16_add(bytes, bytes), wasm_i8x16_splat(1));
    wasm_v128_store(out, wasm_u16x8_extend_low_u8x16(odd));
    wasm_v128_store(out + 8, wasm_u16x8_extend_high_u8x16(odd));
}

/* Each of four lanes holds 32 weights' signs, four times seven bits, and their scale, four bits. */
static inline void store_scale_and_signs(struct grid_indices *out, size_t lane, v128_t scale_signs) {
    const v128_t first = wasm_v128_and(scale_signs, wasm_i32x4_splat(0x7f));
    const v128_t second = wasm_v128_and(wasm_i32x4_shl(scale_signs, 1), wasm_i32x4_splat(0x7f00));
    const v128_t third = wasm_v128_and(wasm_i32x4_shl(scale_signs, 2), wasm_i32x4_splat(0x7f0000));
    const v128_t fourth = wasm_v128_and(wasm_i32x4_shl(scale_signs, 3), wasm_i32x4_splat(0x7f000000));
    const v128_t seven = wasm_v128_or(wasm_v128_or(first, second), wasm_v128_or(third, fourth));
    const v128_t scale = wasm_u32x4_shr(scale_signs, 28);
    const v128_t twice = wasm_v128_or(scale, wasm_i32x4_shl(scale, 16));
    wasm_v128_store(out->signs + 4 * lane, complete_signs(seven));
    wasm_v128_store(out->scale + 2 * lane, wasm_i16x8_add(wasm_i16x8_add(twice, twice), splat16(1)));
}

static void unpack_iq2_xxs_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq2_xxs *block = (const struct block_iq2_xxs *)bytes;
    UNROLL
    for (size_t lane = 0; lane < 8; lane += 4) {
        const v128_t first = wasm_v128_load(block->qs + 8 * lane);
        const v128_t second = wasm_v128_load(block->qs + 8 * lane + 16);
        const v128_t indices = wasm_i32x4_shuffle(first, second, 0, 2, 4, 6);
        wasm_v128_store(out->index + 4 * lane, wasm_u16x8_extend_low_u8x16(indices));
        wasm_v128_store(out->index + 4 * lane + 8, wasm_u16x8_extend_high_u8x16(indices));
        store_scale_and_signs(out, lane, wasm_i32x4_shuffle(first, second, 1, 3, 5, 7));
    }
    out->d = f16_at(block->d) * 0.125f;
}

static void unpack_iq2_xs_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq2_xs *block = (const struct block_iq2_xs *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 32; i += 16) {
        const v128_t first = wasm_v128_load(block->qs + 2 * i);
        const v128_t second = wasm_v128_load(block->qs + 2 * i + 16);
        wasm_v128_store(out->index + i, wasm_v128_and(first, wasm_i16x8_splat(511)));
        wasm_v128_store(out->index + i + 8, wasm_v128_and(second, wasm_i16x8_splat(511)));
        wasm_v128_store(out->signs + i,
                        complete_signs(wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(first, 9), wasm_u16x8_shr(second, 9))));
    }
    store_odd_scales(out->scale, sixteen_nibbles(wasm_v128_load64_zero(block->scales)));
    out->d = f16_at(block->d) * 0.125f;
}

/* The first byte in the first four lanes, the second in the others. */
static inline v128_t two_by_four(const uint8_t bytes[2]) {
    return wasm_i8x16_shuffle(wasm_v128_load16_splat(bytes), wasm_i8x16_splat(0), 0, 16, 0, 16, 0, 16, 0, 16, 1, 16, 1,
                              16, 1, 16, 1, 16);
}

static void unpack_iq2_s_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq2_s *block = (const struct block_iq2_s *)bytes;
    static const uint16_t to_bit8[8] = {256, 64, 16, 4, 256, 64, 16, 4};
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t high = shift_lanes(two_by_four(block->qh + 2 * i), to_bit8);
        store_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x300)));
    }
    memcpy(out->signs, block->signs, sizeof out->signs);
    store_odd_scales(out->scale, sixteen_nibbles(wasm_v128_load64_zero(block->scales)));
    out->d = f16_at(block->d) * 0.125f;
}

static void unpack_iq3_xxs_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq3_xxs *block = (const struct block_iq3_xxs *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        store_indices(out->index + 8 * i, block->qs + 8 * i, wasm_i16x8_splat(0));
    }
    store_scale_and_signs(out, 0, wasm_v128_load(block->scale_signs));
    store_scale_and_signs(out, 4, wasm_v128_load(block->scale_signs + 16));
    out->d = f16_at(block->d) * 0.25f;
}

static void unpack_iq3_s_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq3_s *block = (const struct block_iq3_s *)bytes;
    static const uint16_t to_bit8[8] = {256, 128, 64, 32, 16, 8, 4, 2};
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t high = shift_lanes(wasm_i16x8_splat(block->qh[i]), to_bit8);
        store_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x100)));
    }
    memcpy(out->signs, block->signs, sizeof out->signs);
    const v128_t scales = sixteen_nibbles(wasm_v128_load32_zero(block->scales));
    store_odd_scales(out->scale, wasm_i8x16_shuffle(scales, scales, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
    out->d = f16_at(block->d);
}

/* The first u16 in the first four lanes, the second in the others. */
static inline v128_t two_u16_by_four(const uint8_t bytes[4]) {
    const v128_t both = wasm_v128_load32_splat(bytes);
    return wasm_i16x8_shuffle(both, both, 0, 0, 0, 0, 1, 1, 1, 1);
}

/* A byte of ones for each lane whose highest bit is set: the sign of all eight weights of an entry. */
static inline void store_deltas(uint8_t signs[8], v128_t lanes) {
    const v128_t negative = wasm_i16x8_shr(lanes, 15);
    wasm_v128_store64_lane(signs, wasm_i8x16_narrow_i16x8(negative, negative), 0);
}

static void unpack_iq1_s_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq1_s *block = (const struct block_iq1_s *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t lanes = two_u16_by_four(block->qh + 4 * i);
        const v128_t high = wasm_u16x8_shr(shift_lanes(lanes, constants.triples_to_top), 5);
        store_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x700)));
        store_deltas(out->signs + 8 * i, lanes);
    }
    const v128_t qh = wasm_v128_load(block->qh);
    const v128_t scale = wasm_v128_and(wasm_u16x8_shr(qh, 12), wasm_i16x8_splat(7));
    store_odd_scales(out->scale,
                     wasm_i8x16_shuffle(scale, scale, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14));
    out->d = f16_at(block->d) * 0.125f;
}

static void unpack_iq1_m_indices(struct grid_indices *out, const uint8_t *bytes) {
    const struct block_iq1_m *block = (const struct block_iq1_m *)bytes;
    static const uint16_t to_bit8[8] = {256, 16, 256, 16, 256, 16, 256, 16};
    unsigned d_bits = 0;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t four = wasm_v128_load32_splat(block->qh + 4 * i);
        const v128_t lanes =
            wasm_i8x16_shuffle(four, wasm_i8x16_splat(0), 0, 16, 0, 16, 1, 16, 1, 16, 2, 16, 2, 16, 3, 16, 3, 16);
        const v128_t high = shift_lanes(lanes, to_bit8);
        store_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x700)));
        store_deltas(out->signs + 8 * i, wasm_i16x8_shl(high, 4));
        d_bits |= (unsigned)(u16_at(block->scales + 2 * i) >> 12) << 4 * i;
    }
    store_odd_scales(
        out->scale, wasm_u8x16_narrow_i16x8(
                        wasm_u16x8_shr(shift_lanes(two_u16_by_four(block->scales), constants.triples_to_top), 13),
                        wasm_u16x8_shr(shift_lanes(two_u16_by_four(block->scales + 4), constants.triples_to_top), 13)));
    out->d = f16_to_f32((uint16_t)d_bits) * 0.125f;
}

/* ---- the types ---- */

#define ENTRIES(grid) (sizeof(grid) / sizeof *(grid))
#define IQ1_VALUES    {2, 10, 18} /* GRID_OFFSET + 8 * -1, 0 and 1, plus 1 */
#define IQ2_VALUES    {8, 25, 43}

const struct signed_type type_iq1_s = {
    .unpack = unpack_grid8_offset,
    .block_bytes = sizeof(struct block_iq1_s),
    .unpack_indices = unpack_iq1_s_indices,
    .grid = iq1_grid,
    .entries = ENTRIES(iq1_grid),
    .form = GRID8_OFFSET,
    .values = IQ1_VALUES,
};
const struct signed_type type_iq1_m = {
    .unpack = unpack_grid8_offset,
    .block_bytes = sizeof(struct block_iq1_m),
    .unpack_indices = unpack_iq1_m_indices,
    .grid = iq1_grid,
    .entries = ENTRIES(iq1_grid),
    .form = GRID8_OFFSET,
    .values = IQ1_VALUES,
};
const struct signed_type type_iq2_xxs = {
    .unpack = unpack_grid8,
    .block_bytes = sizeof(struct block_iq2_xxs),
    .unpack_indices = unpack_iq2_xxs_indices,
    .grid = iq2_xxs_grid,
    .entries = ENTRIES(iq2_xxs_grid),
    .form = GRID8,
    .values = IQ2_VALUES,
};
const struct signed_type type_iq2_xs = {
    .unpack = unpack_grid8,
    .block_bytes = sizeof(struct block_iq2_xs),
    .unpack_indices = unpack_iq2_xs_indices,
    .grid = iq2_xs_grid,
    .entries = ENTRIES(iq2_xs_grid),
    .form = GRID8,
    .values = IQ2_VALUES,
};
const struct signed_type type_iq2_s = {
    .unpack = unpack_grid8,
    .block_bytes = sizeof(struct block_iq2_s),
    .unpack_indices = unpack_iq2_s_indices,
    .grid = iq2_s_grid,
    .entries = ENTRIES(iq2_s_grid),
    .form = GRID8,
    .values = IQ2_VALUES,
};
const struct signed_type type_iq3_xxs = {
    .unpack = unpack_grid4,
    .block_bytes = sizeof(struct block_iq3_xxs),
    .unpack_indices = unpack_iq3_xxs_indices,
    .grid = iq3_xxs_grid,
    .entries = ENTRIES(iq3_xxs_grid),
    .form = GRID4,
    .values = {4, 12, 20, 28, 36, 44, 52, 62},
};
const struct signed_type type_iq3_s = {
    .unpack = unpack_grid4,
    .block_bytes = sizeof(struct block_iq3_s),
    .unpack_indices = unpack_iq3_s_indices,
    .grid = iq3_s_grid,
    .entries = ENTRIES(iq3_s_grid),
    .form = GRID4,
    .values = {1, 3, 5, 7, 9, 11, 13, 15},
};
