/* Matrix products of the rarer types in plain SIMD128: blocks are unpacked as the contract has it, and multiplied from
 * there. A batch takes the panels of gemm.h. */
#include "kernels/scalar/unpack.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/gemm.h"
#include "kernels/simd128/lanes.h"
#include "kernels/variants.h"
#include "platform/memory.h"

static int32_t lanes_sum(v128_t lanes) {
    return wasm_i32x4_extract_lane(lanes, 0) + wasm_i32x4_extract_lane(lanes, 1) + wasm_i32x4_extract_lane(lanes, 2) +
           wasm_i32x4_extract_lane(lanes, 3);
}

/* i32x4 whose lanes add up to the dot of 16 codes with 16 activations. */
static inline v128_t dot16(const int8_t *codes, const uint8_t *q) {
    return wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(codes), wasm_i16x8_load8x8(q)),
                          wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(codes + 8), wasm_i16x8_load8x8(q + 8)));
}

static float float_at(const uint8_t *at) { return f32_from_bits(u32_at(at)); }

/* ---- blocks of 256 ---- */

/* 32 codes of 4 bits that stand for values. */
static void put_values(int8_t out[32], const int8_t values[16], const uint8_t qs[16]) {
    v128_t codes[2];
    codes_of_halves(codes, qs);
    wasm_v128_store(out, wasm_i8x16_swizzle(wasm_v128_load(values), codes[0]));
    wasm_v128_store(out + 16, wasm_i8x16_swizzle(wasm_v128_load(values), codes[1]));
}

static void simd_iq4_xs(struct block256 *out, const uint8_t *bytes) {
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)bytes;
    for (unsigned s = 0; s < 8; s++) {
        const int low = block->scales_l[s / 2] >> s % 2 * 4 & 15;
        const int high = u16_at(block->scales_h) >> s * 2 & 3;
        out->scale[2 * s] = out->scale[2 * s + 1] = (int16_t)((low | high << 4) - 32);
        put_values(out->code + 32 * s, iq4_values, block->qs + 16 * s);
    }
    out->d = f16_at(block->d);
}

static void simd_grouped(struct block256 *out, group_fn *group, const uint8_t *bytes) {
    struct grouped grouped;
    group(&grouped, bytes);
    const v128_t values = wasm_v128_load(grouped.values);
    const v128_t bits = constant(constants.bits);
    for (size_t g = 0; g < 32; g += 2) {
        const v128_t each = wasm_i8x16_swizzle(values, wasm_v128_load(grouped.fields + g));
        const v128_t signs = wasm_v128_load16_splat(grouped.signs + g);
        const v128_t of_groups = wasm_i8x16_shuffle(signs, signs, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
        const v128_t negative = wasm_i8x16_eq(wasm_v128_and(of_groups, bits), bits);
        wasm_v128_store(out->code + 8 * g, wasm_i8x16_sub(wasm_v128_xor(each, negative), negative));
    }
    memcpy(out->scale, grouped.scale, sizeof(out->scale));
    out->d = grouped.d;
}

static void simd_iq1_s(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq1_s, bytes); }
static void simd_iq1_m(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq1_m, bytes); }
static void simd_iq2_xxs(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq2_xxs, bytes); }
static void simd_iq2_xs(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq2_xs, bytes); }
static void simd_iq2_s(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq2_s, bytes); }
static void simd_iq3_xxs(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq3_xxs, bytes); }
static void simd_iq3_s(struct block256 *out, const uint8_t *bytes) { simd_grouped(out, group_iq3_s, bytes); }

struct type256 {
    unpack256_fn *unpack;
    size_t block_bytes;
};

static void gemv256(struct type256 type, float *out, const uint8_t *w, size_t row_bytes, size_t rows,
                    const uint8_t *activation, size_t n) {
    const uint8_t *const d = activation + activation_layout(ACTIVATION_Q8_K, n).scales;
    for (size_t row = 0; row < rows; row++) {
        float sum = 0.0f;
        for (size_t b = 0; b < n / 256; b++) {
            struct block256 block;
            type.unpack(&block, w + row * row_bytes + b * type.block_bytes);
            v128_t isum = wasm_i32x4_splat(0);
            for (size_t j = 0; j < 16; j++) {
                const v128_t dot = dot16(block.code + 16 * j, activation + 256 * b + 16 * j);
                isum = wasm_i32x4_add(isum, wasm_i32x4_mul(dot, wasm_i32x4_splat(block.scale[j])));
            }
            sum += (float)lanes_sum(isum) * (block.d * float_at(d + 4 * b));
        }
        out[row] = sum;
    }
}

static void panel256(struct type256 type, uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    for (size_t b = n / 256; b; b--, w += type.block_bytes, panel += PANEL256_BYTES) {
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, row_bytes, 4 * g, rows);
            struct rows256 unpacked;
            struct tail256 *tail = (struct tail256 *)(void *)(panel + 64 * STEP_BYTES);
            float d[4];
            for (size_t k = 0; k < 4; k++) {
                struct block256 block;
                type.unpack(&block, at[k]);
                memcpy(unpacked.codes[k], block.code, sizeof(block.code));
                memcpy(unpacked.scales[k].scale, block.scale, sizeof(block.scale));
                memset(unpacked.scales[k].minimum, 0, sizeof(block.minimum));
                d[k] = block.d;
            }
            store_group256(panel, g, 1, &unpacked, wasm_i16x8_splat(0x3c00));
            memcpy(tail[g].d, d, sizeof(d)); /* in place of the ones that stood for f16 scales */
        }
    }
}

static void gemm256(float *out, size_t out_stride, const uint8_t *panel, size_t rows, const uint8_t *activations,
                    size_t activation_bytes, size_t tokens, size_t n) {
    const struct gemm_args args = {out, out_stride, panel, rows, activations, activation_bytes, tokens, n};
    gemm_blocks256(1, &args);
}

#define PRODUCTS256(name, from)                                                                                        \
    static const struct type256 name = {from, sizeof(struct block_##name)};                                            \
    static void gemv_##name(float *out, const uint8_t *w, size_t row_bytes, size_t rows, const uint8_t *activation,    \
                            size_t n) {                                                                                \
        gemv256(name, out, w, row_bytes, rows, activation, n);                                                         \
    }                                                                                                                  \
    static void panel_##name(uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {              \
        panel256(name, panel, w, row_bytes, rows, n);                                                                  \
    }                                                                                                                  \
    const struct weight_kernels name##_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_##name, panel_##name, gemm256};

PRODUCTS256(iq4_xs, simd_iq4_xs)
PRODUCTS256(tq1_0, unpack_tq1_0)
PRODUCTS256(tq2_0, unpack_tq2_0)
PRODUCTS256(iq1_s, simd_iq1_s)
PRODUCTS256(iq1_m, simd_iq1_m)
PRODUCTS256(iq2_xxs, simd_iq2_xxs)
PRODUCTS256(iq2_xs, simd_iq2_xs)
PRODUCTS256(iq2_s, simd_iq2_s)
PRODUCTS256(iq3_xxs, simd_iq3_xxs)
PRODUCTS256(iq3_s, simd_iq3_s)
