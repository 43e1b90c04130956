/* The SIMD128 kernels of F32, F16 and BF16. Partial sum i % 4 is lane i % 4. A panel is rows of floats, interleaved by
 * groups of four weights: (n / 4, PANEL_ROWS, 4). */
#include "kernels/simd128/f16_scales.h"
#include "kernels/simd128/gemv_lanes.h"
#include "kernels/variants.h"

/* Eight weights as floats. */
typedef void load8_fn(v128_t out[2], const uint8_t *w);

ALWAYS_INLINE void load8_f32(v128_t out[2], const uint8_t *w) {
    out[0] = wasm_v128_load(w);
    out[1] = wasm_v128_load(w + 16);
}

ALWAYS_INLINE void load8_f16(v128_t out[2], const uint8_t *w) {
    widen_f16(&out[0], &out[1], wasm_v128_load(w), widen_any_f16);
}

ALWAYS_INLINE void load8_bf16(v128_t out[2], const uint8_t *w) {
    const v128_t bf16 = wasm_v128_load(w);
    const v128_t zero = wasm_i16x8_splat(0);
    out[0] = wasm_i16x8_shuffle(zero, bf16, 0, 8, 1, 9, 2, 10, 3, 11);
    out[1] = wasm_i16x8_shuffle(zero, bf16, 4, 12, 5, 13, 6, 14, 7, 15);
}

/* (s0 + s1) + (s2 + s3) of each of four rows. */
ALWAYS_INLINE v128_t add_partial_sums(const v128_t sums[4]) {
    v128_t m[4];
    transpose(m, sums[0], sums[1], sums[2], sums[3]);
    return wasm_f32x4_add(wasm_f32x4_add(m[0], m[1]), wasm_f32x4_add(m[2], m[3]));
}

/* One weight, of `width` bytes. */
ALWAYS_INLINE float load1(load8_fn *load8, size_t width, const uint8_t *w) {
    uint8_t bytes[32] = {0};
    KEEP_LOOP
    for (size_t k = 0; k < width; k++) {
        bytes[k] = w[k];
    }
    v128_t out[2];
    load8(out, bytes);
    return wasm_f32x4_extract_lane(out[0], 0);
}

/* Adds the products of the last `count` < 8 weights of a row, one by one. */
ALWAYS_INLINE void add_last_products(load8_fn *load8, size_t width, v128_t *sum, const uint8_t *w, const float *x,
                                     size_t count) {
    float lanes[4];
    wasm_v128_store(lanes, *sum);
    KEEP_LOOP
    for (size_t i = 0; i < count; i++) {
        lanes[i % 4] += load1(load8, width, w + i * width) * x[i];
    }
    *sum = wasm_v128_load(lanes);
}

ALWAYS_INLINE void gemv_floats(load8_fn *load8, size_t width, const struct gemv_args *args) {
    const size_t n = args->n;
    const struct gemv_turns turns = gemv_turns(args);
    for (size_t turn = 0; turn < turns.apart; turn++) {
        const uint8_t *at[4];
        rows_of_turn(at, &turns, turn);
        const uint8_t *x = args->activations;
        v128_t sums[4] = {wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f),
                          wasm_f32x4_splat(0.0f)};
        KEEP_LOOP
        for (size_t i = n / 8; i; i--) {
            x = opaque(x);
            UNROLL
            for (int k = 0; k < 4; k++) {
                v128_t each[2];
                at[k] = opaque(at[k]);
                load8(each, at[k]);
                sums[k] = wasm_f32x4_add(sums[k], wasm_f32x4_mul(each[0], wasm_v128_load(x)));
                sums[k] = wasm_f32x4_add(sums[k], wasm_f32x4_mul(each[1], wasm_v128_load(x + 16)));
                at[k] += 8 * width;
            }
            x += 32;
        }
        v128_t totals[4] = {sums[0], sums[1], sums[2], sums[3]}; /* indexed at run time, unlike the sums in registers */
        KEEP_LOOP
        for (int k = 0; k < 4 && n % 8; k++) {
            add_last_products(load8, width, &totals[k], at[k], (const float *)(const void *)x, n % 8);
        }
        store_turn(&turns, turn, 0, add_partial_sums(totals));
    }
}

/* The last group of four weights may be incomplete. Its rows are stored without gaps. */
ALWAYS_INLINE void unpack_float_panel(load8_fn *load8, size_t width, const struct panel_args *args) {
    const size_t rows = args->rows;
    const size_t n = args->n;
    KEEP_LOOP
    for (size_t r = 0; r < PANEL_ROWS; r++) {
        const uint8_t *row = args->w + (r < rows ? r : rows - 1) * args->row_bytes;
        float *out = (float *)(void *)args->panel + 4 * r;
        KEEP_LOOP
        for (size_t i = n / 8; i; i--) {
            v128_t each[2];
            load8(each, row);
            wasm_v128_store(out, each[0]);
            wasm_v128_store(out + 4 * PANEL_ROWS, each[1]);
            row += 8 * width;
            out += 8 * PANEL_ROWS;
        }
        const size_t last = n % 8;
        out -= 4 * r; /* the end of all rows' complete groups of eight */
        KEEP_LOOP
        for (size_t i = 0; i < last; i++) {
            const size_t at = i < last / 4 * 4 ? 4 * r + i : last / 4 * 4 * PANEL_ROWS + last % 4 * r + i % 4;
            out[at] = load1(load8, width, row + i * width);
        }
    }
}

static void gemm_floats(const struct gemm_args *args) {
    const size_t rows = args->rows;
    const size_t n = args->n;
    for (size_t t = 0; t < args->tokens; t++) {
        const uint8_t *x = args->activations + t * args->activation_bytes;
        const uint8_t *w = args->panel;
        v128_t sums[PANEL_ROWS];
        UNROLL
        for (int r = 0; r < PANEL_ROWS; r++) {
            sums[r] = wasm_f32x4_splat(0.0f);
        }
        KEEP_LOOP
        for (size_t i = n / 4; i; i--) {
            w = opaque(w);
            const v128_t a = wasm_v128_load(x);
            UNROLL
            for (int r = 0; r < PANEL_ROWS; r++) {
                sums[r] = wasm_f32x4_add(sums[r], wasm_f32x4_mul(wasm_v128_load(w + 16 * r), a));
            }
            w += 16 * PANEL_ROWS;
            x += 16;
        }
        const size_t last = n % 4;
        v128_t totals[PANEL_ROWS];
        UNROLL
        for (int r = 0; r < PANEL_ROWS; r++) {
            totals[r] = sums[r];
        }
        KEEP_LOOP
        for (size_t r = 0; r < PANEL_ROWS && last; r++) {
            add_last_products(load8_f32, 4, &totals[r], w + 4 * last * r, (const float *)(const void *)x, last);
        }
        KEEP_LOOP
        for (size_t r = 0; r < rows; r += 4) {
            store_rows(args->out + t * args->out_stride + r, add_partial_sums(totals + r), rows - r);
        }
    }
}

#define FLOAT(name, width)                                                                                             \
    static void gemv_##name(const struct gemv_args *args) { gemv_floats(load8_##name, width, args); }                  \
    static void unpack_panel_##name(const struct panel_args *args) { unpack_float_panel(load8_##name, width, args); }  \
    const struct weight_kernels name##_simd128 = {                                                                     \
        .activation = ACTIVATION_F32,                                                                                  \
        .panel_block_bytes = PANEL_ROWS * sizeof(float),                                                               \
        .gemv_tokens = 1,                                                                                              \
        .gemv = gemv_##name,                                                                                           \
        .unpack_panel = unpack_panel_##name,                                                                           \
        .gemm = gemm_floats,                                                                                           \
    };

FLOAT(f32, sizeof(float))
FLOAT(f16, sizeof(uint16_t))
FLOAT(bf16, sizeof(uint16_t))
