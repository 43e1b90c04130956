/* Where the integer sums of blocks become floats: see gemv.h. */
#include "kernels/simd128/gemv.h"

static float f32_at(const uint8_t *at) { return f32_from_bits(u32_at(at)); }

void widen_any_halves(v128_t *first, v128_t *second, v128_t halves) {
    const v128_t exponent = wasm_v128_and(halves, every16(0x7c00));
    const v128_t sign = wasm_v128_and(halves, every16(0x8000));
    const v128_t is_small = wasm_i16x8_eq(exponent, wasm_i16x8_splat(0));
    const v128_t is_infinite = wasm_i16x8_eq(exponent, every16(0x7c00));
    const v128_t moved = wasm_v128_and(wasm_u16x8_shr(halves, 3), every16(0xfff));
    const v128_t bias = wasm_i16x8_add(wasm_v128_and(is_infinite, every16(0x3800)), every16(0x3800)); /* 112 << 7 */
    const v128_t once = wasm_i16x8_add(wasm_v128_and(is_small, every16(0x80)), bias);
    const v128_t high = wasm_v128_or(wasm_i16x8_add(moved, once), sign);
    const v128_t low = wasm_i16x8_shl(halves, 13);
    const v128_t excess = wasm_v128_or(wasm_v128_and(is_small, every16(0x3880)), sign);
    const v128_t zero = wasm_i16x8_splat(0);
    *first = wasm_f32x4_sub(wasm_i16x8_shuffle(low, high, 0, 8, 1, 9, 2, 10, 3, 11),
                            wasm_i16x8_shuffle(zero, excess, 0, 8, 1, 9, 2, 10, 3, 11));
    *second = wasm_f32x4_sub(wasm_i16x8_shuffle(low, high, 4, 12, 5, 13, 6, 14, 7, 15),
                             wasm_i16x8_shuffle(zero, excess, 4, 12, 5, 13, 6, 14, 7, 15));
}

/* Addresses of four blocks in a row. */
ALWAYS_INLINE void four_blocks(const uint8_t *at[4], const uint8_t *block, size_t block_bytes) {
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        at[i] = block + i * block_bytes;
    }
}

/* Of one column. */
ALWAYS_INLINE v128_t products_of_four(v128_t isum, uint32_t offset, v128_t scale, const uint8_t *d, const uint8_t *s) {
    if (offset) {
        isum = wasm_i32x4_sub(isum, wasm_i32x4_shl(wasm_v128_load32_splat(s), offset - 1));
    }
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(scale, wasm_v128_load32_splat(d)));
}

/* Two columns at a time, for eight scales are widened at once; the last may stand alone. */
void add_columns32(v128_t *sum, const v128_t *isums, size_t count, size_t block_bytes, uint32_t offset,
                   const uint8_t *const at[4], const uint8_t *d, const uint8_t *s) {
    v128_t result = *sum;
    KEEP_LOOP
    for (size_t i = 0; i < count; i += 2) {
        const size_t first = i * block_bytes;
        const size_t second = i + 1 < count ? first + block_bytes : first;
        v128_t halves = wasm_v128_load16_lane(at[0] + first, wasm_i16x8_splat(0), 0);
        halves = wasm_v128_load16_lane(at[1] + first, halves, 1);
        halves = wasm_v128_load16_lane(at[2] + first, halves, 2);
        halves = wasm_v128_load16_lane(at[3] + first, halves, 3);
        halves = wasm_v128_load16_lane(at[0] + second, halves, 4);
        halves = wasm_v128_load16_lane(at[1] + second, halves, 5);
        halves = wasm_v128_load16_lane(at[2] + second, halves, 6);
        halves = wasm_v128_load16_lane(at[3] + second, halves, 7);
        v128_t scales[2];
        widen_halves(&scales[0], &scales[1], halves);
        result = wasm_f32x4_add(result, products_of_four(isums[i], offset, scales[0], d + 4 * i, s + 4 * i));
        if (second != first) {
            result =
                wasm_f32x4_add(result, products_of_four(isums[i + 1], offset, scales[1], d + 4 * i + 4, s + 4 * i + 4));
        }
    }
    *sum = result;
}

void add_columns32_with_minimum(v128_t *sum, const v128_t *isums, size_t count, size_t block_bytes, uint32_t offset,
                                const uint8_t *const at[4], const uint8_t *d, const uint8_t *s) {
    v128_t result = *sum;
    KEEP_LOOP
    for (size_t i = 0; i < count; i++) {
        v128_t scale;
        v128_t minimum;
        widen_pairs(&scale, &minimum, words_of_rows(at, i * block_bytes));
        const v128_t products = products_of_four(isums[i], offset, scale, d + 4 * i, NULL);
        result = wasm_f32x4_add(result,
                                wasm_f32x4_add(products, wasm_f32x4_mul(minimum, wasm_v128_load32_splat(s + 4 * i))));
    }
    *sum = result;
}

static float product256(v128_t isums, v128_t msums, const struct form256 *form, const uint8_t *block, float d) {
    const float first = f16_at(block + form->halves_at);
    const float second = f16_at(block + form->halves_at + 2);
    if (form->exact) {
        return (float)(lanes_sum(isums) - lanes_sum(msums)) * (second * d);
    }
    return (float)lanes_sum(isums) * (first * d) - (float)lanes_sum(msums) * (second * d);
}

void products256(float *out, const v128_t isums[RUN256], const v128_t msums[RUN256], const struct form256 *form,
                 const uint8_t *block, const uint8_t *d, size_t count) {
    if (count < RUN256) {
        for (size_t i = 0; i < count; i++) {
            out[i] = product256(isums[i], msums[i], form, block + i * form->block_bytes, f32_at(d + 4 * i));
        }
        return;
    }
    const uint8_t *at[4];
    four_blocks(at, block, form->block_bytes);
    v128_t first;
    v128_t second;
    widen_pairs(&first, &second, words_of_rows(at, form->halves_at));
    const v128_t scale = wasm_f32x4_mul(first, wasm_v128_load(d));
    const v128_t other = wasm_f32x4_mul(second, wasm_v128_load(d));
    const v128_t isum = add_across(isums);
    const v128_t msum = add_across(msums);
    if (form->exact) {
        wasm_v128_store(out, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(wasm_i32x4_sub(isum, msum)), other));
        return;
    }
    wasm_v128_store(out, wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), scale),
                                        wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), other)));
}

void add_products(v128_t *sums, struct products *products, size_t count) {
    for (size_t k = 0; count % 4 && k < 4; k++) { /* adding a zero changes no sum, for none is -0 */
        for (size_t i = count; i % 4; i++) {
            products->of[k][i] = 0.0f;
        }
    }
    v128_t sum = *sums;
    KEEP_LOOP
    for (size_t i = 0; i < count; i += 4) {
        v128_t each[4];
        transpose(each, wasm_v128_load(products->of[0] + i), wasm_v128_load(products->of[1] + i),
                  wasm_v128_load(products->of[2] + i), wasm_v128_load(products->of[3] + i));
        sum = wasm_f32x4_add(sum, each[0]);
        sum = wasm_f32x4_add(sum, each[1]);
        sum = wasm_f32x4_add(sum, each[2]);
        sum = wasm_f32x4_add(sum, each[3]);
    }
    *sums = sum;
}
