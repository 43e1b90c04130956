/* The gemm loops by dot4 of the legacy types and of the signed types. */
#include "kernels/relaxed/gemm_dot4.h"

#include "kernels/relaxed/dot4.h"
#include "kernels/relaxed/panel_i8.h"
#include "kernels/simd128/types_grid.h"

/* ---- legacy types ---- */

/* Two sums for each result, used in turn, because a dot4 waits some cycles for the sum of the one before it. */
struct double_tile {
    struct tile of[2];
};

/* i32: adds slices up to `end`, an even number of them. */
ALWAYS_INLINE void add_slices(struct double_tile *sums, const uint8_t **w, const uint8_t *end, struct cursors *at) {
    const uint8_t *codes = *w;
    KEEP_LOOP
    do {
        codes = opaque(codes);
        for (int t = 0; t < TOKENS; t++) {
            at->q[t] = opaque(at->q[t]);
        }
        UNROLL
        for (int i = 0; i < 2; i++) {
            FOR_TILE(t, g) {
                sums->of[i].of[t][g] =
                    dot4_add(wasm_v128_load32_splat(at->q[t] + 4 * i),
                             wasm_v128_load(codes + i * I8_SLICE_BYTES + 16 * g), sums->of[i].of[t][g]);
            }
        }
        codes += 2 * I8_SLICE_BYTES;
        for (int t = 0; t < TOKENS; t++) {
            at->q[t] += 8;
        }
    } while (codes != end);
    *w = codes;
}

ALWAYS_INLINE void multiply_legacy_block(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                         struct cursors *at) {
    struct double_tile isum;
    tile_clear(&isum.of[0]);
    tile_clear(&isum.of[1]);
    add_slices(&isum, w, *w + 8 * I8_SLICE_BYTES, at);
    FOR_TILE(t, g) { isum.of[0].of[t][g] = wasm_i32x4_add(isum.of[0].of[t][g], isum.of[1].of[t][g]); }
    const struct legacy_panel_scales *scales = (const struct legacy_panel_scales *)(const void *)opaque(*w);
    finish_legacy(form, sums, &isum.of[0], scales, at);
    *w = (const uint8_t *)(scales + 1);
}

/* One loop for all offsets: here offset_log2 is not a constant. */
NEVER_INLINE void legacy(uint32_t offset_log2, const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_0, .offset_log2 = offset_log2};
    gemm_tiles(multiply_legacy_block, &form, args);
}

NEVER_INLINE void legacy_with_minimum(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_1, .has_minimum = 1};
    gemm_tiles(multiply_legacy_block, &form, args);
}

void gemm_dot4_legacy(const struct legacy_type *type, const struct gemm_args *args) {
    if (type->has_minimum) {
        legacy_with_minimum(args);
    } else {
        legacy(type->offset_log2, args);
    }
}

/* ---- signed types: after each 16 weights, four slices, come the rows' scales as i32, and after a block their d ----
 */

#define SUB_BLOCK_BYTES (5 * I8_SLICE_BYTES)
_Static_assert(DOT4_SIGNED_PANEL_BYTES == 16 * SUB_BLOCK_BYTES + I8_SLICE_BYTES, "slices, scales and d");

void store_dot4_signed_sub_block(uint8_t *block, size_t g, size_t j, const v128_t codes[4], v128_t scales) {
    uint8_t *const to = block + j * SUB_BLOCK_BYTES;
    store_i8_slices(to, g, codes);
    wasm_v128_store(to + 4 * I8_SLICE_BYTES + 16 * g, scales);
}

void store_dot4_signed_d(uint8_t *block, size_t g, v128_t d) {
    wasm_v128_store(block + 16 * SUB_BLOCK_BYTES + 16 * g, d);
}

void unpack_dot4_signed_panel(const struct signed_type *type, int is_unsigned, const struct panel_args *args) {
    const v128_t flip = wasm_i8x16_splat(is_unsigned ? -128 : 0);
    const uint8_t *w = args->w;
    uint8_t *panel = args->panel;
    union spread_grid grid;
    spread_grid(&grid, type);
    for (size_t b = args->n / 256; b; b--, w += type->block_bytes, panel += DOT4_SIGNED_PANEL_BYTES) {
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            struct signed_block rows[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                type->unpack(&rows[k], type, at[k], &grid);
            }
            KEEP_LOOP
            for (size_t j = 0; j < 16; j++) {
                v128_t codes[4];
                UNROLL
                for (int k = 0; k < 4; k++) {
                    codes[k] = wasm_v128_xor(wasm_v128_load(rows[k].code + 16 * j), flip);
                }
                store_dot4_signed_sub_block(
                    panel, g, j, codes,
                    wasm_i32x4_make(rows[0].scale[j], rows[1].scale[j], rows[2].scale[j], rows[3].scale[j]));
            }
            store_dot4_signed_d(panel, g, wasm_f32x4_make(rows[0].d, rows[1].d, rows[2].d, rows[3].d));
        }
    }
}

/* i32: adds the dot products of 16 weights times their scales to isum. Sums start at `offset` times the sum of the
 * activations. */
ALWAYS_INLINE void add_sub_block(struct tile *isum, const uint8_t *w, struct cursors *at, v128_t offset) {
    struct tile sum[2];
    tile_clear(&sum[1]);
    FOR_TOKENS(t) {
        const v128_t start = wasm_i32x4_dot_i16x8(wasm_v128_load16_splat(at->s[t]), offset);
        FOR_GROUPS(g) { sum[0].of[t][g] = start; }
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        FOR_TILE(t, g) {
            sum[i % 2].of[t][g] = dot4_add(wasm_v128_load32_splat(at->q[t] + 4 * i),
                                           wasm_v128_load(w + i * I8_SLICE_BYTES + 16 * g), sum[i % 2].of[t][g]);
        }
    }
    FOR_TILE(t, g) {
        const v128_t dot = wasm_i32x4_add(sum[0].of[t][g], sum[1].of[t][g]);
        isum->of[t][g] =
            wasm_i32x4_add(isum->of[t][g], wasm_i32x4_mul(dot, wasm_v128_load(w + 4 * I8_SLICE_BYTES + 16 * g)));
    }
}

ALWAYS_INLINE void multiply_signed_block(const struct gemm_form *form, struct tile *sums, const uint8_t **panel,
                                         struct cursors *at) {
    const v128_t offset = wasm_i32x4_splat(form->offset_log2 ? 0xff80 : 0); /* -128 in the lower i16 of each lane */
    const uint8_t *w = *panel;
    struct tile isum;
    tile_clear(&isum);
    KEEP_LOOP
    for (size_t j = 0; j < 16; j++) {
        w = opaque(w);
        FOR_TOKENS(t) { at->q[t] = opaque(at->q[t]); }
        add_sub_block(&isum, w, at, offset);
        w += SUB_BLOCK_BYTES;
        FOR_TOKENS(t) {
            at->q[t] += 16;
            at->s[t] += 2;
        }
    }
    FOR_TOKENS(t) {
        const v128_t d = wasm_v128_load32_splat(at->d[t]);
        FOR_GROUPS(g) {
            const v128_t scale = wasm_f32x4_mul(wasm_v128_load(w + 16 * g), d);
            sums->of[t][g] =
                wasm_f32x4_add(sums->of[t][g], wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum.of[t][g]), scale));
        }
        at->d[t] += 4;
    }
    *panel = w + I8_SLICE_BYTES;
}

void gemm_dot4_signed(int is_unsigned, const struct gemm_args *args) {
    const struct gemm_form form = {
        .block = 256, .activation = ACTIVATION_Q8_K, .offset_log2 = is_unsigned ? 7 : 0, .sub_block = 16};
    gemm_tiles(multiply_signed_block, &form, args);
}
