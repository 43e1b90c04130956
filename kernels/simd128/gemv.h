/* One token, straight from the file's blocks. While one run of blocks is computed, the next is already on its way from
 * memory. The dots of 32 and of 16 weights are the variant's; what follows them is shared by all types (gemv.c). */
#ifndef KERNELS_SIMD128_GEMV_H
#define KERNELS_SIMD128_GEMV_H

#include "kernels/kernels.h"
#include "kernels/simd128/codes.h"
#include "kernels/simd128/lanes.h"
#include "kernels/simd128/scales.h"

/* Lanes that add up to the dot of 32 codes with 32 activations: i32x4, or i16x8 where form32 says so. */
typedef v128_t dot32_fn(const v128_t codes[2], const v128_t activations[2]);
/* The same times a scale, which stands in all lanes of i16; of the first vectors only, for the dot of 16. */
typedef v128_t dot_scaled_fn(const v128_t *codes, const v128_t *activations, v128_t scale);

/* Types with blocks of 32 take four rows at a time, in columns of four blocks. As many columns are fetched ahead, and
 * have their sums made floats, at once. */
#define COLUMNS32 8
/* Blocks of a run of one row, and the most that a row's products are gathered of before they are added. */
#define RUN256   4
#define GATHERED 256

/* What is fetched ahead: a load in each cache line of a run to come. WebAssembly has no prefetch, and where the
 * hardware does not guess well a processor waits for each line; a handful of loads that nothing depends on are served
 * at once.
 */
struct ahead {
    const uint8_t *last; /* the furthest that a run may start, so that all of it lies in the rows */
    uint32_t seen;       /* keeps the loads alive */
};

ALWAYS_INLINE struct ahead ahead_of(const struct gemv_args *args, size_t run_bytes) {
    const size_t bytes = args->rows * args->row_bytes;
    return (struct ahead){args->w + (bytes > run_bytes ? bytes - run_bytes : 0), 0};
}

ALWAYS_INLINE void fetch_ahead(struct ahead *ahead, const uint8_t *run, size_t run_bytes) {
    const uint8_t *next = opaque(run);
    if (next <= ahead->last) {
        UNROLL
        for (size_t line = 0; line < run_bytes; line += 64) {
            ahead->seen |= u32_at(next + line);
        }
    }
}

ALWAYS_INLINE void ahead_done(const struct ahead *ahead) {
    volatile uint32_t kept = ahead->seen;
    (void)kept;
}

/* How the sums of a block of 32 become a product: isum * (d * activation's d), and for types that have an f16 minimum
 * after the f16 scale they start with, + minimum * activation's sum. isum is less by the offset of the codes,
 * 2^offset / 2, times the sum of the activations. d and s: the activation's scales and sums of these blocks. */
struct form32 {
    size_t block_bytes;
    uint32_t offset;
    int pairs;      /* sums are i16x8, with room for twice their size; else i32x4 */
    int fifth_bits; /* the codes of four blocks at once are more than there are registers */
};
/* sum[r] += the products of `count` <= COLUMNS32 blocks of row r, one after the other. isums: (count, 4); at: where the
 * blocks of each row start. */
typedef void add_columns32_fn(v128_t *sum, const v128_t *isums, size_t count, size_t block_bytes, uint32_t offset,
                              const uint8_t *const at[4], const uint8_t *d, const uint8_t *s);
add_columns32_fn add_columns32, add_columns32_with_minimum;

/* Signed bytes on both sides. */
ALWAYS_INLINE v128_t dot8_signed(const uint8_t *w, const uint8_t *q) {
    return wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(opaque(w)), wasm_i16x8_load8x8(opaque(q)));
}

/* codes null: those of q8_0, signed bytes as they are. */
ALWAYS_INLINE v128_t dot_of_block(codes32_fn *codes, dot32_fn *dot, const uint8_t *w, const uint8_t *q,
                                  const v128_t activations[2]) {
    if (!codes) {
        return wasm_i32x4_add(wasm_i32x4_add(dot8_signed(w + 2, q), dot8_signed(w + 10, q + 8)),
                              wasm_i32x4_add(dot8_signed(w + 18, q + 16), dot8_signed(w + 26, q + 24)));
    }
    v128_t each[2];
    codes(each, w);
    return dot(each, activations);
}

/* What has been put into an array is stored by now. V8 would else load what all of an unrolled loop's turns need before
 * it computes the first, and run out of registers: one token of Q4_K took a fifth longer in Node 20. */
#define STORED(array) __asm__ volatile("" : : "r"(array) : "memory")

/* Each row is a lane of the sums: nothing is to be transposed, and no length of rows leaves a rest. What is fetched
 * ahead is of the next four rows. */
ALWAYS_INLINE void gemv_blocks32(codes32_fn *codes, dot32_fn *dot, struct form32 form, int has_minimum,
                                 const struct gemv_args *given) {
    const struct gemv_args copy = *given; /* a store to out cannot change it: its fields stay in registers */
    const struct gemv_args *const args = &copy;
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    const size_t block_bytes = form.block_bytes;
    struct ahead ahead = ahead_of(args, COLUMNS32 * 4 * block_bytes);
    for (size_t row = 0; row < args->rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args->w, args->row_bytes, row, args->rows);
        const uint8_t *next = args->w + (row + 4) * args->row_bytes;
        const uint8_t *q = args->activation;
        const uint8_t *d = q + layout.scales;
        const uint8_t *s = q + layout.sums;
        v128_t sum = wasm_f32x4_splat(0.0f);
        for (size_t left = args->n / 32, count; left; left -= count) {
            count = left < COLUMNS32 ? left : COLUMNS32;
            const uint8_t *const from[4] = {at[0], at[1], at[2], at[3]};
            v128_t isums[COLUMNS32];
            fetch_ahead(&ahead, next, COLUMNS32 * 4 * block_bytes);
            KEEP_LOOP
            for (size_t column = 0; column < count; column++) {
                const v128_t activations[2] = {wasm_v128_load(q), wasm_v128_load(q + 16)};
                v128_t sums[4];
                UNROLL
                for (size_t r = 0; r < 4; r++) {
                    sums[r] = dot_of_block(codes, dot, at[r], q, activations);
                    at[r] += block_bytes;
                    if (form.fifth_bits && r == 1) {
                        STORED(sums);
                    }
                }
                isums[column] = form.pairs ? add_across_pairs(sums) : add_across(sums);
                next += 4 * block_bytes;
                q += 32;
            }
            (has_minimum ? add_columns32_with_minimum : add_columns32)(&sum, isums, count, block_bytes, form.offset,
                                                                       from, d, s);
            d += 4 * count;
            s += 4 * count;
        }
        store_lanes(args->out + row, sum, args->rows - row);
    }
    ahead_done(&ahead);
}

/* Scales twice each, so that 32 bits of them can be splatted. */
ALWAYS_INLINE void double_scales(int16_t out[16][2], const int16_t scale[16]) {
    UNROLL
    for (int half = 0; half < 2; half++) {
        const v128_t each = wasm_v128_load(scale + 8 * half);
        wasm_v128_store(out[8 * half], wasm_i16x8_shuffle(each, each, 0, 0, 1, 1, 2, 2, 3, 3));
        wasm_v128_store(out[8 * half + 4], wasm_i16x8_shuffle(each, each, 4, 4, 5, 5, 6, 6, 7, 7));
    }
}

/* i32x4 whose lanes add up to the dot of a block with 256 activations, scales of sub-blocks included. */
ALWAYS_INLINE v128_t dot256(chunk256_fn *chunk, dot_scaled_fn *dot, int sub_block, const uint8_t *block,
                            const int16_t scale[16][2], const uint8_t *q) {
    const size_t step = sub_block == 32 ? 1 : 2; /* from a chunk's vector to the next, in sixteens of weights */
    v128_t sum = wasm_i32x4_splat(0);
    v128_t so_far[1];
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        const size_t first = sub_block == 32 ? 4 * i : 8 * (i / 2) + i % 2;
        const uint8_t *a = opaque(q + 16 * first);
        const uint8_t *twice = opaque((const uint8_t *)scale[first]);
        v128_t codes[4];
        chunk(codes, block, i);
        UNROLL
        for (size_t v = 0; v < 4; v += sub_block == 32 ? 2 : 1) {
            const v128_t activations[2] = {wasm_v128_load(a + 16 * step * v), wasm_v128_load(a + 16 * (step * v | 1))};
            sum = wasm_i32x4_add(sum, dot(codes + v, activations, wasm_v128_load32_splat(twice + 4 * step * v)));
        }
        if (i < 3) {
            so_far[0] = sum;
            STORED(so_far);
        }
    }
    return sum;
}

/* The products of blocks, row by row: four rows are added up at once, so that their sums fill a vector. */
struct products {
    float of[4][GATHERED];
};
/* sums[r] += of[r][0], of[r][1] ... in order. What is beyond `count` is overwritten. */
void add_products(v128_t *sums, struct products *products, size_t count);

/* What a block of 256 ends in floats with: see scales.h for `exact`. */
struct form256 {
    size_t block_bytes;
    size_t halves_at; /* where f16 d and after it dmin lie; if exact d is the second of the two */
    int exact;
};
/* Products of `count` blocks, with sums across lanes of isums and msums. d: the activation's scales. */
void products256(float *out, const v128_t isums[RUN256], const v128_t msums[RUN256], const struct form256 *form,
                 const uint8_t *block, const uint8_t *d, size_t count);

/* Blocks of 256 with sub-blocks of 16 or 32. */
ALWAYS_INLINE void gemv_blocks256(chunk256_fn *chunk, scales256_fn *scales, dot_scaled_fn *dot, int sub_block,
                                  int exact, size_t halves_at, size_t block_bytes, const struct gemv_args *given) {
    const struct gemv_args copy = *given; /* a store to out cannot change it: its fields stay in registers */
    const struct gemv_args *const args = &copy;
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    const struct form256 form = {block_bytes, halves_at, exact};
    struct ahead ahead = ahead_of(args, RUN256 * block_bytes);
    struct products products;
    for (size_t row = 0; row < args->rows; row += 4) {
        const size_t rows = args->rows - row < 4 ? args->rows - row : 4;
        v128_t sums = wasm_f32x4_splat(0.0f);
        for (size_t first = 0, blocks = args->n / 256; first < blocks; first += GATHERED) {
            const size_t most = blocks - first < GATHERED ? blocks - first : GATHERED;
            for (size_t k = 0; k < rows; k++) {
                const uint8_t *at = args->w + (row + k) * args->row_bytes + first * block_bytes;
                const uint8_t *q = args->activation + first * 256;
                const uint8_t *d = args->activation + layout.scales + first * 4;
                const uint8_t *s = args->activation + layout.sums + first * 32;
                for (size_t done = 0, count; done < most; done += count) {
                    count = most - done < RUN256 ? most - done : RUN256;
                    const uint8_t *const run = at;
                    v128_t isums[RUN256];
                    v128_t msums[RUN256];
                    fetch_ahead(&ahead, at + RUN256 * block_bytes, RUN256 * block_bytes);
                    KEEP_LOOP
                    for (size_t i = 0; i < count; i++) {
                        struct scales256 of;
                        int16_t twice[16][2];
                        scales(&of, at);
                        double_scales(twice, of.scale);
                        msums[i] = wasm_i32x4_add(
                            wasm_i32x4_dot_i16x8(wasm_v128_load(of.minimum), wasm_v128_load(s)),
                            wasm_i32x4_dot_i16x8(wasm_v128_load(of.minimum + 8), wasm_v128_load(s + 16)));
                        isums[i] = dot256(chunk, dot, sub_block, at, twice, q);
                        at += block_bytes;
                        q += 256;
                        s += 32;
                    }
                    products256(products.of[k] + done, isums, msums, &form, run, d + 4 * done, count);
                }
            }
            add_products(&sums, &products, most);
        }
        store_lanes(args->out + row, sums, rows);
    }
    ahead_done(&ahead);
}

#endif
