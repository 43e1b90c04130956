/* What the codes of each type stand for is said in quant/blocks.h and kernels/scalar/types_grid.c. */
#include "kernels/simd128/codes256.h"

#include "platform/memory.h"
#include "quant/grid_tables.h"
#include "quant/iq4.h"

const powers twos_to_top = {1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 6, 1 << 4, 1 << 2, 1};
/* Of fields of three bits, four and four. */
static const powers threes_to_top = {1 << 13, 1 << 10, 1 << 7, 1 << 4, 1 << 13, 1 << 10, 1 << 7, 1 << 4};

/* ---- without a grid ---- */

static void unpack_iq4_xs(struct codes256 *out, const struct type256 *type, const uint8_t *bytes,
                          const union spread_grid *grid) {
    (void)type, (void)grid;
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)bytes;
    const v128_t values = constant(iq4_values);
    int16_t scales[8];
    iq4_xs_scales(scales, block);
    KEEP_LOOP
    for (unsigned s = 0; s < 8; s++) {
        out->scale[2 * s] = out->scale[2 * s + 1] = scales[s];
        v128_t codes[2];
        codes_of_halves(codes, block->qs + 16 * s);
        wasm_v128_store(out->code + 32 * s, wasm_i8x16_swizzle(values, codes[0]));
        wasm_v128_store(out->code + 32 * s + 16, wasm_i8x16_swizzle(values, codes[1]));
    }
    out->d = f16_at(block->d);
}

static void all_scales_one(struct codes256 *out) {
    wasm_v128_store(out->scale, every16(1));
    wasm_v128_store(out->scale + 8, every16(1));
}

static void unpack_tq1_0(struct codes256 *out, const struct type256 *type, const uint8_t *bytes,
                         const union spread_grid *grid) {
    (void)type, (void)grid;
    const struct block_tq1_0 *block = (const struct block_tq1_0 *)bytes;
    v128_t at[3] = {wasm_v128_load(block->qs), wasm_v128_load(block->qs + 16), wasm_v128_load(block->qs + 32)};
    const v128_t one = wasm_i8x16_splat(1);
    KEEP_LOOP
    for (size_t k = 0; k < 5; k++) {
        wasm_v128_store(out->code + 32 * k, wasm_i8x16_sub(first_digit(at[0]), one));
        wasm_v128_store(out->code + 32 * k + 16, wasm_i8x16_sub(first_digit(at[1]), one));
        wasm_v128_store(out->code + 160 + 16 * k, wasm_i8x16_sub(first_digit(at[2]), one));
        at[0] = next_digit(at[0]);
        at[1] = next_digit(at[1]);
        at[2] = next_digit(at[2]);
    }
    wasm_v128_store(out->code + 240, wasm_i8x16_sub(first_digit(last_digits(block->qh)), one));
    all_scales_one(out);
    out->d = f16_at(block->d);
}

static void unpack_tq2_0(struct codes256 *out, const struct type256 *type, const uint8_t *bytes,
                         const union spread_grid *grid) {
    (void)type, (void)grid;
    const struct block_tq2_0 *block = (const struct block_tq2_0 *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t qs = wasm_v128_load(block->qs + 16 * i);
        UNROLL
        for (uint32_t v = 0; v < 4; v++) {
            wasm_v128_store(out->code + 128 * (i / 2) + 16 * (i % 2) + 32 * v,
                            wasm_i8x16_sub(bits_of(qs, 2 * v, 3, 0), wasm_i8x16_splat(1)));
        }
    }
    all_scales_one(out);
    out->d = f16_at(block->d);
}

/* ---- grids ---- */

void spread_grid(union spread_grid *out, const struct type256 *type) {
    const v128_t values = wasm_v128_load(type->values);
    KEEP_LOOP
    for (size_t i = 0; i < type->entries; i += 2) {
        const v128_t first = wasm_v128_load16_splat(type->grid + i);
        const v128_t second = wasm_v128_load16_splat(type->grid + i + 1);
        if (type->form != GRID4) {
            const v128_t fields = wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(times_powers(first, twos_to_top), 14),
                                                          wasm_u16x8_shr(times_powers(second, twos_to_top), 14));
            wasm_v128_store(out->of8 + i, wasm_i8x16_swizzle(values, fields));
        } else {
            const v128_t both = wasm_i64x2_shuffle(first, second, 0, 2);
            const v128_t fields = wasm_u16x8_shr(times_powers(both, threes_to_top), 13);
            wasm_v128_store64_lane(out->of4 + i, wasm_i8x16_swizzle(values, wasm_u8x16_narrow_i16x8(fields, fields)),
                                   0);
        }
    }
}

ALWAYS_INLINE void unpack_grid(enum grid_form form, struct codes256 *out, const struct type256 *type,
                               const uint8_t *block, const union spread_grid *grid) {
    struct indices of;
    type->indices(&of, block);
    const uint16_t *index = of.index;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t signs = wasm_v128_load32_splat(of.signs + 4 * i);
        UNROLL
        for (size_t half = 0; half < 2; half++) {
            const v128_t codes = grid_codes(form, grid, index);
            const v128_t masks = sign_masks(signs, half);
            wasm_v128_store(out->code + 32 * i + 16 * half,
                            form == SHIFTED ? wasm_i8x16_sub(shifted_codes(codes, masks), wasm_i8x16_splat(SHIFTED_BY))
                                            : with_signs(codes, masks));
            index += form == GRID4 ? 4 : 2;
        }
    }
    memcpy(out->scale, of.scale, sizeof out->scale);
    out->d = of.d;
}

static void unpack_grid8(struct codes256 *out, const struct type256 *type, const uint8_t *block,
                         const union spread_grid *grid) {
    unpack_grid(GRID8, out, type, block, grid);
}

static void unpack_grid4(struct codes256 *out, const struct type256 *type, const uint8_t *block,
                         const union spread_grid *grid) {
    unpack_grid(GRID4, out, type, block, grid);
}

static void unpack_shifted(struct codes256 *out, const struct type256 *type, const uint8_t *block,
                           const union spread_grid *grid) {
    unpack_grid(SHIFTED, out, type, block, grid);
}

/* Eight indices: bytes, and above them the bits 8 and up of the lanes. */
static inline void put_indices(uint16_t out[8], const uint8_t qs[8], v128_t high) {
    wasm_v128_store(out, wasm_v128_or(wasm_u16x8_load8x8(qs), high));
}

/* signs_of_7_bits, for many groups at once. */
static inline v128_t complete_signs(v128_t seven) {
    const v128_t odd = wasm_v128_and(wasm_i8x16_popcnt(seven), wasm_i8x16_splat(1));
    return wasm_v128_or(seven, wasm_i8x16_shl(odd, 7));
}

/* 2 s + 1 of sixteen bytes. */
static inline void put_odd(int16_t out[16], v128_t bytes) {
    const v128_t odd = wasm_i8x16_add(wasm_i8x16_add(bytes, bytes), wasm_i8x16_splat(1));
    wasm_v128_store(out, wasm_u16x8_extend_low_u8x16(odd));
    wasm_v128_store(out + 8, wasm_u16x8_extend_high_u8x16(odd));
}

/* For 32 weights in each of four lanes: four times seven bits of signs, and a scale of four. */
static inline void put_scale_signs(struct indices *out, size_t lane, v128_t scale_signs) {
    const v128_t first = wasm_v128_and(scale_signs, wasm_i32x4_splat(0x7f));
    const v128_t second = wasm_v128_and(wasm_i32x4_shl(scale_signs, 1), wasm_i32x4_splat(0x7f00));
    const v128_t third = wasm_v128_and(wasm_i32x4_shl(scale_signs, 2), wasm_i32x4_splat(0x7f0000));
    const v128_t fourth = wasm_v128_and(wasm_i32x4_shl(scale_signs, 3), wasm_i32x4_splat(0x7f000000));
    const v128_t seven = wasm_v128_or(wasm_v128_or(first, second), wasm_v128_or(third, fourth));
    const v128_t scale = wasm_u32x4_shr(scale_signs, 28);
    const v128_t twice = wasm_v128_or(scale, wasm_i32x4_shl(scale, 16));
    wasm_v128_store(out->signs + 4 * lane, complete_signs(seven));
    wasm_v128_store(out->scale + 2 * lane, wasm_i16x8_add(wasm_i16x8_add(twice, twice), every16(1)));
}

static void indices_iq2_xxs(struct indices *out, const uint8_t *bytes) {
    const struct block_iq2_xxs *block = (const struct block_iq2_xxs *)bytes;
    UNROLL
    for (size_t lane = 0; lane < 8; lane += 4) {
        const v128_t first = wasm_v128_load(block->qs + 8 * lane);
        const v128_t second = wasm_v128_load(block->qs + 8 * lane + 16);
        const v128_t indices = wasm_i32x4_shuffle(first, second, 0, 2, 4, 6);
        wasm_v128_store(out->index + 4 * lane, wasm_u16x8_extend_low_u8x16(indices));
        wasm_v128_store(out->index + 4 * lane + 8, wasm_u16x8_extend_high_u8x16(indices));
        put_scale_signs(out, lane, wasm_i32x4_shuffle(first, second, 1, 3, 5, 7));
    }
    out->d = f16_at(block->d) * 0.125f;
}

static void indices_iq2_xs(struct indices *out, const uint8_t *bytes) {
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
    put_odd(out->scale, sixteen_nibbles(wasm_v128_load64_zero(block->scales)));
    out->d = f16_at(block->d) * 0.125f;
}

/* Two bytes, spread over the lanes: four times each. */
static inline v128_t two_by_four(const uint8_t bytes[2]) {
    return wasm_i8x16_shuffle(wasm_v128_load16_splat(bytes), wasm_i8x16_splat(0), 0, 16, 0, 16, 0, 16, 0, 16, 1, 16, 1,
                              16, 1, 16, 1, 16);
}

static void indices_iq2_s(struct indices *out, const uint8_t *bytes) {
    const struct block_iq2_s *block = (const struct block_iq2_s *)bytes;
    static const powers to_bit8 = {256, 64, 16, 4, 256, 64, 16, 4};
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t high = times_powers(two_by_four(block->qh + 2 * i), to_bit8);
        put_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x300)));
    }
    memcpy(out->signs, block->signs, sizeof out->signs);
    put_odd(out->scale, sixteen_nibbles(wasm_v128_load64_zero(block->scales)));
    out->d = f16_at(block->d) * 0.125f;
}

static void indices_iq3_xxs(struct indices *out, const uint8_t *bytes) {
    const struct block_iq3_xxs *block = (const struct block_iq3_xxs *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        put_indices(out->index + 8 * i, block->qs + 8 * i, wasm_i16x8_splat(0));
    }
    put_scale_signs(out, 0, wasm_v128_load(block->scale_signs));
    put_scale_signs(out, 4, wasm_v128_load(block->scale_signs + 16));
    out->d = f16_at(block->d) * 0.25f;
}

static void indices_iq3_s(struct indices *out, const uint8_t *bytes) {
    const struct block_iq3_s *block = (const struct block_iq3_s *)bytes;
    static const powers to_bit8 = {256, 128, 64, 32, 16, 8, 4, 2};
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t high = times_powers(wasm_i16x8_splat(block->qh[i]), to_bit8);
        put_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x100)));
    }
    memcpy(out->signs, block->signs, sizeof out->signs);
    const v128_t scales = sixteen_nibbles(wasm_v128_load32_zero(block->scales));
    put_odd(out->scale, wasm_i8x16_shuffle(scales, scales, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
    out->d = f16_at(block->d);
}

/* Two u16, spread over the lanes: four times each. */
static inline v128_t two_halves_by_four(const uint8_t bytes[4]) {
    const v128_t both = wasm_v128_load32_splat(bytes);
    return wasm_i16x8_shuffle(both, both, 0, 0, 0, 0, 1, 1, 1, 1);
}

/* All bits of a group's sign, from the highest bit of its lane. */
static inline void put_deltas(uint8_t signs[8], v128_t lanes) {
    const v128_t negative = wasm_i16x8_shr(lanes, 15);
    wasm_v128_store64_lane(signs, wasm_i8x16_narrow_i16x8(negative, negative), 0);
}

static void indices_iq1_s(struct indices *out, const uint8_t *bytes) {
    const struct block_iq1_s *block = (const struct block_iq1_s *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t lanes = two_halves_by_four(block->qh + 4 * i);
        const v128_t high = wasm_u16x8_shr(times_powers(lanes, threes_to_top), 5);
        put_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x700)));
        put_deltas(out->signs + 8 * i, lanes);
    }
    const v128_t halves = wasm_v128_load(block->qh);
    const v128_t scale = wasm_v128_and(wasm_u16x8_shr(halves, 12), wasm_i16x8_splat(7));
    put_odd(out->scale, wasm_i8x16_shuffle(scale, scale, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14));
    out->d = f16_at(block->d) * 0.125f;
}

static void indices_iq1_m(struct indices *out, const uint8_t *bytes) {
    const struct block_iq1_m *block = (const struct block_iq1_m *)bytes;
    static const powers to_bit8 = {256, 16, 256, 16, 256, 16, 256, 16};
    unsigned d_bits = 0;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t four = wasm_v128_load32_splat(block->qh + 4 * i);
        const v128_t lanes =
            wasm_i8x16_shuffle(four, wasm_i8x16_splat(0), 0, 16, 0, 16, 1, 16, 1, 16, 2, 16, 2, 16, 3, 16, 3, 16);
        const v128_t high = times_powers(lanes, to_bit8);
        put_indices(out->index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x700)));
        put_deltas(out->signs + 8 * i, wasm_i16x8_shl(high, 4));
        d_bits |= (unsigned)(u16_at(block->scales + 2 * i) >> 12) << 4 * i;
    }
    put_odd(out->scale, wasm_u8x16_narrow_i16x8(
                            wasm_u16x8_shr(times_powers(two_halves_by_four(block->scales), threes_to_top), 13),
                            wasm_u16x8_shr(times_powers(two_halves_by_four(block->scales + 4), threes_to_top), 13)));
    out->d = f16_to_f32((uint16_t)d_bits) * 0.125f;
}

#define VALUES_IQ2 {8, 25, 43}
#define VALUES_IQ1 {2, 10, 18} /* 8 times -1, 0 and 1, and 1; SHIFTED_BY more */

const struct type256 type_iq4_xs = {unpack_iq4_xs, sizeof(struct block_iq4_xs), NULL, NULL, 0, NO_GRID, {0}};
const struct type256 type_tq1_0 = {unpack_tq1_0, sizeof(struct block_tq1_0), NULL, NULL, 0, NO_GRID, {0}};
const struct type256 type_tq2_0 = {unpack_tq2_0, sizeof(struct block_tq2_0), NULL, NULL, 0, NO_GRID, {0}};
const struct type256 type_iq1_s = {unpack_shifted, sizeof(struct block_iq1_s), indices_iq1_s, iq1_grid, 2048, SHIFTED,
                                   VALUES_IQ1};
const struct type256 type_iq1_m = {unpack_shifted, sizeof(struct block_iq1_m), indices_iq1_m, iq1_grid, 2048, SHIFTED,
                                   VALUES_IQ1};
const struct type256 type_iq2_xxs = {
    unpack_grid8, sizeof(struct block_iq2_xxs), indices_iq2_xxs, iq2_xxs_grid, 256, GRID8, VALUES_IQ2};
const struct type256 type_iq2_xs = {unpack_grid8, sizeof(struct block_iq2_xs), indices_iq2_xs, iq2_xs_grid, 512, GRID8,
                                    VALUES_IQ2};
const struct type256 type_iq2_s = {unpack_grid8, sizeof(struct block_iq2_s), indices_iq2_s, iq2_s_grid, 1024, GRID8,
                                   VALUES_IQ2};
const struct type256 type_iq3_xxs = {unpack_grid4, sizeof(struct block_iq3_xxs),   indices_iq3_xxs, iq3_xxs_grid, 256,
                                     GRID4,        {4, 12, 20, 28, 36, 44, 52, 62}};
const struct type256 type_iq3_s = {unpack_grid4, sizeof(struct block_iq3_s), indices_iq3_s, iq3_s_grid, 512,
                                   GRID4,        {1, 3, 5, 7, 9, 11, 13, 15}};
