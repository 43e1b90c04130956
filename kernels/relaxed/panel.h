/* Panels for the relaxed dots: codes as bytes below 128. For each block and each group of four rows, a vector holds
 * four weights of each row (row 0: w0 w1 w2 w3, row 1: w0 ...), so that four activations, splatted, meet all four rows
 * and the sums of pairs lie in the rows' lanes. */
#ifndef KERNELS_RELAXED_PANEL_H
#define KERNELS_RELAXED_PANEL_H

#include "kernels/kernels.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/lanes.h"
#include "kernels/simd128/scales.h"

#define GROUPS (PANEL_ROWS / 4)

struct group32 {
    uint8_t codes[8][16];
    float d[4];
    float m[4];
};

/* Scales stand twice a row, as the pairs do; with sub-blocks of 32 only each second one is used. */
struct group256 {
    uint8_t codes[64][16];
    int16_t scale[16][8];
    int16_t minimum[8][8]; /* of two sub-blocks of 16: row 0 both, row 1 both ... */
    float d[4];
    float dmin[4];
};

ALWAYS_INLINE void store_steps(uint8_t (*steps)[16], const v128_t rows[4]) {
    v128_t m[4] = {rows[0], rows[1], rows[2], rows[3]};
    transpose(m);
    for (int i = 0; i < 4; i++) {
        wasm_v128_store(steps[i], m[i]);
    }
}

ALWAYS_INLINE void panel_blocks32(codes32_fn *codes, size_t block_bytes, int has_minimum, uint8_t *panel,
                                  const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    struct group32 *group = (struct group32 *)(void *)panel;
    for (size_t b = 0; b < n / 32; b++) {
        for (size_t g = 0; g < GROUPS; g++, group++) {
            const uint8_t *at[4];
            four_rows(at, w + b * block_bytes, row_bytes, 4 * g, rows);
            v128_t each[4][2];
            for (int k = 0; k < 4; k++) {
                codes(each[k], at[k]);
            }
            for (int half = 0; half < 2; half++) {
                const v128_t four[4] = {each[0][half], each[1][half], each[2][half], each[3][half]};
                store_steps(group->codes + 4 * half, four);
            }
            const v128_t halves = words_of_rows(at);
            wasm_v128_store(group->d, widen_f16(halves));
            wasm_v128_store(group->m, has_minimum ? widen_f16(wasm_u32x4_shr(halves, 16)) : wasm_f32x4_splat(0.0f));
        }
    }
}

ALWAYS_INLINE void panel_blocks256(codes256_fn *codes, scales256_fn *scales, size_t block_bytes, uint8_t *panel,
                                   const uint8_t *w, size_t row_bytes, size_t rows, size_t n) {
    struct group256 *group = (struct group256 *)(void *)panel;
    for (size_t b = 0; b < n / 256; b++) {
        for (size_t g = 0; g < GROUPS; g++, group++) {
            const uint8_t *at[4];
            four_rows(at, w + b * block_bytes, row_bytes, 4 * g, rows);
            v128_t each[4][16];
            for (size_t k = 0; k < 4; k++) {
                struct scales256 of;
                codes(each[k], at[k]);
                scales(&of, at[k]);
                group->d[k] = f16_to_f32(of.d);
                group->dmin[k] = f16_to_f32(of.dmin);
                for (size_t j = 0; j < 16; j++) {
                    group->scale[j][2 * k] = of.scale[j];
                    group->scale[j][2 * k + 1] = of.scale[j];
                    group->minimum[j / 2][2 * k + j % 2] = of.minimum[j];
                }
            }
            for (int i = 0; i < 16; i++) {
                const v128_t four[4] = {each[0][i], each[1][i], each[2][i], each[3][i]};
                store_steps(group->codes + 4 * i, four);
            }
        }
    }
}

#endif
