/* The outer loop of every gemm whose tile is TOKENS tokens by the PANEL_ROWS rows of a panel, and its helpers. Each
 * variant supplies the function that multiplies a block of the panel. */
#ifndef KERNELS_SIMD128_GEMM_TILE_H
#define KERNELS_SIMD128_GEMM_TILE_H

#include "kernels/kernels.h"
#include "kernels/simd128/four_rows.h"
#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

#define GROUPS (PANEL_ROWS / 4) /* groups of four rows, which fill a vector */
#define TOKENS 2

/* A vector of four rows for each token and group. */
struct tile {
    v128_t of[TOKENS][GROUPS];
};

/* Read positions in the activations of a tile's tokens: quants, scales, sums. */
struct cursors {
    const uint8_t *q[TOKENS];
    const uint8_t *d[TOKENS];
    const uint8_t *s[TOKENS];
};

#define FOR_TOKENS(t)  UNROLL for (int t = 0; t < TOKENS; t++)
#define FOR_GROUPS(g)  UNROLL for (int g = 0; g < GROUPS; g++)
#define FOR_TILE(t, g) FOR_TOKENS(t) FOR_GROUPS(g)

/* How four bytes get into all lanes: by a splatting load, or by a shuffle of what a plain load has read. The first is
 * one instruction on most hosts; see probe_splat in relaxed/host_probe.h for the others. */
enum splat { SPLAT_BY_LOAD, SPLAT_BY_SHUFFLE };

/* What a gemm loop is specialized for. After inlining, the members are constants unless the caller says otherwise. */
struct gemm_form {
    size_t block;                    /* weights that multiply_block covers */
    enum activation_kind activation; /* kind of the activations */
    enum splat splat;
    size_t dot2_slices;   /* dot2: slices of four weights whose sums fit i16 */
    uint32_t offset_log2; /* legacy types: a code counts as code - (1 << offset_log2); 0: no offset */
    int has_minimum;      /* legacy types: the block has a minimum */
    int exact;            /* K-quants: see types_kquant.h */
    size_t sub_block;     /* K-quants: minimums are multiplied by sums over this many activations, 16 or 32 */
};

/* Multiplies one block of the panel at *w by the tile's activations, adds the products to sums and advances *w and the
 * cursors. */
typedef void multiply_block_fn(const struct gemm_form *form, struct tile *sums, const uint8_t **w, struct cursors *at);

ALWAYS_INLINE void tile_clear(struct tile *tile) {
    FOR_TILE(t, g) { tile->of[t][g] = wasm_i32x4_splat(0); }
}

/* Cursors at the activations of `token` and the one after it. Past the last token, `token` repeats; its second result
 * is not stored. */
ALWAYS_INLINE struct cursors cursors_at(const struct gemm_args *args, size_t token, struct activation_layout layout) {
    struct cursors at;
    for (size_t t = 0; t < TOKENS; t++) {
        const size_t of = token + t < args->tokens ? token + t : token;
        at.q[t] = args->activations + of * args->activation_bytes;
        at.d[t] = at.q[t] + layout.scales;
        at.s[t] = at.q[t] + layout.sums;
    }
    return at;
}

/* Stores the results of the tile, leaving out repeated tokens and rows. */
void store_tile(const struct gemm_args *args, size_t token, const struct tile *sums);

/* The layout of a row of activations, whose sums are those over 32 activations for sub-blocks of 32. */
ALWAYS_INLINE struct activation_layout form_layout(const struct gemm_form *form, size_t n) {
    struct activation_layout layout = activation_layout(form->activation, n);
    layout.sums = form->sub_block == 32 ? layout.sums_of_32 : layout.sums;
    return layout;
}

ALWAYS_INLINE void gemm_tiles(multiply_block_fn *multiply_block, const struct gemm_form *form,
                              const struct gemm_args *args) {
    const struct activation_layout layout = form_layout(form, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct cursors at = cursors_at(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        KEEP_LOOP
        for (size_t b = args->n / form->block; b; b--) {
            multiply_block(form, &sums, &w, &at);
        }
        const struct tile copy = sums; /* so that sums can stay in registers until here */
        store_tile(args, token, &copy);
    }
}

/* Four bytes in all lanes. SPLAT_BY_SHUFFLE also reads the 12 bytes before them. */
ALWAYS_INLINE v128_t load_splat(enum splat splat, const uint8_t *at) {
    if (splat == SPLAT_BY_LOAD) {
        return wasm_v128_load32_splat(at);
    }
    const v128_t last = wasm_v128_load(at - 12);
    return wasm_i32x4_shuffle(last, last, 3, 3, 3, 3);
}

/* Four bytes in all lanes of splats[0], the next four in splats[1]. SPLAT_BY_SHUFFLE also reads the 8 bytes before. */
ALWAYS_INLINE void load_two_splats(v128_t splats[2], enum splat splat, const uint8_t *at) {
    if (splat == SPLAT_BY_LOAD) {
        splats[0] = wasm_v128_load32_splat(at);
        splats[1] = wasm_v128_load32_splat(at + 4);
        return;
    }
    const v128_t last = wasm_v128_load(at - 8);
    splats[0] = wasm_i32x4_shuffle(last, last, 2, 2, 2, 2);
    splats[1] = wasm_i32x4_shuffle(last, last, 3, 3, 3, 3);
}

#endif
