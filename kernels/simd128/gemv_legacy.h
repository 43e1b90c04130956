/* One token times rows of a legacy type, straight from the file's blocks. The variants supply the dot product of a
 * block.
 *
 * Four rows are computed at a time, in columns of four blocks, so that each row is a lane of the sums: nothing needs a
 * transpose, and no row length needs a remainder loop. */
#ifndef KERNELS_SIMD128_GEMV_LEGACY_H
#define KERNELS_SIMD128_GEMV_LEGACY_H

#include "kernels/kernels.h"
#include "kernels/simd128/four_rows.h"
#include "kernels/simd128/prefetch.h"
#include "kernels/simd128/types_legacy.h"

/* The integer sums of this many columns become floats together. As many are fetched ahead. */
#define LEGACY_COLUMNS 8

/* Lanes that add up to the dot product of the 32 codes at `block` and the 32 activations at q, which are also loaded:
 * activations[0] and [1]. */
typedef v128_t dot_block_fn(const struct legacy_type *type, const uint8_t *block, const uint8_t *q,
                            const v128_t activations[2]);

/* sum[r] += isum * (scale * the activation's scale), for `count` <= LEGACY_COLUMNS blocks of row r in ascending order.
 * isums: (count) vectors of four rows. at: where the blocks of each row start. d, s: the activation's scales and sums
 * for these blocks. offset_log2: see struct legacy_type; isum is first reduced by the offset times s. */
typedef void add_legacy_columns_fn(v128_t *sum, const v128_t *isums, size_t count, size_t block_bytes,
                                   uint32_t offset_log2, const uint8_t *const at[4], const uint8_t *d,
                                   const uint8_t *s);
add_legacy_columns_fn add_legacy_columns;
/* The same for types with a minimum, whose product with s is added. */
add_legacy_columns_fn add_legacy_columns_with_minimum;

ALWAYS_INLINE void gemv_legacy(const struct legacy_type *type, dot_block_fn *dot_block, enum sum_lanes lanes,
                               const struct gemv_args *given) {
    const struct gemv_args args = *given; /* a copy stays in registers, because stores to out cannot change it */
    const struct activation_layout layout =
        activation_layout(type->has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args.n);
    const size_t block_bytes = type->block_bytes;
    struct prefetch prefetch = prefetch_begin(&args, LEGACY_COLUMNS * 4 * block_bytes);
    for (size_t row = 0; row < args.rows; row += 4) {
        const uint8_t *at[4];
        four_rows(at, args.w, args.row_bytes, row, args.rows);
        const uint8_t *next = args.w + (row + 4) * args.row_bytes; /* the next four rows are fetched ahead */
        const uint8_t *q = args.activation;
        const uint8_t *d = q + layout.scales;
        const uint8_t *s = q + layout.sums;
        v128_t sum = wasm_f32x4_splat(0.0f);
        for (size_t left = args.n / 32, count; left; left -= count) {
            count = left < LEGACY_COLUMNS ? left : LEGACY_COLUMNS;
            const uint8_t *const from[4] = {at[0], at[1], at[2], at[3]};
            v128_t isums[LEGACY_COLUMNS];
            prefetch_run(&prefetch, next, LEGACY_COLUMNS * 4 * block_bytes);
            KEEP_LOOP
            for (size_t column = 0; column < count; column++) {
                const v128_t activations[2] = {wasm_v128_load(q), wasm_v128_load(q + 16)};
                v128_t sums[4];
                UNROLL
                for (size_t r = 0; r < 4; r++) {
                    sums[r] = dot_block(type, at[r], q, activations);
                    at[r] += block_bytes;
                    if (type->code_bits == 5 && r == 1) { /* four blocks of these need more registers than there are */
                        STORED(sums);
                    }
                }
                isums[column] = add_across(lanes, sums);
                next += 4 * block_bytes;
                q += 32;
            }
            (type->has_minimum ? add_legacy_columns_with_minimum : add_legacy_columns)(&sum, isums, count, block_bytes,
                                                                                       type->offset_log2, from, d, s);
            d += 4 * count;
            s += 4 * count;
        }
        store_rows(args.out + row, sum, args.rows - row);
    }
    prefetch_end(&prefetch);
}

#endif
