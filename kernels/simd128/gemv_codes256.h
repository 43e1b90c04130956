/* One token with the types of codes256.h, straight from the file's blocks. Codes come to the dot below 128 and without
 * a sign, so that every variant's dot can take them: signs go to the activations, and codes of both signs are raised.
 */
#ifndef KERNELS_SIMD128_GEMV_CODES256_H
#define KERNELS_SIMD128_GEMV_CODES256_H

#include "kernels/simd128/codes256.h"
#include "kernels/simd128/gemv.h"

/* i32x4 whose lanes add up to the dot of a block with 256 activations, scales included, and the block's d. dot: of
 * sixteen. s: the sums of each 16 activations, i16. */
typedef v128_t block_dot_fn(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                            const uint8_t *block, const union spread_grid *grid, float *d);

ALWAYS_INLINE v128_t dot_of_grid(enum grid_form form, dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s,
                                 const struct type256 *type, const uint8_t *block, const union spread_grid *grid,
                                 float *d) {
    struct indices of;
    type->indices(&of, block);
    *d = of.d;
    v128_t sum = wasm_i32x4_splat(0);
    if (form == SHIFTED) {
        const v128_t first = wasm_i32x4_dot_i16x8(wasm_v128_load(of.scale), wasm_v128_load(s));
        const v128_t second = wasm_i32x4_dot_i16x8(wasm_v128_load(of.scale + 8), wasm_v128_load(s + 16));
        sum = wasm_i32x4_mul(wasm_i32x4_add(first, second), wasm_i32x4_splat(-SHIFTED_BY));
    }
    const uint16_t *index = of.index;
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t signs = wasm_v128_load32_splat(of.signs + 4 * i);
        UNROLL
        for (size_t half = 0; half < 2; half++) {
            const v128_t scale = wasm_v128_load16_splat(of.scale + 2 * i + half);
            const v128_t masks = sign_masks(signs, half);
            v128_t codes = grid_codes(form, grid, index);
            v128_t activations = wasm_v128_load(q + 32 * i + 16 * half);
            if (form == SHIFTED) {
                codes = shifted_codes(codes, masks);
            } else {
                activations = with_signs(activations, masks);
            }
            sum = wasm_i32x4_add(sum, dot(&codes, &activations, scale));
            index += form == GRID4 ? 4 : 2;
        }
    }
    return sum;
}

ALWAYS_INLINE v128_t dot_of_grid8(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                  const uint8_t *block, const union spread_grid *grid, float *d) {
    return dot_of_grid(GRID8, dot, q, s, type, block, grid, d);
}

ALWAYS_INLINE v128_t dot_of_grid4(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                  const uint8_t *block, const union spread_grid *grid, float *d) {
    return dot_of_grid(GRID4, dot, q, s, type, block, grid, d);
}

ALWAYS_INLINE v128_t dot_of_shifted(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                    const uint8_t *block, const union spread_grid *grid, float *d) {
    return dot_of_grid(SHIFTED, dot, q, s, type, block, grid, d);
}

/* -1 times the activations: what codes raised by 1 are less. */
ALWAYS_INLINE v128_t less_activations(const uint8_t *s) {
    const v128_t ones = every16(1);
    return wasm_i32x4_neg(wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(s), ones),
                                         wasm_i32x4_dot_i16x8(wasm_v128_load(s + 16), ones)));
}

ALWAYS_INLINE v128_t add_dot16(dot_scaled_fn *dot, v128_t sum, v128_t codes, const uint8_t *q) {
    const v128_t activations = wasm_v128_load(q);
    return wasm_i32x4_add(sum, dot(&codes, &activations, every16(1)));
}

ALWAYS_INLINE v128_t dot_of_tq2_0(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                  const uint8_t *bytes, const union spread_grid *grid, float *d) {
    (void)type, (void)grid;
    const struct block_tq2_0 *block = (const struct block_tq2_0 *)bytes;
    v128_t sum = less_activations(s);
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        const v128_t qs = wasm_v128_load(opaque(block->qs) + 16 * i);
        const uint8_t *a = opaque(q + 128 * (i / 2) + 16 * (i % 2));
        UNROLL
        for (uint32_t v = 0; v < 4; v++) {
            sum = add_dot16(dot, sum, bits_of(qs, 2 * v, 3, 0), a + 32 * v);
        }
    }
    *d = f16_at(block->d);
    return sum;
}

ALWAYS_INLINE v128_t dot_of_tq1_0(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                  const uint8_t *bytes, const union spread_grid *grid, float *d) {
    (void)type, (void)grid;
    const struct block_tq1_0 *block = (const struct block_tq1_0 *)bytes;
    v128_t sum = less_activations(s);
    UNROLL
    for (size_t part = 0; part < 3; part++) {
        const uint8_t *a = opaque(q + (part < 2 ? 16 * part : 160));
        v128_t digits = wasm_v128_load(block->qs + 16 * part);
        UNROLL
        for (size_t k = 0; k < 5; k++) {
            sum = add_dot16(dot, sum, first_digit(digits), a + (part < 2 ? 32 : 16) * k);
            digits = next_digit(digits);
        }
    }
    *d = f16_at(block->d);
    return add_dot16(dot, sum, first_digit(last_digits(block->qh)), opaque(q) + 240);
}

ALWAYS_INLINE void gemv_codes256(block_dot_fn *block_dot, dot_scaled_fn *dot, const struct type256 *type,
                                 const struct gemv_args *given) {
    const struct gemv_args copy = *given; /* a store to out cannot change it: its fields stay in registers */
    const struct gemv_args *const args = &copy;
    union spread_grid grid;
    const size_t run = 256; /* bytes, of about four blocks: see gemv.h */
    const size_t bytes = type->block_bytes;
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    const uint8_t *const d = args->activation + layout.scales;
    const uint8_t *const s = args->activation + layout.sums;
    struct ahead ahead = ahead_of(args, run);
    spread_grid(&grid, type);
    for (size_t row = 0; row < args->rows; row++) {
        const uint8_t *at = args->w + row * args->row_bytes;
        float sum = 0.0f;
        KEEP_LOOP
        for (size_t b = 0; b < args->n / 256; b++, at += bytes) {
            float scale;
            if (b % 2 == 0) {
                fetch_ahead(&ahead, at + run, run);
            }
            const v128_t isum = block_dot(dot, args->activation + 256 * b, s + 32 * b, type, at, &grid, &scale);
            sum += (float)lanes_sum(isum) * (scale * f32_from_bits(u32_at(d + 4 * b)));
        }
        args->out[row] = sum;
    }
    ahead_done(&ahead);
}

/* What each form's types are multiplied by: the variant's dot16_scaled, and its dot_of_iq4_xs. */
#define GEMV_OF(form)                                                                                                  \
    static void gemv_of_##form(const struct type256 *type, const struct gemv_args *args) {                             \
        gemv_codes256(dot_of_##form, dot16_scaled, type, args);                                                        \
    }
#define GEMV_OF_FORMS GEMV_OF(grid8) GEMV_OF(grid4) GEMV_OF(shifted) GEMV_OF(iq4_xs) GEMV_OF(tq1_0) GEMV_OF(tq2_0)

/* PRODUCTS(type, form) for each type. */
#define EACH_TYPE256(PRODUCTS)                                                                                         \
    PRODUCTS(iq4_xs, iq4_xs)                                                                                           \
    PRODUCTS(tq1_0, tq1_0)                                                                                             \
    PRODUCTS(tq2_0, tq2_0)                                                                                             \
    PRODUCTS(iq1_s, shifted)                                                                                           \
    PRODUCTS(iq1_m, shifted)                                                                                           \
    PRODUCTS(iq2_xxs, grid8)                                                                                           \
    PRODUCTS(iq2_xs, grid8)                                                                                            \
    PRODUCTS(iq2_s, grid8)                                                                                             \
    PRODUCTS(iq3_xxs, grid4)                                                                                           \
    PRODUCTS(iq3_s, grid4)

#endif
