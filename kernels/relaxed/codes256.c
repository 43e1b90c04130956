/* Matrix products of the types of kernels/simd128/codes256.h. Batches take the dot that sums four products into i32
 * where it is one instruction (wide.h); elsewhere they are those of plain SIMD128.
 *
 * Where the codes of a batch count as unsigned they are 128 more, and sums start at -128 times the sum of the
 * activations. */
#include "kernels/simd128/codes256.h"

#include "kernels/relaxed/dot.h"
#include "kernels/relaxed/wide.h"
#include "kernels/simd128/gemv_codes256.h"
#include "kernels/variants.h"
#include "platform/memory.h"

/* Magnitudes of the codes, which negative ones, those below 8, leave their sign to the activations. */
ALWAYS_INLINE v128_t dot_of_iq4_xs(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                   const uint8_t *bytes, const union spread_grid *grid, float *d) {
    (void)s, (void)type, (void)grid;
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)bytes;
    const v128_t magnitudes = wasm_i8x16_abs(constant(iq4_values));
    int16_t scales[8];
    iq4_xs_scales(scales, block);
    v128_t sum = wasm_i32x4_splat(0);
    KEEP_LOOP
    for (size_t i = 0; i < 8; i++) {
        const v128_t scale = wasm_v128_load16_splat(scales + i);
        v128_t codes[2];
        codes_of_halves(codes, block->qs + 16 * i);
        UNROLL
        for (size_t half = 0; half < 2; half++) {
            const v128_t negative = wasm_i8x16_lt(codes[half], every8(8));
            const v128_t activations = with_signs(wasm_v128_load(q + 32 * i + 16 * half), negative);
            const v128_t magnitude = wasm_i8x16_relaxed_swizzle(magnitudes, codes[half]);
            sum = wasm_i32x4_add(sum, dot(&magnitude, &activations, scale));
        }
    }
    *d = f16_at(block->d);
    return sum;
}

/* ---- batches: behind the four steps of 16 weights the rows' scales, i32, and behind a block their d ---- */

#define SCALED_BYTES (5 * STEP_BYTES)
#define CODES_BYTES  (16 * SCALED_BYTES + STEP_BYTES)
#define PLAIN_BYTES  (2 * 256 * PANEL_ROWS + 1024) /* what the panel of plain SIMD128 takes, or more */

static void panel_wide(const struct type256 *type, int is_unsigned, const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    const v128_t flip = wasm_i8x16_splat(is_unsigned ? -128 : 0);
    union spread_grid grid;
    spread_grid(&grid, type);
    for (size_t b = args->n / 256; b; b--, w += type->block_bytes, panel += CODES_BYTES) {
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            struct codes256 codes[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                type->unpack(&codes[k], type, at[k], &grid);
            }
            KEEP_LOOP
            for (size_t j = 0; j < 16; j++) {
                uint8_t *const to = panel + j * SCALED_BYTES + 16 * g;
                v128_t steps[4];
                transpose(steps, wasm_v128_load(codes[0].code + 16 * j), wasm_v128_load(codes[1].code + 16 * j),
                          wasm_v128_load(codes[2].code + 16 * j), wasm_v128_load(codes[3].code + 16 * j));
                UNROLL
                for (size_t i = 0; i < 4; i++) {
                    wasm_v128_store(to + i * STEP_BYTES, wasm_v128_xor(steps[i], flip));
                }
                wasm_v128_store(to + 4 * STEP_BYTES, wasm_i32x4_make(codes[0].scale[j], codes[1].scale[j],
                                                                     codes[2].scale[j], codes[3].scale[j]));
            }
            wasm_v128_store(panel + 16 * SCALED_BYTES + 16 * g,
                            wasm_f32x4_make(codes[0].d, codes[1].d, codes[2].d, codes[3].d));
        }
    }
}

/* i32: 16 weights' dots times their scales, added to isum. */
ALWAYS_INLINE void sixteen(struct tile *isum, const uint8_t *w, struct places *at, v128_t offset) {
    struct tile sum[2];
    tile_clear(&sum[1]);
    UNROLL
    for (int t = 0; t < TOKENS; t++) {
        const v128_t start = wasm_i32x4_dot_i16x8(wasm_v128_load16_splat(at->s[t]), offset);
        UNROLL
        for (int g = 0; g < GROUPS; g++) {
            sum[0].of[t][g] = start;
        }
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        FOR_TILE(t, g) {
            sum[i % 2].of[t][g] = dot_add(wasm_v128_load32_splat(at->q[t] + 4 * i),
                                          wasm_v128_load(w + i * STEP_BYTES + 16 * g), sum[i % 2].of[t][g]);
        }
    }
    FOR_TILE(t, g) {
        const v128_t dot = wasm_i32x4_add(sum[0].of[t][g], sum[1].of[t][g]);
        isum->of[t][g] =
            wasm_i32x4_add(isum->of[t][g], wasm_i32x4_mul(dot, wasm_v128_load(w + 4 * STEP_BYTES + 16 * g)));
    }
}

static void gemm_wide(int is_unsigned, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    const v128_t offset = wasm_i32x4_splat(is_unsigned ? 0xff80 : 0); /* -128 in the lower halves */
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        KEEP_LOOP
        for (size_t b = args->n / 256; b; b--) {
            struct tile isum;
            tile_clear(&isum);
            KEEP_LOOP
            for (size_t j = 0; j < 16; j++) {
                w = opaque(w);
                UNROLL
                for (int t = 0; t < TOKENS; t++) {
                    at.q[t] = opaque(at.q[t]);
                }
                sixteen(&isum, w, &at, offset);
                w += SCALED_BYTES;
                UNROLL
                for (int t = 0; t < TOKENS; t++) {
                    at.q[t] += 16;
                    at.s[t] += 2;
                }
            }
            UNROLL
            for (int t = 0; t < TOKENS; t++) {
                const v128_t d = wasm_v128_load32_splat(at.d[t]);
                UNROLL
                for (int g = 0; g < GROUPS; g++) {
                    const v128_t scale = wasm_f32x4_mul(wasm_v128_load(w + 16 * g), d);
                    sums.of[t][g] =
                        wasm_f32x4_add(sums.of[t][g], wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum.of[t][g]), scale));
                }
                at.d[t] += 4;
            }
            w += STEP_BYTES;
        }
        tile_store(args, token, &sums);
    }
}

static void gemm256(const struct gemm_args *args) {
    const enum eighth_bit is = eighth_bit();
    if (is == LOST) {
        iq4_xs_simd128.gemm(args);
    } else {
        gemm_wide(is == UNSIGNED, args);
    }
}

GEMV_OF_FORMS

#define PRODUCTS256(name, form)                                                                                        \
    static void gemv_##name(const struct gemv_args *args) { gemv_of_##form(&type_##name, args); }                      \
    static void panel_##name(const struct panel_args *args) {                                                          \
        const enum eighth_bit is = eighth_bit();                                                                       \
        if (is == LOST) {                                                                                              \
            name##_simd128.unpack_panel(args);                                                                         \
        } else {                                                                                                       \
            panel_wide(&type_##name, is == UNSIGNED, args);                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    const struct weight_kernels name##_relaxed = {ACTIVATION_Q8_K, PLAIN_BYTES, gemv_##name, panel_##name, gemm256};

EACH_TYPE256(PRODUCTS256)
