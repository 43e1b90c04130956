/* Panels for the relaxed dots: codes as bytes below 128. A step holds four
 * weights of each row, a vector for each group of four rows (row 0: w0 w1 w2
 * w3, row 1: w0 ...), so that four activations, splatted, meet all four rows
 * and the sums of pairs lie in the rows' lanes. A panel is read from one end to
 * the other: for each block its steps, those of K-quants with scales behind
 * every few, then the block's tail. */
#ifndef KERNELS_RELAXED_PANEL_H
#define KERNELS_RELAXED_PANEL_H

#include "kernels/kernels.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/lanes.h"
#include "kernels/simd128/scales.h"

#define GROUPS     (PANEL_ROWS / 4)
#define STEP_BYTES (GROUPS * 16)

struct tail32 {
    float d[GROUPS][4];
    float m[GROUPS][4];
};
struct tail256 {
    int16_t minimum[8][GROUPS][8]; /* of two sub-blocks of 16: row 0 both, row 1 both ... */
    float d[GROUPS][4];
    float dmin[GROUPS][4];
};

/* `flush`: how many steps' sums of pairs fit i16, that is how many there are
 * between two scales. The scales, i16, stand twice a row as the pairs do and
 * take as many bytes as a step. */
#define PANEL32_BYTES         (8 * STEP_BYTES + sizeof(struct tail32))
#define PANEL256_BYTES(flush) ((64 + 64 / (flush)) * STEP_BYTES + sizeof(struct tail256))

/* Sixteen weights of each of four rows: four steps. */
ALWAYS_INLINE void transposed(v128_t steps[4], v128_t row0, v128_t row1, v128_t row2, v128_t row3) {
    steps[0] = row0;
    steps[1] = row1;
    steps[2] = row2;
    steps[3] = row3;
    transpose(steps);
}

/* What the types share of unpacking is not inlined: it would be most of each. */
static __attribute__((noinline)) void store_group32(uint8_t *panel, struct tail32 *tail, size_t g, v128_t each[4][2],
                                                    v128_t d, v128_t m) {
    for (size_t half = 0; half < 2; half++) {
        v128_t steps[4];
        transposed(steps, each[0][half], each[1][half], each[2][half], each[3][half]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            wasm_v128_store(panel + (4 * half + i) * STEP_BYTES + 16 * g, steps[i]);
        }
    }
    wasm_v128_store(tail->d[g], d);
    wasm_v128_store(tail->m[g], m);
}

ALWAYS_INLINE void panel_blocks32(codes32_fn *codes, size_t block_bytes, int has_minimum, uint8_t *panel,
                                  const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    for (size_t b = n / 32; b; b--, w += block_bytes, panel += PANEL32_BYTES) {
        struct tail32 *tail = (struct tail32 *)(void *)(panel + 8 * STEP_BYTES);
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, row_bytes, 4 * g, rows);
            v128_t each[4][2];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
            }
            const v128_t halves = words_of_rows(at);
            const v128_t m = has_minimum ? widen_f16(wasm_u32x4_shr(halves, 16)) : wasm_f32x4_splat(0.0f);
            store_group32(panel, tail, g, each, widen_f16(halves), m);
        }
    }
}

/* Eight i16 of each of four rows, for eight sub-blocks: each row's twice in a
 * lane of 32 bits. */
ALWAYS_INLINE void doubled(v128_t out[8], v128_t row0, v128_t row1, v128_t row2, v128_t row3) {
    const v128_t rows[4] = {row0, row1, row2, row3};
    v128_t first[4];
    v128_t second[4];
    for (int k = 0; k < 4; k++) {
        first[k] = wasm_i16x8_shuffle(rows[k], rows[k], 0, 0, 1, 1, 2, 2, 3, 3);
        second[k] = wasm_i16x8_shuffle(rows[k], rows[k], 4, 4, 5, 5, 6, 6, 7, 7);
    }
    transposed(out, first[0], first[1], first[2], first[3]);
    transposed(out + 4, second[0], second[1], second[2], second[3]);
}

static __attribute__((noinline)) void store_group256(uint8_t *panel, struct tail256 *tail, size_t flush, size_t g,
                                                     v128_t each[4][16], const struct scales256 of[4]) {
    for (size_t j = 0; j < 16; j++) {
        v128_t steps[4];
        transposed(steps, each[0][j], each[1][j], each[2][j], each[3][j]);
        UNROLL
        for (size_t i = 0; i < 4; i++) {
            const size_t step = 4 * j + i;
            wasm_v128_store(panel + (step + step / flush) * STEP_BYTES + 16 * g, steps[i]);
        }
    }
    for (size_t half = 0; half < 2; half++) {
        v128_t scale[8];
        v128_t minimum[4];
        const size_t from = 8 * half;
        doubled(scale, wasm_v128_load(of[0].scale + from), wasm_v128_load(of[1].scale + from),
                wasm_v128_load(of[2].scale + from), wasm_v128_load(of[3].scale + from));
        for (size_t step = 32 * half; step < 32 * half + 32; step += flush) {
            wasm_v128_store(panel + (step + step / flush + flush) * STEP_BYTES + 16 * g, scale[step / 4 % 8]);
        }
        transposed(minimum, wasm_v128_load(of[0].minimum + from), wasm_v128_load(of[1].minimum + from),
                   wasm_v128_load(of[2].minimum + from), wasm_v128_load(of[3].minimum + from));
        for (size_t i = 0; i < 4; i++) {
            wasm_v128_store(tail->minimum[4 * half + i][g], minimum[i]);
        }
    }
    wasm_v128_store(tail->d[g], widen_f16(wasm_i32x4_make(of[0].d, of[1].d, of[2].d, of[3].d)));
    wasm_v128_store(tail->dmin[g], widen_f16(wasm_i32x4_make(of[0].dmin, of[1].dmin, of[2].dmin, of[3].dmin)));
}

ALWAYS_INLINE void panel_blocks256(codes256_fn *codes, scales256_fn *scales, size_t flush, size_t block_bytes,
                                   uint8_t *panel, const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    for (size_t b = n / 256; b; b--, w += block_bytes, panel += PANEL256_BYTES(flush)) {
        struct tail256 *tail = (struct tail256 *)(void *)(panel + (64 + 64 / flush) * STEP_BYTES);
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, row_bytes, 4 * g, rows);
            v128_t each[4][16];
            struct scales256 of[4];
            KEEP_LOOP
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
                scales(&of[k], at[k]);
            }
            store_group256(panel, tail, flush, g, each, of);
        }
    }
}

#endif
