/* What the codes of each type stand for is said in quant/blocks.h and kernels/scalar/unpack_grids.c. */
#include "kernels/simd128/codes256.h"

#include "kernels/simd128/codes.h"
#include "platform/memory.h"
#include "quant/grids.h"

/* ---- without a grid ---- */

static void unpack_iq4_xs(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    (void)grid;
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)bytes;
    const v128_t values = constant(iq4_values);
    KEEP_LOOP
    for (unsigned s = 0; s < 8; s++) {
        const int low = block->scales_l[s / 2] >> s % 2 * 4 & 15;
        const int high = u16_at(block->scales_h) >> s * 2 & 3;
        out->scale[2 * s] = out->scale[2 * s + 1] = (int16_t)((low | high << 4) - 32);
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

/* base3_digit less 1: a byte's first digit is 1 from 256 / 3 on and 2 from 512 / 3 on. */
static inline v128_t first_digit(v128_t bytes) {
    const v128_t one = wasm_u8x16_ge(bytes, wasm_i8x16_splat(86));
    const v128_t two = wasm_u8x16_ge(bytes, wasm_i8x16_splat((int8_t)171));
    return wasm_i8x16_sub(wasm_i8x16_sub(wasm_i8x16_splat(-1), one), two);
}

static inline v128_t next_digit(v128_t bytes) { return wasm_i8x16_add(wasm_i8x16_add(bytes, bytes), bytes); }

static void unpack_tq1_0(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    (void)grid;
    const struct block_tq1_0 *block = (const struct block_tq1_0 *)bytes;
    v128_t at[3] = {wasm_v128_load(block->qs), wasm_v128_load(block->qs + 16), wasm_v128_load(block->qs + 32)};
    const v128_t last = wasm_v128_load32_splat(block->qh);
    KEEP_LOOP
    for (size_t k = 0; k < 5; k++) {
        wasm_v128_store(out->code + 32 * k, first_digit(at[0]));
        wasm_v128_store(out->code + 32 * k + 16, first_digit(at[1]));
        wasm_v128_store(out->code + 160 + 16 * k, first_digit(at[2]));
        at[0] = next_digit(at[0]);
        at[1] = next_digit(at[1]);
        at[2] = next_digit(at[2]);
    }
    const v128_t second = next_digit(last);
    const v128_t third = next_digit(second);
    const v128_t fourth = next_digit(third);
    wasm_v128_store(out->code + 240,
                    first_digit(wasm_i64x2_shuffle(wasm_i32x4_shuffle(last, second, 0, 4, 0, 4),
                                                   wasm_i32x4_shuffle(third, fourth, 0, 4, 0, 4), 0, 2)));
    all_scales_one(out);
    out->d = f16_at(block->d);
}

static void unpack_tq2_0(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    (void)grid;
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
    const v128_t to_top8 = wasm_i16x8_make(1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 6, 1 << 4, 1 << 2, 1);
    const v128_t to_top4 = wasm_i16x8_make(1 << 13, 1 << 10, 1 << 7, 1 << 4, 1 << 13, 1 << 10, 1 << 7, 1 << 4);
    KEEP_LOOP
    for (size_t i = 0; i < type->entries; i += 2) {
        const v128_t first = wasm_v128_load16_splat(type->grid + i);
        const v128_t second = wasm_v128_load16_splat(type->grid + i + 1);
        if (type->fields == 8) {
            wasm_v128_store(out->of8 + i, wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(wasm_i16x8_mul(first, to_top8), 14),
                                                                  wasm_u16x8_shr(wasm_i16x8_mul(second, to_top8), 14)));
        } else {
            const v128_t both = wasm_i64x2_shuffle(first, second, 0, 2);
            const v128_t fields = wasm_u16x8_shr(wasm_i16x8_mul(both, to_top4), 13);
            wasm_v128_store64_lane(out->of4 + i, wasm_u8x16_narrow_i16x8(fields, fields), 0);
        }
    }
}

/* A block's indices into the grid, and a bit for each weight, of which what it means is said by the values. */
struct indices {
    uint16_t index[64];
    uint8_t signs[32]; /* of groups of 8 */
};

/* Of a field, and from the ninth on of one whose bit is set. */
static const int8_t values_iq2[16] = {8, 25, 43, 0, 0, 0, 0, 0, -8, -25, -43};
static const int8_t values_iq3_xxs[16] = {4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62};
static const int8_t values_iq3_s[16] = {1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15};
static const int8_t values_iq1[16] = {-7, 1, 9, 0, 0, 0, 0, 0, -9, -1, 7};

/* Sixteen codes: 8 is added to the fields of weights whose bits are set. */
static inline v128_t values_of(v128_t fields, const uint8_t signs[2], v128_t values) {
    const v128_t bits = constant(constants.bits);
    const v128_t both = wasm_v128_load16_splat(signs);
    const v128_t each = wasm_i8x16_shuffle(both, both, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const v128_t set = wasm_i8x16_eq(wasm_v128_and(each, bits), bits);
    return wasm_i8x16_swizzle(values, wasm_v128_or(fields, wasm_v128_and(set, wasm_i8x16_splat(8))));
}

static void codes_of8(struct codes256 *out, const struct indices *of, const union spread_grid *grid,
                      const int8_t values[16]) {
    const v128_t table = wasm_v128_load(values);
    KEEP_LOOP
    for (size_t g = 0; g < 32; g += 2) {
        v128_t fields = wasm_v128_load64_zero(grid->of8 + of->index[g]);
        fields = wasm_v128_load64_lane(grid->of8 + of->index[g + 1], fields, 1);
        wasm_v128_store(out->code + 8 * g, values_of(fields, of->signs + g, table));
    }
}

static void codes_of4(struct codes256 *out, const struct indices *of, const union spread_grid *grid,
                      const int8_t values[16]) {
    const v128_t table = wasm_v128_load(values);
    KEEP_LOOP
    for (size_t g = 0; g < 32; g += 2) {
        const uint16_t *const index = of->index + 2 * g;
        v128_t fields = wasm_v128_load32_zero(grid->of4 + index[0]);
        fields = wasm_v128_load32_lane(grid->of4 + index[1], fields, 1);
        fields = wasm_v128_load32_lane(grid->of4 + index[2], fields, 2);
        fields = wasm_v128_load32_lane(grid->of4 + index[3], fields, 3);
        wasm_v128_store(out->code + 8 * g, values_of(fields, of->signs + g, table));
    }
}

/* Eight indices: bytes, and above them the bits 8 and up of the lanes. */
static inline void put_indices(uint16_t out[8], const uint8_t qs[8], v128_t high) {
    wasm_v128_store(out, wasm_v128_or(wasm_u16x8_load8x8(qs), high));
}

/* eight_signs of seven bits each. */
static inline void complete_signs(uint8_t signs[32]) {
    UNROLL
    for (size_t half = 0; half < 32; half += 16) {
        const v128_t seven = wasm_v128_load(signs + half);
        const v128_t odd = wasm_v128_and(wasm_i8x16_popcnt(seven), wasm_i8x16_splat(1));
        wasm_v128_store(signs + half, wasm_v128_or(seven, wasm_i8x16_shl(odd, 7)));
    }
}

/* 2 s + 1 of sixteen bytes. */
static inline void put_odd(int16_t out[16], v128_t bytes) {
    const v128_t odd = wasm_i8x16_add(wasm_i8x16_add(bytes, bytes), wasm_i8x16_splat(1));
    wasm_v128_store(out, wasm_u16x8_extend_low_u8x16(odd));
    wasm_v128_store(out + 8, wasm_u16x8_extend_high_u8x16(odd));
}

/* Nibbles of eight bytes, in order, as bytes. */
static inline v128_t sixteen_nibbles(v128_t bytes) {
    return wasm_i8x16_shuffle(low_nibbles(bytes), high_nibbles(bytes), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                              7, 23);
}

/* For 32 weights: four times seven bits of signs, and a scale of four. */
static inline void put_scale_signs(struct codes256 *out, struct indices *of, size_t i, uint32_t scale_signs) {
    const uint32_t signs = (scale_signs & 0x7f) | (scale_signs & 0x3f80) << 1 | (scale_signs & 0x1fc000) << 2 |
                           (scale_signs & 0xfe00000) << 3;
    const uint32_t scale = (scale_signs >> 28) * 2 + 1;
    const uint32_t twice = scale | scale << 16;
    memcpy(of->signs + 4 * i, &signs, 4);
    memcpy(out->scale + 2 * i, &twice, 4);
}

static void unpack_iq2_xxs(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq2_xxs *block = (const struct block_iq2_xxs *)bytes;
    struct indices of;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const uint8_t *at = block->qs + 8 * i;
        wasm_v128_store64_lane(of.index + 4 * i, wasm_u16x8_load8x8(at), 0);
        put_scale_signs(out, &of, i, u32_at(at + 4));
    }
    complete_signs(of.signs);
    codes_of8(out, &of, grid, values_iq2);
    out->d = f16_at(block->d) * 0.125f;
}

static void unpack_iq2_xs(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq2_xs *block = (const struct block_iq2_xs *)bytes;
    struct indices of;
    KEEP_LOOP
    for (size_t i = 0; i < 32; i += 16) {
        const v128_t first = wasm_v128_load(block->qs + 2 * i);
        const v128_t second = wasm_v128_load(block->qs + 2 * i + 16);
        wasm_v128_store(of.index + i, wasm_v128_and(first, wasm_i16x8_splat(511)));
        wasm_v128_store(of.index + i + 8, wasm_v128_and(second, wasm_i16x8_splat(511)));
        wasm_v128_store(of.signs + i, wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(first, 9), wasm_u16x8_shr(second, 9)));
    }
    complete_signs(of.signs);
    put_odd(out->scale, sixteen_nibbles(wasm_v128_load64_zero(block->scales)));
    codes_of8(out, &of, grid, values_iq2);
    out->d = f16_at(block->d) * 0.125f;
}

/* Two bytes, spread over the lanes: four times each. */
static inline v128_t two_by_four(const uint8_t bytes[2]) {
    return wasm_i8x16_shuffle(wasm_v128_load16_splat(bytes), wasm_i8x16_splat(0), 0, 16, 0, 16, 0, 16, 0, 16, 1, 16, 1,
                              16, 1, 16, 1, 16);
}

static void unpack_iq2_s(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq2_s *block = (const struct block_iq2_s *)bytes;
    const v128_t to_bit8 = wasm_i16x8_make(256, 64, 16, 4, 256, 64, 16, 4);
    struct indices of;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t high = wasm_i16x8_mul(two_by_four(block->qh + 2 * i), to_bit8);
        put_indices(of.index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x300)));
    }
    memcpy(of.signs, block->signs, sizeof of.signs);
    put_odd(out->scale, sixteen_nibbles(wasm_v128_load64_zero(block->scales)));
    codes_of8(out, &of, grid, values_iq2);
    out->d = f16_at(block->d) * 0.125f;
}

static void unpack_iq3_xxs(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq3_xxs *block = (const struct block_iq3_xxs *)bytes;
    struct indices of;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        put_indices(of.index + 8 * i, block->qs + 8 * i, wasm_i16x8_splat(0));
        put_scale_signs(out, &of, i, u32_at(block->scale_signs + 4 * i));
    }
    complete_signs(of.signs);
    codes_of4(out, &of, grid, values_iq3_xxs);
    out->d = f16_at(block->d) * 0.25f;
}

static void unpack_iq3_s(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq3_s *block = (const struct block_iq3_s *)bytes;
    const v128_t to_bit8 = wasm_i16x8_make(256, 128, 64, 32, 16, 8, 4, 2);
    struct indices of;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t high = wasm_i16x8_mul(wasm_i16x8_splat(block->qh[i]), to_bit8);
        put_indices(of.index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x100)));
    }
    memcpy(of.signs, block->signs, sizeof of.signs);
    const v128_t scales = sixteen_nibbles(wasm_v128_load32_zero(block->scales));
    put_odd(out->scale, wasm_i8x16_shuffle(scales, scales, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
    codes_of4(out, &of, grid, values_iq3_s);
    out->d = f16_at(block->d);
}

/* Fields of 3 bits from the lowest on, lane by lane, moved to the highest bits. */
static inline v128_t threes_to_top(v128_t lanes) {
    return wasm_i16x8_mul(lanes, wasm_i16x8_make(1 << 13, 1 << 10, 1 << 7, 1 << 4, 1 << 13, 1 << 10, 1 << 7, 1 << 4));
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

static void unpack_iq1_s(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq1_s *block = (const struct block_iq1_s *)bytes;
    struct indices of;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t lanes = two_halves_by_four(block->qh + 4 * i);
        const v128_t high = wasm_u16x8_shr(threes_to_top(lanes), 5);
        put_indices(of.index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x700)));
        put_deltas(of.signs + 8 * i, lanes);
    }
    const v128_t halves = wasm_v128_load(block->qh);
    const v128_t scale = wasm_v128_and(wasm_u16x8_shr(halves, 12), wasm_i16x8_splat(7));
    put_odd(out->scale, wasm_i8x16_shuffle(scale, scale, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14));
    codes_of8(out, &of, grid, values_iq1);
    out->d = f16_at(block->d) * 0.125f;
}

static void unpack_iq1_m(struct codes256 *out, const uint8_t *bytes, const union spread_grid *grid) {
    const struct block_iq1_m *block = (const struct block_iq1_m *)bytes;
    const v128_t to_bit8 = wasm_i16x8_make(256, 16, 256, 16, 256, 16, 256, 16);
    struct indices of;
    unsigned d_bits = 0;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t four = wasm_v128_load32_splat(block->qh + 4 * i);
        const v128_t lanes =
            wasm_i8x16_shuffle(four, wasm_i8x16_splat(0), 0, 16, 0, 16, 1, 16, 1, 16, 2, 16, 2, 16, 3, 16, 3, 16);
        const v128_t high = wasm_i16x8_mul(lanes, to_bit8);
        put_indices(of.index + 8 * i, block->qs + 8 * i, wasm_v128_and(high, wasm_i16x8_splat(0x700)));
        put_deltas(of.signs + 8 * i, wasm_i16x8_shl(high, 4));
        d_bits |= (unsigned)(u16_at(block->scales + 2 * i) >> 12) << 4 * i;
    }
    put_odd(out->scale,
            wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(threes_to_top(two_halves_by_four(block->scales)), 13),
                                    wasm_u16x8_shr(threes_to_top(two_halves_by_four(block->scales + 4)), 13)));
    codes_of8(out, &of, grid, values_iq1);
    out->d = f16_to_f32((uint16_t)d_bits) * 0.125f;
}

const struct type256 type_iq4_xs = {unpack_iq4_xs, sizeof(struct block_iq4_xs), NULL, 0, 0};
const struct type256 type_tq1_0 = {unpack_tq1_0, sizeof(struct block_tq1_0), NULL, 0, 0};
const struct type256 type_tq2_0 = {unpack_tq2_0, sizeof(struct block_tq2_0), NULL, 0, 0};
const struct type256 type_iq1_s = {unpack_iq1_s, sizeof(struct block_iq1_s), iq1_grid, 2048, 8};
const struct type256 type_iq1_m = {unpack_iq1_m, sizeof(struct block_iq1_m), iq1_grid, 2048, 8};
const struct type256 type_iq2_xxs = {unpack_iq2_xxs, sizeof(struct block_iq2_xxs), iq2_xxs_grid, 256, 8};
const struct type256 type_iq2_xs = {unpack_iq2_xs, sizeof(struct block_iq2_xs), iq2_xs_grid, 512, 8};
const struct type256 type_iq2_s = {unpack_iq2_s, sizeof(struct block_iq2_s), iq2_s_grid, 1024, 8};
const struct type256 type_iq3_xxs = {unpack_iq3_xxs, sizeof(struct block_iq3_xxs), iq3_xxs_grid, 256, 4};
const struct type256 type_iq3_s = {unpack_iq3_s, sizeof(struct block_iq3_s), iq3_s_grid, 512, 4};
