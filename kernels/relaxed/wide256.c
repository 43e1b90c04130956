/* Batches of the K-quants where the dot that sums four products into i32 is one instruction (wide.h).
 *
 * A panel holds group after group of four rows. A step is eight weights of each: two vectors of two rows (row 0: w0 ...
 * w7, row 1: w0 ... w7), which meet eight activations, splatted. So each row has two lanes, whose sums over a sub-block
 * fit i16 (codes of 4 bits over 32 weights, of 5 or less over 16): narrowed, one dot with the scales sums, scales and
 * widens those of four rows. Four rows by four tokens are what 15 registers hold. */
#include "kernels/relaxed/wide.h"

#define WIDE_TOKENS  4
#define SCALES_BYTES 16 /* of four rows, each twice, behind the steps of a sub-block */
#define STEP8_BYTES  32

size_t wide256_bytes(size_t steps) { return 32 * STEP8_BYTES + 32 / steps * SCALES_BYTES + sizeof(struct tail256); }

void wide256_store(uint8_t *panel, size_t steps, size_t sub_block, int exact, const struct rows256 *rows,
                   v128_t halves) {
    const size_t bytes = steps * STEP8_BYTES + SCALES_BYTES;
    KEEP_LOOP
    for (size_t half = 0; half < 2; half++) {
        v128_t scale[8];
        doubled(scale, wasm_v128_load(rows->scales[0].scale + 8 * half),
                wasm_v128_load(rows->scales[1].scale + 8 * half), wasm_v128_load(rows->scales[2].scale + 8 * half),
                wasm_v128_load(rows->scales[3].scale + 8 * half));
        KEEP_LOOP
        for (size_t i = 0; i < 8; i++) { /* 16 weights */
            const size_t step = 16 * half + 2 * i;
            uint8_t *const at = panel + step / steps * bytes + step % steps * STEP8_BYTES;
            const size_t j = 8 * half + i;
            UNROLL
            for (size_t pair = 0; pair < 2; pair++) {
                const v128_t a = rows->codes[2 * pair][j];
                const v128_t b = rows->codes[2 * pair + 1][j];
                wasm_v128_store(at + 16 * pair, wasm_i64x2_shuffle(a, b, 0, 2));
                wasm_v128_store(at + STEP8_BYTES + 16 * pair, wasm_i64x2_shuffle(a, b, 1, 3));
            }
            wasm_v128_store(panel + step / steps * bytes + steps * STEP8_BYTES, scale[i]);
        }
    }
    store_tail256((struct tail256 *)(void *)(panel + 32 / steps * bytes), sub_block, exact, rows->scales, halves);
}

struct wide_places {
    const uint8_t *q[WIDE_TOKENS];
    const uint8_t *d[WIDE_TOKENS];
    const uint8_t *s[WIDE_TOKENS];
};

#define FOR_TOKENS UNROLL for (int t = 0; t < WIDE_TOKENS; t++)

/* A sub-block: adds its scaled sums to isum. */
ALWAYS_INLINE void scaled_steps(v128_t isum[WIDE_TOKENS], int steps, const uint8_t *w, struct wide_places *at) {
    v128_t sum[WIDE_TOKENS][2];
    UNROLL
    for (int i = 0; i < steps; i++) {
        const v128_t first = wasm_v128_load(w + i * STEP8_BYTES);
        const v128_t second = wasm_v128_load(w + i * STEP8_BYTES + 16);
        FOR_TOKENS {
            const v128_t a = wasm_v128_load64_splat(at->q[t] + 8 * i);
            sum[t][0] = dot_add(a, first, i ? sum[t][0] : wasm_i32x4_splat(0));
            sum[t][1] = dot_add(a, second, i ? sum[t][1] : wasm_i32x4_splat(0));
        }
    }
    FOR_TOKENS {
        const v128_t narrow = wasm_i16x8_narrow_i32x4(sum[t][0], sum[t][1]);
        isum[t] = wasm_i32x4_add(isum[t], wasm_i32x4_dot_i16x8(narrow, wasm_v128_load(w + steps * STEP8_BYTES)));
    }
}

ALWAYS_INLINE void wide256(size_t sub_block, int exact, int steps, const struct gemm_args *args) {
    const struct activation_layout layout = layout256(sub_block, args->n);
    const size_t bytes = (size_t)steps * STEP8_BYTES + SCALES_BYTES;
    for (size_t token = 0; token < args->tokens; token += WIDE_TOKENS) {
        const uint8_t *w = args->panel;
        for (size_t row = 0; row < args->rows; row += 4) {
            struct wide_places at;
            v128_t sums[WIDE_TOKENS];
            FOR_TOKENS {
                const size_t of = token + (size_t)t < args->tokens ? token + (size_t)t : token;
                at.q[t] = args->activations + of * args->activation_bytes;
                at.d[t] = at.q[t] + layout.scales;
                at.s[t] = at.q[t] + layout.sums;
                sums[t] = wasm_i32x4_splat(0);
            }
            KEEP_LOOP
            for (size_t b = args->n / 256; b; b--) {
                v128_t isum[WIDE_TOKENS];
                FOR_TOKENS { isum[t] = wasm_i32x4_splat(0); }
                const uint8_t *const end = w + 32 / (size_t)steps * bytes;
                KEEP_LOOP
                do {
                    w = opaque(w);
                    FOR_TOKENS { at.q[t] = opaque(at.q[t]); }
                    scaled_steps(isum, steps, w, &at);
                    FOR_TOKENS { at.q[t] += 8 * steps; }
                    w += bytes;
                } while (w != end);
                const struct tail256 *const tail = (const struct tail256 *)(const void *)opaque(w);
                v128_t msum[WIDE_TOKENS];
                FOR_TOKENS { msum[t] = wasm_i32x4_splat(0); }
                KEEP_LOOP
                for (size_t half = 0; half < 32 / sub_block; half++) {
                    UNROLL
                    for (int i = 0; i < 4; i++) {
                        const v128_t minimum = wasm_v128_load(tail->minimum[4 * half + (size_t)i]);
                        FOR_TOKENS {
                            msum[t] = wasm_i32x4_add(
                                msum[t], wasm_i32x4_dot_i16x8(wasm_v128_load32_splat(at.s[t] + 4 * i), minimum));
                        }
                    }
                    FOR_TOKENS { at.s[t] += 16; }
                }
                FOR_TOKENS {
                    const v128_t product = product256(exact, tail, isum[t], msum[t], wasm_v128_load32_splat(at.d[t]));
                    sums[t] = wasm_f32x4_add(sums[t], product);
                    at.d[t] += 4;
                }
                w = (const uint8_t *)(tail + 1);
            }
            FOR_TOKENS {
                if (token + (size_t)t < args->tokens) {
                    store_lanes(args->out + (token + (size_t)t) * args->out_stride + row, sums[t], args->rows - row);
                }
            }
        }
    }
}

void gemm_wide256_4(const struct gemm_args *args) { wide256(32, 0, 4, args); }
void gemm_wide256_2(size_t sub_block, const struct gemm_args *args) { wide256(sub_block, 0, 2, args); }
void gemm_wide256_2_exact(const struct gemm_args *args) { wide256(16, 1, 2, args); }
