/* The reference of attention: scores, softmax, and the weighted sum of values. */
#include "kernels/exp.h"
#include "kernels/scalar/sums.h"
#include "kernels/variants.h"
#include "quant/blocks.h"

/* An f16 as a float. The largest exponent is treated like the others, so the result is finite. */
static float finite_f16(const uint8_t *at) {
    const uint32_t f16 = at[0] | (uint32_t)at[1] << 8;
    return f32_from_bits((f16 & 0x8000u) << 16 | (f16 & 0x7fffu) << 13) * 0x1p112f;
}

/* Rounds to 11 significant bits, ties to even, a product of an f16 and an integer of 8 bits. (As a float has 24 bits,
 * x + 2^13 x has no more than the first 11 of x.) */
static float round_11_bits(float x) { return (x + 0x1p13f * x) - 0x1p13f * x; }

/* Element i of a row of the KV cache. */
static float cached(struct kv_rows rows, size_t row, size_t i) {
    const uint8_t *at = rows.at + row * rows.stride;
    if (!rows.q8_0) {
        return finite_f16(at + 2 * i);
    }
    const struct block_q8_0 *block = (const struct block_q8_0 *)at + i / 32;
    return round_11_bits((float)block->qs[i % 32] * finite_f16((const uint8_t *)&block->d));
}

void attention_scores_scalar(float *scores, size_t scores_stride, const float *query, size_t query_stride,
                             size_t queries, struct kv_rows keys, size_t positions, size_t head_dim, float factor) {
    for (size_t q = 0; q < queries; q++) {
        for (size_t t = 0; t < positions; t++) {
            float sums[4] = {0};
            for (size_t i = 0; i < head_dim; i++) {
                sums[i % 4] += query[q * query_stride + i] * cached(keys, t, i);
            }
            scores[q * scores_stride + t] = sum_of_4(sums) * factor;
        }
    }
}

void attention_softmax_scalar(float *scores, size_t positions) {
    float maximum = scores[0];
    for (size_t t = 1; t < positions; t++) {
        maximum = scores[t] > maximum ? scores[t] : maximum;
    }
    double sums[4] = {0};
    for (size_t t = 0; t < positions; t++) {
        scores[t] = exp_f32(scores[t] - maximum);
        sums[t % 4] += (double)scores[t];
    }
    const float inverse = (float)(1.0 / sum_of_4_double(sums));
    for (size_t t = 0; t < positions; t++) {
        scores[t] = f16_to_f32(f32_to_f16(scores[t] * inverse));
    }
}

void attention_values_scalar(float *out, size_t out_stride, const float *scores, size_t scores_stride, size_t queries,
                             struct kv_rows values, size_t positions, size_t head_dim) {
    for (size_t q = 0; q < queries; q++) {
        for (size_t t = 0; t < positions; t++) {
            for (size_t d = 0; d < head_dim; d++) {
                out[q * out_stride + d] += scores[q * scores_stride + t] * cached(values, t, d);
            }
        }
    }
}
