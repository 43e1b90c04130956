/* The gemm of K-quants by dot4. The panels are those of panel_kquant.h. Eight activations, splatted, are multiplied by
 * the two vectors of a slice. So each row has two lanes, and their sums over a sub-block fit i16. The sums are narrowed
 * to i16. Then one dot product with the scales adds, scales and widens the sums of four rows.
 *
 * The tile is four rows by four tokens, which fit in 15 registers. The loops of gemm_tile.h do not apply, because their
 * tile is different. */
#include "kernels/relaxed/gemm_dot4_kquant.h"

#include "kernels/relaxed/dot4.h"
#include "kernels/relaxed/panel_kquant.h"

#define TILE_TOKENS  4
#define SLICE_BYTES  DOT4_SLICE_BYTES
#define SCALES_BYTES DOT4_SCALES_BYTES

struct tile_cursors {
    const uint8_t *q[TILE_TOKENS];
    const uint8_t *d[TILE_TOKENS];
    const uint8_t *s[TILE_TOKENS];
};

#define FOR_TILE_TOKENS UNROLL for (int t = 0; t < TILE_TOKENS; t++)

/* The constants of a loop. */
struct dot4_form {
    size_t sub_block;
    int exact;
    int slices;
};

/* Adds the scaled sums of `slices` slices to isum. */
ALWAYS_INLINE void add_scaled_slices(v128_t isum[TILE_TOKENS], int slices, const uint8_t *w, struct tile_cursors *at) {
    v128_t sum[TILE_TOKENS][2];
    UNROLL
    for (int i = 0; i < slices; i++) {
        const v128_t first = wasm_v128_load(w + i * SLICE_BYTES);
        const v128_t second = wasm_v128_load(w + i * SLICE_BYTES + 16);
        FOR_TILE_TOKENS {
            const v128_t a = wasm_v128_load64_splat(at->q[t] + 8 * i);
            sum[t][0] = dot4_add(a, first, i ? sum[t][0] : wasm_i32x4_splat(0));
            sum[t][1] = dot4_add(a, second, i ? sum[t][1] : wasm_i32x4_splat(0));
        }
    }
    FOR_TILE_TOKENS {
        const v128_t narrow = wasm_i16x8_narrow_i32x4(sum[t][0], sum[t][1]);
        isum[t] = wasm_i32x4_add(isum[t], wasm_i32x4_dot_i16x8(narrow, wasm_v128_load(w + slices * SLICE_BYTES)));
    }
}

/* The minimums times the sums of the activations. */
ALWAYS_INLINE void sum_tile_minimums(size_t sub_block, v128_t msum[TILE_TOKENS],
                                     const struct kquant_panel_scales *scales, struct tile_cursors *at) {
    FOR_TILE_TOKENS { msum[t] = wasm_i32x4_splat(0); }
    KEEP_LOOP
    for (size_t j = 0; j < 32 / sub_block; j++) {
        UNROLL
        for (int i = 0; i < 4; i++) {
            const v128_t minimum = wasm_v128_load(scales->minimum[4 * j + (size_t)i]);
            FOR_TILE_TOKENS {
                msum[t] =
                    wasm_i32x4_add(msum[t], wasm_i32x4_dot_i16x8(wasm_v128_load32_splat(at->s[t] + 4 * i), minimum));
            }
        }
        FOR_TILE_TOKENS { at->s[t] += 16; }
    }
}

/* Adds the products of a block to sums. Returns the address of the next block. */
ALWAYS_INLINE const uint8_t *multiply_block(struct dot4_form form, v128_t sums[TILE_TOKENS], const uint8_t *w,
                                            struct tile_cursors *at) {
    const size_t bytes = (size_t)form.slices * SLICE_BYTES + SCALES_BYTES;
    v128_t isum[TILE_TOKENS];
    v128_t msum[TILE_TOKENS];
    FOR_TILE_TOKENS { isum[t] = wasm_i32x4_splat(0); }
    const uint8_t *const end = w + 32 / (size_t)form.slices * bytes;
    KEEP_LOOP
    do {
        w = opaque(w);
        FOR_TILE_TOKENS { at->q[t] = opaque(at->q[t]); }
        add_scaled_slices(isum, form.slices, w, at);
        FOR_TILE_TOKENS { at->q[t] += 8 * form.slices; }
        w += bytes;
    } while (w != end);
    const struct kquant_panel_scales *const scales = (const struct kquant_panel_scales *)(const void *)opaque(w);
    sum_tile_minimums(form.sub_block, msum, scales, at);
    FOR_TILE_TOKENS {
        const v128_t product =
            kquant_panel_product(form.exact, scales, isum[t], msum[t], wasm_v128_load32_splat(at->d[t]));
        sums[t] = wasm_f32x4_add(sums[t], product);
        at->d[t] += 4;
    }
    return (const uint8_t *)(scales + 1);
}

ALWAYS_INLINE void gemm_of_form(struct dot4_form form, const struct gemm_args *args) {
    const struct gemm_form activations = {.activation = ACTIVATION_Q8_K, .sub_block = form.sub_block};
    const struct activation_layout layout = form_layout(&activations, args->n);
    for (size_t token = 0; token < args->tokens; token += TILE_TOKENS) {
        const uint8_t *w = args->panel;
        for (size_t row = 0; row < args->rows; row += 4) {
            struct tile_cursors at;
            v128_t sums[TILE_TOKENS];
            FOR_TILE_TOKENS { /* past the last token, the first one of the tile repeats; its result is not stored */
                const size_t of = token + (size_t)t < args->tokens ? token + (size_t)t : token;
                at.q[t] = args->activations + of * args->activation_bytes;
                at.d[t] = at.q[t] + layout.scales;
                at.s[t] = at.q[t] + layout.sums;
                sums[t] = wasm_i32x4_splat(0);
            }
            KEEP_LOOP
            for (size_t b = args->n / 256; b; b--) {
                w = multiply_block(form, sums, w, &at);
            }
            FOR_TILE_TOKENS {
                if (token + (size_t)t < args->tokens) {
                    store_rows(args->out + (token + (size_t)t) * args->out_stride + row, sums[t], args->rows - row);
                }
            }
        }
    }
}

ALWAYS_INLINE void gemm_slices(const struct kquant_type *type, int slices, const struct gemm_args *args) {
    gemm_of_form((struct dot4_form){.sub_block = type->sub_block, .exact = type->exact, .slices = slices}, args);
}

/* Only the number of slices is a constant of each loop: the rest matters once per block. */
NEVER_INLINE void gemm_4_slices(const struct kquant_type *type, const struct gemm_args *args) {
    gemm_slices(type, 4, args);
}
NEVER_INLINE void gemm_2_slices(const struct kquant_type *type, const struct gemm_args *args) {
    gemm_slices(type, 2, args);
}

void gemm_dot4_kquant(const struct kquant_type *type, size_t slices, const struct gemm_args *args) {
    switch (slices) {
    case 4:
        gemm_4_slices(type, args);
        break;
    case 2:
        gemm_2_slices(type, args);
        break;
    default:
        __builtin_trap(); /* a new type needs a loop here */
    }
}
