/* Attention kernels. Keys and values are converted to float a few rows at a time, into scratch on the stack, and then
 * multiplied by all queries. */
#include "kernels/simd128/exp.h"
#include "kernels/simd128/f16.h"
#include "kernels/simd128/hints.h"
#include "kernels/simd128/partial.h"
#include "kernels/variants.h"
#include "quant/blocks.h"

/* ---- rows of the KV cache ---- */

/* Four cached f16, sign-extended to 32 bits, as floats. A shift to the left by 13 puts the magnitude in place. The mask
 * keeps one of the copies of the sign above it. 2^112 corrects the bias of the exponent. */
ALWAYS_INLINE v128_t cached_to_f32x4(v128_t extended) {
    const v128_t bits = wasm_v128_and(wasm_i32x4_shl(extended, 13), wasm_i32x4_splat((int32_t)0x8fffffff));
    return wasm_f32x4_mul(bits, wasm_f32x4_splat(0x1p112f));
}
ALWAYS_INLINE v128_t cached_low(v128_t f16) { return cached_to_f32x4(wasm_i32x4_extend_low_i16x8(f16)); }
ALWAYS_INLINE v128_t cached_high(v128_t f16) { return cached_to_f32x4(wasm_i32x4_extend_high_i16x8(f16)); }

static void convert_f16(float *to, size_t gap, const uint8_t *row, size_t n) {
    for (size_t i = 0; i < n; i += 8, to += 2 * gap) {
        const v128_t f16 = wasm_v128_load(row + 2 * i);
        wasm_v128_store(to, cached_low(f16));
        wasm_v128_store(to + gap, cached_high(f16));
    }
}

/* Code times scale, rounded to 11 significant bits; large_scale is 2^13 scale. */
ALWAYS_INLINE v128_t cached_codes(v128_t codes, v128_t scale, v128_t large_scale) {
    const v128_t code = wasm_f32x4_convert_i32x4(codes);
    const v128_t large = wasm_f32x4_mul(code, large_scale);
    return wasm_f32x4_sub(wasm_f32x4_add(wasm_f32x4_mul(code, scale), large), large);
}

static void convert_q8_0(float *to, size_t gap, const uint8_t *row, size_t n) {
    const struct block_q8_0 *block = (const struct block_q8_0 *)row;
    for (; n; n -= 32, block++) {
        const v128_t scale = cached_low(wasm_v128_load16_splat(block->d));
        const v128_t large = wasm_f32x4_mul(scale, wasm_f32x4_splat(0x1p13f));
        UNROLL
        for (size_t i = 0; i < 32; i += 8, to += 2 * gap) {
            const v128_t codes = wasm_i16x8_load8x8(block->qs + i);
            wasm_v128_store(to, cached_codes(wasm_i32x4_extend_low_i16x8(codes), scale, large));
            wasm_v128_store(to + gap, cached_codes(wasm_i32x4_extend_high_i16x8(codes), scale, large));
        }
    }
}

static size_t bytes_of(const struct kv_rows *rows, size_t elements) {
    return rows->q8_0 ? elements / 32 * sizeof(struct block_q8_0) : elements * sizeof(uint16_t);
}

/* Converts elements [from, from + n) of a row. Each four go `gap` floats behind the last four. */
NEVER_INLINE void convert(float *to, size_t gap, const struct kv_rows *rows, size_t row, size_t from, size_t n) {
    const uint8_t *at = rows->at + row * rows->stride + bytes_of(rows, from);
    if (rows->q8_0) {
        convert_q8_0(to, gap, at, n);
    } else {
        convert_f16(to, gap, at, n);
    }
}

/* Reads a byte from each cache line of the rows. Nothing depends on these loads, so all are in flight at once; those
 * of the conversions would be issued a few at a time. See prefetch.h. */
static void fetch(const struct kv_rows *rows, size_t positions, size_t head_dim) {
    const uint8_t *row = rows->at;
    const size_t bytes = bytes_of(rows, head_dim);
    for (size_t t = 0; t < positions; t++, row += rows->stride) {
        for (size_t i = 0; i < bytes; i += 64) {
            (void)*(const volatile uint8_t *)(row + i);
        }
    }
}

/* ---- scores: tiles of 4 keys by 2 queries ---- */

#define KEYS     4u
#define KEY_SPAN 1024u /* elements of head_dim that are converted at a time */

ALWAYS_INLINE void add_products(v128_t *sums, unsigned queries, const float *query, size_t query_stride,
                                const float *keys, size_t n) {
    const float *second = query + query_stride;
    for (size_t i = 0; i < n; i += 4, query += 4, second += 4, keys += 4 * KEYS) {
        const v128_t a = wasm_v128_load(query);
        const v128_t b = queries > 1 ? wasm_v128_load(second) : a;
        UNROLL
        for (unsigned j = 0; j < KEYS; j++) {
            const v128_t key = wasm_v128_load(keys + 4 * j);
            sums[j] = wasm_f32x4_add(sums[j], wasm_f32x4_mul(a, key));
            if (queries > 1) {
                sums[KEYS + j] = wasm_f32x4_add(sums[KEYS + j], wasm_f32x4_mul(b, key));
            }
        }
    }
}

/* (s0 + s1) + (s2 + s3) of the lanes of four vectors. */
ALWAYS_INLINE v128_t sums_across(const v128_t s[4]) {
    const v128_t low =
        wasm_f32x4_add(wasm_i32x4_shuffle(s[0], s[1], 0, 2, 4, 6), wasm_i32x4_shuffle(s[0], s[1], 1, 3, 5, 7));
    const v128_t high =
        wasm_f32x4_add(wasm_i32x4_shuffle(s[2], s[3], 0, 2, 4, 6), wasm_i32x4_shuffle(s[2], s[3], 1, 3, 5, 7));
    return wasm_f32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
}

/* Four keys, to be multiplied by all queries. The scores of the first `count` are stored. */
struct key_tile {
    struct kv_rows keys;
    size_t head_dim;
    size_t first;
    size_t count;
    float factor;
    size_t converted;              /* start of the span that is in `floats` */
    float floats[KEYS * KEY_SPAN]; /* interleaved by fours: elements 4 i to 4 i + 3 of key j are at 16 i + 4 j */
};

static void convert_keys(struct key_tile *tile, size_t from, size_t n) {
    for (size_t j = 0; j < KEYS; j++) {
        const size_t row = tile->first + (j < tile->count ? j : 0);
        convert(tile->floats + 4 * j, 4 * KEYS, &tile->keys, row, from, n);
    }
    tile->converted = from;
}

ALWAYS_INLINE void score_queries(struct key_tile *tile, float *scores, size_t scores_stride, unsigned queries,
                                 const float *query, size_t query_stride) {
    v128_t sums[2 * KEYS];
    for (unsigned j = 0; j < 2 * KEYS; j++) {
        sums[j] = wasm_f32x4_splat(0);
    }
    for (size_t from = 0; from < tile->head_dim; from += KEY_SPAN) {
        const size_t left = tile->head_dim - from;
        const size_t n = left < KEY_SPAN ? left : KEY_SPAN;
        if (tile->converted != from) {
            convert_keys(tile, from, n);
        }
        add_products(sums, queries, query + from, query_stride, tile->floats, n);
    }
    for (unsigned q = 0; q < queries; q++, scores += scores_stride) {
        const v128_t row = wasm_f32x4_mul(sums_across(sums + KEYS * q), wasm_f32x4_splat(tile->factor));
        if (tile->count == KEYS) {
            wasm_v128_store(scores, row);
        } else {
            store_partial(scores, row, tile->count);
        }
    }
}

void attention_scores_simd128(float *scores, size_t scores_stride, const float *query, size_t query_stride,
                              size_t queries, struct kv_rows keys, size_t positions, size_t head_dim, float factor) {
    fetch(&keys, positions, head_dim);
    struct key_tile tile;
    tile.keys = keys;
    tile.head_dim = head_dim;
    tile.factor = factor;
    for (size_t t = 0; t < positions; t += KEYS) {
        const size_t left = positions - t;
        tile.count = left < KEYS ? left : KEYS;
        tile.first = t;
        tile.converted = head_dim; /* none */
        size_t q = 0;
        for (; q + 2 <= queries; q += 2) {
            score_queries(&tile, scores + q * scores_stride + t, scores_stride, 2, query + q * query_stride,
                          query_stride);
        }
        if (q < queries) {
            score_queries(&tile, scores + q * scores_stride + t, scores_stride, 1, query + q * query_stride, 0);
        }
    }
}

/* ---- softmax ---- */

static float maximum_of(const float *x, size_t n) {
    v128_t most = wasm_f32x4_splat(*x);
    for (; n >= 4; n -= 4, x += 4) {
        most = wasm_f32x4_pmax(most, wasm_v128_load(x));
    }
    for (; n; n--, x++) {
        most = wasm_f32x4_pmax(most, wasm_v128_load32_splat(x));
    }
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 1, 0, 3, 2)), 0);
}

/* Replaces x by exp(x - maximum). Returns the sum. */
static double exponentials(float *x, size_t n, float maximum) {
    const v128_t most = wasm_f32x4_splat(maximum);
    v128_t low = wasm_f64x2_splat(0);
    v128_t high = wasm_f64x2_splat(0);
    for (; n >= 4; n -= 4, x += 4) {
        const v128_t e = exp_f32x4(wasm_f32x4_sub(wasm_v128_load(x), most));
        wasm_v128_store(x, e);
        low = wasm_f64x2_add(low, wasm_f64x2_promote_low_f32x4(e));
        high = wasm_f64x2_add(high, wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(e, e, 2, 3, 2, 3)));
    }
    if (n) {
        store_partial(x, exp_f32x4(wasm_f32x4_sub(load_partial(x, n), most)), n);
        const v128_t e = load_partial(x, n);
        low = wasm_f64x2_add(low, wasm_f64x2_promote_low_f32x4(e));
        high = wasm_f64x2_add(high, wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(e, e, 2, 3, 2, 3)));
    }
    return (wasm_f64x2_extract_lane(low, 0) + wasm_f64x2_extract_lane(low, 1)) +
           (wasm_f64x2_extract_lane(high, 0) + wasm_f64x2_extract_lane(high, 1));
}

void attention_softmax_simd128(float *scores, size_t positions) {
    const double sum = exponentials(scores, positions, maximum_of(scores, positions));
    const v128_t inverse = wasm_f32x4_splat((float)(1.0 / sum));
    size_t n = positions;
    for (; n >= 4; n -= 4, scores += 4) {
        wasm_v128_store(scores, f32x4_round_to_f16(wasm_f32x4_mul(wasm_v128_load(scores), inverse)));
    }
    if (n) {
        store_partial(scores, f32x4_round_to_f16(wasm_f32x4_mul(load_partial(scores, n), inverse)), n);
    }
}

/* ---- values: 32 columns of all positions are converted at a time. Tiles are 2 queries by 16 columns, or 1 by 32 ----
 */

#define COLUMNS 32u

/* Adds the values of all positions, times their scores, to `vectors` * 4 columns of out. */
ALWAYS_INLINE void add_values(unsigned queries, unsigned vectors, float *out, size_t out_stride, const float *scores,
                              size_t scores_stride, const float *values, size_t positions) {
    v128_t sums[8];
    for (unsigned q = 0; q < queries; q++) {
        for (unsigned v = 0; v < vectors; v++) {
            sums[q * vectors + v] = wasm_v128_load(out + q * out_stride + 4 * v);
        }
    }
    for (size_t t = 0; t < positions; t++, scores++, values += COLUMNS) {
        UNROLL
        for (unsigned q = 0; q < queries; q++) {
            const v128_t score = wasm_v128_load32_splat(scores + q * scores_stride);
            UNROLL
            for (unsigned v = 0; v < vectors; v++) {
                const v128_t product = wasm_f32x4_mul(score, wasm_v128_load(values + 4 * v));
                sums[q * vectors + v] = wasm_f32x4_add(sums[q * vectors + v], product);
            }
        }
    }
    for (unsigned q = 0; q < queries; q++) {
        for (unsigned v = 0; v < vectors; v++) {
            wasm_v128_store(out + q * out_stride + 4 * v, sums[q * vectors + v]);
        }
    }
}

void attention_values_simd128(float *out, size_t out_stride, const float *scores, size_t scores_stride, size_t queries,
                              struct kv_rows values, size_t positions, size_t head_dim) {
    float floats[KV_TILE * COLUMNS];
    fetch(&values, positions, head_dim);
    for (size_t d = 0; d < head_dim; d += COLUMNS, out += COLUMNS) {
        const size_t columns = head_dim - d < COLUMNS ? head_dim - d : COLUMNS;
        for (size_t t = 0; t < positions; t++) {
            convert(floats + t * COLUMNS, 4, &values, t, d, columns);
        }
        size_t q = 0;
        for (; columns % 16 == 0 && q + 2 <= queries; q += 2) {
            for (size_t c = 0; c < columns; c += 16) {
                add_values(2, 4, out + q * out_stride + c, out_stride, scores + q * scores_stride, scores_stride,
                           floats + c, positions);
            }
        }
        for (; q < queries; q++) {
            if (columns == COLUMNS) {
                add_values(1, 8, out + q * out_stride, 0, scores + q * scores_stride, 0, floats, positions);
                continue;
            }
            for (size_t c = 0; c < columns; c += 8) {
                add_values(1, 2, out + q * out_stride + c, 0, scores + q * scores_stride, 0, floats + c, positions);
            }
        }
    }
}
