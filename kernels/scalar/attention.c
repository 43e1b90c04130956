/* The reference of attention: scores, softmax, and the weighted sum of values. */
#include "kernels/exp.h"
#include "kernels/scalar/sums.h"
#include "kernels/variants.h"

/* The float of an f16 of the KV cache. The largest exponent is treated like the others, so the result is finite. */
static float cached(uint16_t f16) {
    const uint32_t bits = (uint32_t)(f16 & 0x8000u) << 16 | (uint32_t)(f16 & 0x7fffu) << 13;
    return f32_from_bits(bits) * 0x1p112f;
}

void attention_scores_scalar(float *scores, size_t scores_stride, const float *query, size_t query_stride,
                             size_t queries, const uint16_t *keys, size_t stride, size_t positions, size_t head_dim,
                             float factor) {
    for (size_t q = 0; q < queries; q++) {
        for (size_t t = 0; t < positions; t++) {
            float sums[4] = {0};
            for (size_t i = 0; i < head_dim; i++) {
                sums[i % 4] += query[q * query_stride + i] * cached(keys[t * stride + i]);
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
                             const uint16_t *values, size_t stride, size_t positions, size_t head_dim) {
    for (size_t q = 0; q < queries; q++) {
        for (size_t t = 0; t < positions; t++) {
            for (size_t d = 0; d < head_dim; d++) {
                out[q * out_stride + d] += scores[q * scores_stride + t] * cached(values[t * stride + d]);
            }
        }
    }
}
