/* Panels for the relaxed dots: codes as bytes below 128. A step holds four
 * weights of each row, a vector for each group of four rows (row 0: w0 w1 w2
 * w3, row 1: w0 ...), so that four activations, splatted, meet all four rows
 * and the sums of pairs lie in the rows' lanes. A panel is read from one end to
 * the other: for each block its steps, those of K-quants with scales behind
 * every few, then the block's tail. */
#ifndef KERNELS_RELAXED_PANEL_H
#define KERNELS_RELAXED_PANEL_H

#include "kernels/simd128/tile.h"

#define STEP_BYTES (GROUPS * 16)

/* `flush`: how many steps' sums of pairs fit i16, that is how many there are
 * between two scales. The scales, i16, stand twice a row as the pairs do and
 * take as many bytes as a step. */
#define PANEL32_BYTES         (8 * STEP_BYTES + sizeof(struct tail32))
#define PANEL256_BYTES(flush) ((64 + 64 / (flush)) * STEP_BYTES + GROUPS * sizeof(struct tail256))

/* What the types share of unpacking is not inlined: it would be most of each. */
static __attribute__((noinline)) void store_group32(uint8_t *panel, struct tail32 *tail, size_t g, v128_t each[4][2],
                                                    v128_t halves) {
    UNROLL
    for (size_t half = 0; half < 2; half++) {
        v128_t steps[4];
        transpose(steps, each[0][half], each[1][half], each[2][half], each[3][half]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            wasm_v128_store(panel + (4 * half + i) * STEP_BYTES + 16 * g, steps[i]);
        }
    }
    store_tail32(tail, g, halves);
}

ALWAYS_INLINE void panel_blocks32(codes32_fn *codes, size_t block_bytes, const struct panel_args *args) {
    uint8_t *panel = args->panel;
    const uint8_t *w = args->w;
    for (size_t b = args->n / 32; b; b--, w += block_bytes, panel += PANEL32_BYTES) {
        struct tail32 *tail = (struct tail32 *)(void *)(panel + 8 * STEP_BYTES);
        KEEP_LOOP
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            v128_t each[4][2];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
            }
            store_group32(panel, tail, g, each, words_of_rows(at, 0));
        }
    }
}

/* Eight i16 of each of four rows, for eight sub-blocks: each row's twice in a
 * lane of 32 bits. */
ALWAYS_INLINE void doubled(v128_t out[8], v128_t row0, v128_t row1, v128_t row2, v128_t row3) {
    const v128_t rows[4] = {row0, row1, row2, row3};
    v128_t first[4];
    v128_t second[4];
    UNROLL
    for (int k = 0; k < 4; k++) {
        first[k] = wasm_i16x8_shuffle(rows[k], rows[k], 0, 0, 1, 1, 2, 2, 3, 3);
        second[k] = wasm_i16x8_shuffle(rows[k], rows[k], 4, 4, 5, 5, 6, 6, 7, 7);
    }
    transpose(out, first[0], first[1], first[2], first[3]);
    transpose(out + 4, second[0], second[1], second[2], second[3]);
}

#endif
