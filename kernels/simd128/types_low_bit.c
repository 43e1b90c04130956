/* Unpacks the low-bit types. */
#include "kernels/simd128/types_low_bit.h"

#include "kernels/simd128/bit_fields.h"
#include "quant/blocks.h"

static void set_scales_to_one(struct signed_block *out) {
    wasm_v128_store(out->scale, splat16(1));
    wasm_v128_store(out->scale + 8, splat16(1));
}

static void unpack_tq1_0(struct signed_block *out, const struct signed_type *type, const uint8_t *bytes,
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
    set_scales_to_one(out);
    out->d = f16_at(block->d);
}

static void unpack_tq2_0(struct signed_block *out, const struct signed_type *type, const uint8_t *bytes,
                         const union spread_grid *grid) {
    (void)type, (void)grid;
    const struct block_tq2_0 *block = (const struct block_tq2_0 *)bytes;
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const v128_t qs = wasm_v128_load(block->qs + 16 * i);
        UNROLL
        for (uint32_t v = 0; v < 4; v++) {
            wasm_v128_store(out->code + 128 * (i / 2) + 16 * (i % 2) + 32 * v,
                            wasm_i8x16_sub(bit_field(qs, 2 * v, 3, 0), wasm_i8x16_splat(1)));
        }
    }
    set_scales_to_one(out);
    out->d = f16_at(block->d);
}

/* A set bit is 1, a clear one -1. */
static void unpack_q1_0(v128_t codes[8], v128_t *d, const uint8_t *bytes) {
    const struct block_q1_0 *block = (const struct block_q1_0 *)bytes;
    const v128_t bits = load_constant(constants.bits);
    UNROLL
    for (size_t i = 0; i < 8; i++) {
        const v128_t two = wasm_v128_load16_splat(block->qs + 2 * i);
        const v128_t each = wasm_i8x16_shuffle(two, two, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        const v128_t clear = wasm_i8x16_eq(wasm_v128_and(each, bits), wasm_i8x16_splat(0));
        codes[i] = wasm_v128_or(clear, wasm_i8x16_splat(1));
    }
    *d = wasm_f32x4_splat(f16_at(block->d));
}

/* A nibble holds two codes. Each of its bytes masks out one of them and looks up the other where it stands. */
static void unpack_q2_0(v128_t codes[8], v128_t *d, const uint8_t *bytes) {
    const struct block_q2_0 *blocks = (const struct block_q2_0 *)bytes;
    const v128_t values = wasm_i8x16_make(-1, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0);
    const v128_t one_of_two = wasm_i16x8_splat(0x0c03);
    UNROLL
    for (size_t i = 0; i < 2; i++) {
        v128_t nibble[2];
        nibbles(nibble, blocks[i].qs);
        UNROLL
        for (size_t v = 0; v < 2; v++) {
            const v128_t in_order =
                v ? wasm_i8x16_shuffle(nibble[0], nibble[1], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                       31)
                  : wasm_i8x16_shuffle(nibble[0], nibble[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            const v128_t first = wasm_i8x16_shuffle(in_order, in_order, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
            const v128_t second =
                wasm_i8x16_shuffle(in_order, in_order, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
            codes[4 * i + 2 * v] = wasm_i8x16_swizzle(values, wasm_v128_and(first, one_of_two));
            codes[4 * i + 2 * v + 1] = wasm_i8x16_swizzle(values, wasm_v128_and(second, one_of_two));
        }
    }
    const float first = f16_at(blocks[0].d);
    const float second = f16_at(blocks[1].d);
    *d = wasm_f32x4_make(first, first, second, second);
}

const struct signed_type type_tq1_0 = {.unpack = unpack_tq1_0, .block_bytes = sizeof(struct block_tq1_0)};
const struct signed_type type_tq2_0 = {.unpack = unpack_tq2_0, .block_bytes = sizeof(struct block_tq2_0)};
const struct quad_type type_q1_0 = {
    .unpack = unpack_q1_0,
    .bytes = sizeof(struct block_q1_0),
    .weights = 4 * 32,
};
const struct quad_type type_q2_0 = {
    .unpack = unpack_q2_0,
    .bytes = 2 * sizeof(struct block_q2_0),
    .weights = 4 * 32,
};
