/* One token, or a few, times rows of a K-quant, straight from the file's blocks: four distant rows at a time, a lane
 * each. The variants supply the dot product of a sub-block.
 *
 * No scale passes through memory: that costs a fifth of the speed. */
#ifndef KERNELS_SIMD128_GEMV_KQUANT_H
#define KERNELS_SIMD128_GEMV_KQUANT_H

#include "kernels/kernels.h"
#include "kernels/simd128/dot_form.h"
#include "kernels/simd128/f16_scales.h"
#include "kernels/simd128/gemv_lanes.h"
#include "kernels/simd128/types_kquant.h"

/* The activations of a block: codes, sums of 16 and of 32 codes, and the scale. */
struct kquant_activations {
    const uint8_t *q;
    const uint8_t *sums16;
    const uint8_t *sums32;
    const uint8_t *d;
};

/* Lane k in all lanes. k: a constant. */
ALWAYS_INLINE v128_t splat_lane(v128_t lanes, size_t k) {
    switch (k) {
    case 0:
        return wasm_i32x4_shuffle(lanes, lanes, 0, 0, 0, 0);
    case 1:
        return wasm_i32x4_shuffle(lanes, lanes, 1, 1, 1, 1);
    case 2:
        return wasm_i32x4_shuffle(lanes, lanes, 2, 2, 2, 2);
    default:
        return wasm_i32x4_shuffle(lanes, lanes, 3, 3, 3, 3);
    }
}

/* The low or high four i16 lanes, each twice. */
ALWAYS_INLINE v128_t double_low(v128_t x) { return wasm_i16x8_shuffle(x, x, 0, 0, 1, 1, 2, 2, 3, 3); }
ALWAYS_INLINE v128_t double_high(v128_t x) { return wasm_i16x8_shuffle(x, x, 4, 4, 5, 5, 6, 6, 7, 7); }

/* Adds to sums[r] the products of quarter i of blocks[r] and its activations, for r < rows: 1 or 2 blocks, which share
 * the activations. scales[r]: those of the sub-blocks, doubled, four in each vector. */
ALWAYS_INLINE void add_quarter(const struct kquant_type *type, const struct dot_form *form, v128_t sums[2],
                               const uint8_t *const blocks[2], size_t rows, v128_t scales[2][4], const uint8_t *q,
                               size_t i) {
    const size_t vectors = type->sub_block / 16;
    v128_t codes[2][4];
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        type->unpack_quarter(codes[r], blocks[r], i);
    }
    UNROLL
    for (size_t v = 0; v < 4; v += vectors) {
        struct activations16 activations[2];
        const size_t first = quarter_vector(type->sub_block, i, v);
        UNROLL
        for (size_t j = 0; j < vectors; j++) {
            activations[j] = form->prepare(wasm_v128_load(q + 16 * (first + j)));
        }
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const v128_t scale = splat_lane(scales[r][first / vectors / 4], first / vectors % 4);
            sums[r] = wasm_i32x4_add(sums[r], form->dot_scaled(type->sub_block, codes[r] + v, activations, scale));
        }
    }
    STORED(sums);
}

ALWAYS_INLINE void add_blocks(const struct kquant_type *type, const struct dot_form *form, v128_t sums[2],
                              const uint8_t *const blocks[2], size_t rows, v128_t scales[2][4], const uint8_t *q) {
    add_quarter(type, form, sums, blocks, rows, scales, q, 0);
    add_quarter(type, form, sums, blocks, rows, scales, q, 1);
    add_quarter(type, form, sums, blocks, rows, scales, q, 2);
    add_quarter(type, form, sums, blocks, rows, scales, q, 3);
}

/* isum * (d * the activation's scale) - msum * (dmin * the activation's scale). */
ALWAYS_INLINE v128_t scaled_difference(v128_t isum, v128_t d, v128_t msum, v128_t dmin, v128_t activation_d) {
    return wasm_f32x4_sub(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(isum), wasm_f32x4_mul(d, activation_d)),
                          wasm_f32x4_mul(wasm_f32x4_convert_i32x4(msum), wasm_f32x4_mul(dmin, activation_d)));
}

/* ---- Q4_K and Q5_K: d, dmin and twelve bytes of scales and minimums start the block ---- */

/* The headers of four blocks, a lane each. */
struct packed_headers {
    v128_t d;                          /* f16: d and dmin */
    v128_t scales03, scales47;         /* bytes */
    v128_t min02, min13, min46, min57; /* pairs of i16 */
};

ALWAYS_INLINE struct packed_headers packed_headers(const uint8_t *const at[4]) {
    v128_t words[4];
    transpose(words, wasm_v128_load(at[0]), wasm_v128_load(at[1]), wasm_v128_load(at[2]), wasm_v128_load(at[3]));
    const v128_t six_bits = splat8(63);
    const v128_t nibble = splat8(15);
    const v128_t top = splat8(48);
    const v128_t byte = splat16(0xff);
    const v128_t min03 = wasm_v128_and(words[2], six_bits);
    const v128_t min47 = wasm_v128_or(wasm_v128_and(wasm_u16x8_shr(words[3], 4), nibble),
                                      wasm_v128_and(wasm_u16x8_shr(words[2], 2), top));
    return (struct packed_headers){
        .d = words[0],
        .scales03 = wasm_v128_and(words[1], six_bits),
        .scales47 = wasm_v128_or(wasm_v128_and(words[3], nibble), wasm_v128_and(wasm_u16x8_shr(words[1], 2), top)),
        .min02 = wasm_v128_and(min03, byte),
        .min13 = wasm_u16x8_shr(min03, 8),
        .min46 = wasm_v128_and(min47, byte),
        .min57 = wasm_u16x8_shr(min47, 8),
    };
}

/* Lane k: the sum of block k's minimums times the sums of 32 activations. */
ALWAYS_INLINE v128_t packed_minimums(const struct packed_headers *h, const uint8_t *sums32) {
    const v128_t s = wasm_v128_load(sums32);
    const v128_t pairs = wasm_i16x8_shuffle(s, s, 0, 2, 1, 3, 4, 6, 5, 7);
    return wasm_i32x4_add(wasm_i32x4_add(wasm_i32x4_dot_i16x8(h->min02, splat_lane(pairs, 0)),
                                         wasm_i32x4_dot_i16x8(h->min13, splat_lane(pairs, 1))),
                          wasm_i32x4_add(wasm_i32x4_dot_i16x8(h->min46, splat_lane(pairs, 2)),
                                         wasm_i32x4_dot_i16x8(h->min57, splat_lane(pairs, 3))));
}

ALWAYS_INLINE v128_t packed_products(const struct kquant_type *type, const struct dot_form *form,
                                     const uint8_t *const at[4], const struct kquant_activations *a) {
    const struct packed_headers h = packed_headers(at);
    const v128_t msum = packed_minimums(&h, a->sums32);
    v128_t isums[4];
    UNROLL
    for (size_t pair = 0; pair < 2; pair++) {
        const v128_t first = pair ? wasm_u16x8_extend_high_u8x16(h.scales03) : wasm_u16x8_extend_low_u8x16(h.scales03);
        const v128_t second = pair ? wasm_u16x8_extend_high_u8x16(h.scales47) : wasm_u16x8_extend_low_u8x16(h.scales47);
        v128_t scales[2][4] = {{double_low(first), double_low(second)}, {double_high(first), double_high(second)}};
        v128_t sums[2] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
        add_blocks(type, form, sums, at + 2 * pair, 2, scales, opaque(a->q));
        isums[2 * pair] = sums[0];
        isums[2 * pair + 1] = sums[1];
    }
    const v128_t da = wasm_v128_load32_splat(a->d);
    v128_t d;
    v128_t dmin;
    widen_any_f16_pairs(&d, &dmin, h.d);
    return scaled_difference(add_across_i32(isums), d, msum, dmin, da);
}

/* ---- Q2_K, Q3_K and Q6_K: sub-blocks of 16, each block by itself ---- */

/* Sets *isums and, unless the type is exact, *msums: i32x4 whose lanes add up to the block's sums. */
ALWAYS_INLINE void add_block_of_16(const struct kquant_type *type, const struct dot_form *form, v128_t *isums,
                                   v128_t *msums, const uint8_t *block, const uint8_t *q, const uint8_t *sums16) {
    struct kquant_scales unpacked;
    type->unpack_scales(&unpacked, block);
    const v128_t low = wasm_v128_load(unpacked.scale);
    const v128_t high = wasm_v128_load(unpacked.scale + 8);
    v128_t scales[1][4] = {{double_low(low), double_high(low), double_low(high), double_high(high)}};
    *msums = wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(unpacked.minimum), wasm_v128_load(sums16)),
                            wasm_i32x4_dot_i16x8(wasm_v128_load(unpacked.minimum + 8), wasm_v128_load(sums16 + 16)));
    v128_t sum[1] = {type->exact ? wasm_i32x4_neg(*msums) : wasm_i32x4_splat(0)};
    add_blocks(type, form, sum, &block, 1, scales, q);
    *isums = sum[0];
}

ALWAYS_INLINE v128_t products_of_16(const struct kquant_type *type, const struct dot_form *form,
                                    const uint8_t *const at[4], const struct kquant_activations *a) {
    v128_t isums[4];
    v128_t msums[4];
    KEEP_LOOP
    for (size_t k = 0; k < 4; k++) {
        add_block_of_16(type, form, &isums[k], &msums[k], at[k], opaque(a->q), a->sums16);
    }
    const v128_t da = wasm_v128_load32_splat(a->d);
    v128_t d;
    v128_t dmin;
    widen_any_f16_pairs(&d, &dmin, load_word_of_rows(at, type->d_offset));
    const v128_t isum = wasm_f32x4_convert_i32x4(add_across_i32(isums));
    if (type->exact) {
        return wasm_f32x4_mul(isum, wasm_f32x4_mul(dmin, da));
    }
    return wasm_f32x4_sub(wasm_f32x4_mul(isum, wasm_f32x4_mul(d, da)),
                          wasm_f32x4_mul(wasm_f32x4_convert_i32x4(add_across_i32(msums)), wasm_f32x4_mul(dmin, da)));
}

ALWAYS_INLINE v128_t kquant_products(const struct kquant_type *type, const struct dot_form *form,
                                     const uint8_t *const at[4], const struct kquant_activations *a) {
    return type->sub_block == 32 ? packed_products(type, form, at, a) : products_of_16(type, form, at, a);
}

/* ---- a few tokens: the codes of a quarter are unpacked once for all of them ---- */

/* A loop over the tokens keeps the code small, and its sums pass through memory: about a fifth slower than unrolled
 * for four tokens, where V8 runs out of registers. */

/* i32x4 whose lanes add up to the sums of a block of four rows, for each token. The number of tokens is even. */
struct few_sums {
    v128_t isums[FEW_TOKENS][4];
    v128_t msums[FEW_TOKENS][4]; /* of Q2_K */
};

/* The scales of a block's sub-blocks, each twice, so that 32 bits of them can be splatted. They pass through memory,
 * which costs little for several tokens. */
struct doubled_scales {
    int16_t of[16][2];
};

/* Adds to isum[0] the products of a quarter, whose codes and doubled scales are given, and the activations at q. */
ALWAYS_INLINE void add_few_quarter(size_t sub_block, const struct dot_form *form, v128_t *isum, const v128_t codes[4],
                                   const v128_t scales[4], const uint8_t *q) {
    const size_t vectors = sub_block / 16;
    const size_t step = quarter_vector(sub_block, 0, 1);
    v128_t sum = isum[0];
    UNROLL
    for (size_t v = 0; v < 4; v += vectors) {
        const struct activations16 activations[2] = {form->prepare(wasm_v128_load(q + 16 * step * v)),
                                                     form->prepare(wasm_v128_load(q + 16 * (step * v | 1)))};
        sum = wasm_i32x4_add(sum, form->dot_scaled(sub_block, codes + v, activations, scales[v]));
    }
    isum[0] = sum;
}

/* Adds the products of a block and each token to isums[t][0]. q: the first token's activations. */
ALWAYS_INLINE void add_few_block(const struct kquant_type *type, const struct dot_form *form, v128_t (*isums)[4],
                                 const uint8_t *block, const struct doubled_scales *doubled, const uint8_t *q,
                                 size_t apart, size_t tokens) {
    const size_t vectors = type->sub_block / 16;
    const size_t step = quarter_vector(type->sub_block, 0, 1);
    KEEP_LOOP
    for (size_t i = 0; i < 4; i++) {
        const size_t first = quarter_vector(type->sub_block, i, 0);
        const uint8_t *at = q + 16 * first;
        v128_t codes[4];
        v128_t scales[4];
        type->unpack_quarter(codes, block, i);
        UNROLL
        for (size_t v = 0; v < 4; v += vectors) {
            scales[v] = wasm_v128_load32_splat(doubled->of[(first + step * v) / vectors]);
        }
        KEEP_LOOP
        for (size_t t = 0; t < tokens; t += 2) {
            add_few_quarter(type->sub_block, form, isums[t], codes, scales, at);
            add_few_quarter(type->sub_block, form, isums[t + 1], codes, scales, at + apart);
            at += 2 * apart;
        }
    }
}

/* Adds the products of a block of four rows to sums[t]: Q4_K and Q5_K. */
ALWAYS_INLINE void add_few_packed(const struct kquant_type *type, const struct dot_form *form, v128_t sums[FEW_TOKENS],
                                  const uint8_t *const at[4], struct kquant_activations a, size_t apart,
                                  size_t tokens) {
    const struct packed_headers h = packed_headers(at);
    struct few_sums block;
    struct doubled_scales doubled[4];
    v128_t d;
    v128_t dmin;
    UNROLL
    for (size_t pair = 0; pair < 2; pair++) {
        const v128_t first = pair ? wasm_u16x8_extend_high_u8x16(h.scales03) : wasm_u16x8_extend_low_u8x16(h.scales03);
        const v128_t second = pair ? wasm_u16x8_extend_high_u8x16(h.scales47) : wasm_u16x8_extend_low_u8x16(h.scales47);
        wasm_v128_store(doubled[2 * pair].of[0], double_low(first));
        wasm_v128_store(doubled[2 * pair].of[4], double_low(second));
        wasm_v128_store(doubled[2 * pair + 1].of[0], double_high(first));
        wasm_v128_store(doubled[2 * pair + 1].of[4], double_high(second));
    }
    KEEP_LOOP
    for (size_t k = 0; k < 4; k++) {
        v128_t(*isums)[4] = (v128_t(*)[4]) & block.isums[0][k];
        for (size_t t = 0; t < tokens; t++) {
            isums[t][0] = wasm_i32x4_splat(0);
        }
        add_few_block(type, form, isums, at[k], &doubled[k], a.q, apart, tokens);
    }
    widen_any_f16_pairs(&d, &dmin, h.d);
    KEEP_LOOP
    for (size_t t = 0; t < tokens; t++) {
        const v128_t msum = packed_minimums(&h, a.sums32);
        const v128_t da = wasm_v128_load32_splat(a.d);
        const v128_t isum = add_across_i32(block.isums[t]);
        sums[t] = wasm_f32x4_add(sums[t], scaled_difference(isum, d, msum, dmin, da));
        a.d += apart;
        a.sums32 += apart;
    }
}

/* Starts the sums of row k: isums at minus the sums of the offset if the type is exact, else at 0, with msums beside.
 */
ALWAYS_INLINE void start_few_block(const struct kquant_type *type, struct few_sums *sums, size_t k,
                                   const int16_t minimum[16], const uint8_t *s, size_t apart, size_t tokens) {
    const v128_t low = wasm_v128_load(minimum);
    const v128_t high = wasm_v128_load(minimum + 8);
    KEEP_LOOP
    for (size_t t = 0; t < tokens; t++, s += apart) {
        const v128_t msums = wasm_i32x4_add(wasm_i32x4_dot_i16x8(low, wasm_v128_load(s)),
                                            wasm_i32x4_dot_i16x8(high, wasm_v128_load(s + 16)));
        if (type->exact) {
            sums->isums[t][k] = wasm_i32x4_neg(msums);
        } else {
            sums->isums[t][k] = wasm_i32x4_splat(0);
            sums->msums[t][k] = msums;
        }
    }
}

/* Adds the products of a block of four rows to sums[t]: types with sub-blocks of 16. */
ALWAYS_INLINE void add_few_of_16(const struct kquant_type *type, const struct dot_form *form, v128_t sums[FEW_TOKENS],
                                 const uint8_t *const at[4], struct kquant_activations a, size_t apart, size_t tokens) {
    struct few_sums block;
    v128_t d;
    v128_t dmin;
    KEEP_LOOP
    for (size_t k = 0; k < 4; k++) {
        struct kquant_scales unpacked;
        struct doubled_scales doubled;
        type->unpack_scales(&unpacked, at[k]);
        UNROLL
        for (size_t i = 0; i < 2; i++) {
            const v128_t each = wasm_v128_load(unpacked.scale + 8 * i);
            wasm_v128_store(doubled.of[8 * i], double_low(each));
            wasm_v128_store(doubled.of[8 * i + 4], double_high(each));
        }
        start_few_block(type, &block, k, unpacked.minimum, a.sums16, apart, tokens);
        add_few_block(type, form, (v128_t(*)[4]) & block.isums[0][k], at[k], &doubled, a.q, apart, tokens);
    }
    widen_any_f16_pairs(&d, &dmin, load_word_of_rows(at, type->d_offset));
    KEEP_LOOP
    for (size_t t = 0; t < tokens; t++, a.d += apart) {
        const v128_t da = wasm_v128_load32_splat(a.d);
        const v128_t isum = wasm_f32x4_convert_i32x4(add_across_i32(block.isums[t]));
        v128_t products = wasm_f32x4_mul(isum, wasm_f32x4_mul(type->exact ? dmin : d, da));
        if (!type->exact) {
            const v128_t msum = wasm_f32x4_convert_i32x4(add_across_i32(block.msums[t]));
            products = wasm_f32x4_sub(products, wasm_f32x4_mul(msum, wasm_f32x4_mul(dmin, da)));
        }
        sums[t] = wasm_f32x4_add(sums[t], products);
    }
}

/* ---- the loop ---- */

ALWAYS_INLINE struct kquant_activations kquant_activations(const struct gemv_args *args, size_t token) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, args->n);
    const uint8_t *row = args->activations + token * args->activation_bytes;
    return (struct kquant_activations){
        .q = row, .sums16 = row + layout.sums, .sums32 = row + layout.sums_of_32, .d = row + layout.scales};
}

ALWAYS_INLINE void next_block(struct kquant_activations *a) {
    a->q += 256;
    a->sums16 += 32;
    a->sums32 += 16;
    a->d += 4;
}

/* A turn for one token: its activation is a. */
ALWAYS_INLINE void kquant_turn(const struct kquant_type *type, const struct dot_form *form, struct gemv_turns *turns,
                               size_t turn, struct kquant_activations a, size_t token) {
    const uint8_t *at[4];
    v128_t sum = wasm_f32x4_splat(0.0f);
    rows_of_turn(at, turns, turn);
    KEEP_LOOP
    for (size_t left = turns->n / 256; left; left--) {
        UNROLL
        for (size_t k = 0; k < 4; k++) {
            at[k] = opaque(at[k]);
        }
        load_ahead(turns, at, type->block_bytes);
        sum = wasm_f32x4_add(sum, kquant_products(type, form, at, &a));
        advance_rows(at, type->block_bytes);
        next_block(&a);
    }
    store_turn(turns, turn, token, sum);
}

/* A turn for a few tokens. */
ALWAYS_INLINE void kquant_few_turn(const struct kquant_type *type, const struct dot_form *form,
                                   struct gemv_turns *turns, size_t turn, struct kquant_activations a, size_t apart,
                                   size_t tokens) {
    const uint8_t *at[4];
    v128_t sums[FEW_TOKENS];
    rows_of_turn(at, turns, turn);
    for (size_t t = 0; t < tokens; t++) {
        sums[t] = wasm_f32x4_splat(0.0f);
    }
    KEEP_LOOP
    for (size_t left = turns->n / 256; left; left--) {
        if (type->sub_block == 32) {
            add_few_packed(type, form, sums, at, a, apart, tokens);
        } else {
            add_few_of_16(type, form, sums, at, a, apart, tokens);
        }
        advance_rows(at, type->block_bytes);
        next_block(&a);
    }
    for (size_t t = 0; t < tokens; t++) {
        store_turn(turns, turn, t, sums[t]);
    }
}

/* most: the most tokens at once; with 1, the code for several is left out. */
ALWAYS_INLINE void gemv_kquant(const struct kquant_type *type, const struct dot_form *form, size_t most,
                               const struct gemv_args *given) {
    const struct gemv_args args = *given; /* a copy stays in registers, because stores to out cannot change it */
    struct gemv_turns turns = gemv_turns(&args);
    for (size_t turn = 0; turn < turns.apart; turn++) {
        size_t token = 0;
        if (most > 1 && args.tokens > 1) {
            token = args.tokens / 2 * 2;
            kquant_few_turn(type, form, &turns, turn, kquant_activations(&args, 0), args.activation_bytes, token);
        }
        if (token < args.tokens) {
            kquant_turn(type, form, &turns, turn, kquant_activations(&args, token), token);
        }
    }
    gemv_end(&turns);
}

#endif
