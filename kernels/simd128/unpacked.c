/* Matrix products of the types of codes256.h in plain SIMD128. A batch takes the panels of gemm.h. */
#include "kernels/simd128/codes256.h"
#include "kernels/simd128/dot.h"
#include "kernels/simd128/gemm.h"
#include "kernels/simd128/gemv_codes256.h"
#include "kernels/variants.h"
#include "platform/memory.h"

/* Codes take all of their eight bits: they are unpacked, and multiplied from there. Scales are below 64: codes times
 * their scale fit i16. */
ALWAYS_INLINE v128_t dot_of_iq4_xs(dot_scaled_fn *dot, const uint8_t *q, const uint8_t *s, const struct type256 *type,
                                   const uint8_t *block, const union spread_grid *grid, float *d) {
    (void)dot, (void)s;
    struct codes256 of;
    type->unpack(&of, type, block, grid);
    *d = of.d;
    v128_t even = wasm_i32x4_splat(0);
    v128_t odd = even;
    const int8_t *code = of.code;
    KEEP_LOOP
    for (size_t j = 0; j < 16; j += 2) {
        UNROLL
        for (size_t i = 0; i < 2; i++) {
            const v128_t scale = wasm_v128_load16_splat(of.scale + j + i);
            const v128_t low = wasm_i16x8_mul(wasm_i16x8_load8x8(code + 16 * i), scale);
            const v128_t high = wasm_i16x8_mul(wasm_i16x8_load8x8(code + 16 * i + 8), scale);
            even = wasm_i32x4_add(even, wasm_i32x4_dot_i16x8(low, wasm_i16x8_load8x8(q + 16 * i)));
            odd = wasm_i32x4_add(odd, wasm_i32x4_dot_i16x8(high, wasm_i16x8_load8x8(q + 16 * i + 8)));
        }
        code += 32;
        q += 32;
    }
    return wasm_i32x4_add(even, odd);
}

static void panel256(const struct type256 *type, const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    union spread_grid grid;
    spread_grid(&grid, type);
    for (size_t b = args->n / 256; b; b--, w += type->block_bytes, panel += PANEL256_BYTES) {
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            struct rows256 unpacked;
            struct tail256 *tail = (struct tail256 *)(void *)(panel + 64 * STEP_BYTES);
            float d[4];
            for (size_t k = 0; k < 4; k++) {
                struct codes256 codes;
                type->unpack(&codes, type, at[k], &grid);
                memcpy(unpacked.codes[k], codes.code, sizeof(codes.code));
                memcpy(unpacked.scales[k].scale, codes.scale, sizeof(codes.scale));
                memset(unpacked.scales[k].minimum, 0, sizeof(unpacked.scales[k].minimum));
                d[k] = codes.d;
            }
            store_group256(panel, g, 1, &unpacked, wasm_i16x8_splat(0x3c00));
            memcpy(tail[g].d, d, sizeof(d)); /* in place of the ones that stood for f16 scales */
        }
    }
}

/* The panel is one of q6_K, whose minima are its offset's, here 0. */
static void gemm256(const struct gemm_args *args) { q6_K_simd128.gemm(args); }

GEMV_OF_FORMS

#define PRODUCTS256(name, form)                                                                                        \
    static void gemv_##name(const struct gemv_args *args) { gemv_of_##form(&type_##name, args); }                      \
    static void panel_##name(const struct panel_args *args) { panel256(&type_##name, args); }                          \
    const struct weight_kernels name##_simd128 = {ACTIVATION_Q8_K, PANEL256_BYTES, gemv_##name, panel_##name, gemm256};

EACH_TYPE256(PRODUCTS256)
