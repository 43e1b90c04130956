/* The inner loops: what each kernel computes, which is the same for every variant.
 *
 * kernels/scalar/ is the reference: plain C, which defines the order of every float operation. kernels/simd128/ and
 * kernels/relaxed/ give the same bits faster, and the kernel check (tests/kernels) compares them by memcmp. kernels.inc
 * lists the kernels; dispatch, check and benchmark are made from it.
 *
 * Order of a quantized dot product: the integer sum of a block is exact (32 weights; 256 for super-blocks, with the
 * scales of sub-blocks multiplied in as integers). Then one multiplication by (weight scale * activation scale) and one
 * addition to the row's sum, block after block in ascending order. kernels/scalar/ defines it for each type.
 *
 * Order of a sum of floats: four partial sums, element i in sum i % 4, ascending; at the end (s0 + s1) + (s2 + s3).
 *
 * Relaxed instructions are used only where the specification allows a single result, never relaxed_madd.
 *
 * Pointers to bytes may be unaligned unless a comment says otherwise; other pointers have the alignment of their type.
 * Kernels read and write only the elements that their comments name. If a result is a NaN, its sign and payload are
 * unspecified. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quant/activation.h"
#include "quant/decode.h"
#include "quant/types.h"

/* ---- matrix products ---- */

/* The order in which a gemv reads the weights. Results do not depend on it; the speed does, by how well the processor's
 * prefetchers follow. */
enum gemv_order {
    GEMV_DISTANT,          /* a block each of four rows that lie far apart */
    GEMV_DISTANT_PREFETCH, /* the same, and each row is also loaded a few hundred bytes ahead */
    GEMV_ORDERS
};

#define FEW_TOKENS 8

/* One token, or a few, times a matrix: out[t * out_stride + r] = dot(row r of w, activation t) for t < tokens and
 * r < rows. Weights are read straight from the blocks of the file, once for all tokens. */
struct gemv_args {
    float *out;                 /* (tokens, out_stride), of which the first `rows` columns are written */
    size_t out_stride;          /* floats from one token's results to the next */
    const uint8_t *w;           /* rows of blocks, row_bytes apart; any alignment */
    size_t row_bytes;           /* bytes from one row of w to the next */
    size_t rows;                /* at least 1 */
    const uint8_t *activations; /* (tokens) rows of the type's activation kind; 16-byte aligned */
    size_t activation_bytes;    /* bytes from one activation to the next: a multiple of 16 */
    size_t tokens;              /* 1 to the kernels' gemv_tokens */
    size_t n;                   /* weights per row: a multiple of the type's block */
    enum gemv_order order;
};
typedef void gemv_fn(const struct gemv_args *args);

/* Many tokens times a matrix: a panel of up to PANEL_ROWS rows is unpacked once, in a layout that is private to the
 * variant, and multiplied by every token. */
#define PANEL_ROWS 8

/* Unpacks rows of w into a panel. */
struct panel_args {
    uint8_t *panel;   /* panel_bytes(type, n); 64-byte aligned */
    const uint8_t *w; /* rows of blocks, row_bytes apart; any alignment */
    size_t row_bytes; /* bytes from one row of w to the next */
    size_t rows;      /* 1 to PANEL_ROWS */
    size_t n;         /* weights per row: a multiple of the type's block */
};
typedef void unpack_panel_fn(const struct panel_args *args);

/* out[t * out_stride + r] = dot(row r of the panel, activation t) for t < tokens, r < rows: the same bits as gemv. */
struct gemm_args {
    float *out;                 /* (tokens, out_stride), of which the first `rows` columns are written */
    size_t out_stride;          /* floats from one token's results to the next */
    const uint8_t *panel;       /* unpacked by the same variant, from the same rows and n; 64-byte aligned */
    size_t rows;                /* 1 to PANEL_ROWS */
    const uint8_t *activations; /* (tokens) rows of the type's activation kind; 16-byte aligned */
    size_t activation_bytes;    /* bytes from one activation to the next: a multiple of 16 */
    size_t tokens;              /* any number */
    size_t n;                   /* weights per row: a multiple of the type's block */
};
typedef void gemm_fn(const struct gemm_args *args);

/* The matrix products of one weight type in one variant. */
struct weight_kernels {
    enum activation_kind activation;
    uint32_t panel_block_bytes; /* bytes of a panel for each block of a row */
    uint32_t gemv_tokens;       /* the most tokens that gemv takes at once, at most FEW_TOKENS */
    gemv_fn *gemv;
    unpack_panel_fn *unpack_panel;
    gemm_fn *gemm;
};
/* The kernels that this build uses for a weight type. Null if `type` is not the number of a type that holds weights. */
const struct weight_kernels *weight_kernels(uint32_t type);
/* The decoder of the type (quant/decode.h). Null in the same cases. */
decode_fn *weight_decoder(uint32_t type);
/* Bytes of a panel for rows of n weights of the type, which must have kernels: a multiple of 64. */
size_t panel_bytes(uint32_t type, size_t n);

/* Quantizes a row of n activations: see quant/activation.h. */
typedef void quantize_fn(uint8_t *row, const float *x, size_t n);

/* ---- vectors ---- */

/* out[i] = x[i] * factor * weight[i], factor = 1 / sqrt(mean(x^2) + epsilon). weight may be null, which stands for
 * ones. out may be x. The factor is computed in double and rounded to float once. The squares are summed in eight
 * partial sums, element i in sum i % 8, which are added as ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)). */
typedef void rmsnorm_fn(float *out, const float *x, const float *weight, size_t n, float epsilon);
/* out[i] = (x[i] - mean(x)) * factor * weight[i] + bias[i], factor = 1 / sqrt(mean((x - mean)^2) + epsilon). bias may
 * be null, which stands for zeros. out may be x. Mean and factor are computed in double, in eight partial sums as
 * above, and rounded to float once; the differences are floats. */
typedef void layernorm_fn(float *out, const float *x, const float *weight, const float *bias, size_t n, float epsilon);
/* out[i] = a[i] + b[i]. out may be a. */
typedef void add_fn(float *out, const float *a, const float *b, size_t n);
/* x[i] *= factor */
typedef void scale_fn(float *x, float factor, size_t n);
/* out[i] = act(gate[i]) * up[i]. out may be gate or up.
 *
 * swiglu: act is silu(x) = x / (1 + exp(-x)).
 *
 * geglu: act is gelu in its tanh form, x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3))). Like the entries of llama.cpp's
 * table, x and the result are rounded to f16. The result is 0 for x <= -10 and x for x >= 10.
 *
 * glu: act is the sigmoid, out[i] = up[i] / (1 + exp(-gate[i])). */
typedef void gate_fn(float *out, const float *gate, const float *up, size_t n);
/* out[i] = act(x[i]), with gelu or silu as above. out may be x. */
typedef void act_fn(float *out, const float *x, size_t n);
/* x[i] = cap * tanh(x[i] / cap), where |tanh| is (1 - e) / (1 + e) with e = exp(-2 |x / cap|). */
typedef void softcap_fn(float *x, float cap, size_t n);
/* Rotates `pairs` pairs of x by the given angles: (a, b) becomes (a cos - b sin, a sin + b cos). Pair i is elements 2i
 * and 2i + 1 for rope_norm, and i and i + pairs for rope_neox. cosines, sines: (pairs). */
typedef void rope_fn(float *x, const float *cosines, const float *sines, size_t pairs);
/* n values, rounded to the nearest, ties to even. */
typedef void f32_to_f16_fn(uint16_t *out, const float *x, size_t n);
/* n values. */
typedef void f16_to_f32_fn(float *out, const uint16_t *x, size_t n);

/* ---- recurrences: rows of n floats of state, n a multiple of 4 ---- */

/* One token: state[r][i] = state[r][i] * decay + b[i] * x[r] for r < rows, then out[r] = dot(state[r], c), in four
 * partial sums as above. out may be x. */
typedef void scan_fn(float *out, float *state, size_t rows, size_t n, float decay, const float *b, const float *x,
                     const float *c);
/* The same, but each element of state decays by exp(step[r] * a[r][i]). */
typedef void scan_each_fn(float *out, float *state, size_t rows, size_t n, const float *step, const float *a,
                          const float *b, const float *x, const float *c);
/* One token of a gated delta net: state[r][i] *= decay; state[r][i] += k[i] * ((v[r] - dot(state[r], k)) * beta); then
 * out[r] = dot(state[r], q). Dot products in four partial sums as above. out may be v. */
typedef void delta_fn(float *out, float *state, size_t rows, size_t n, float decay, float beta, const float *k,
                      const float *v, const float *q);

/* ---- attention, over up to KV_TILE positions of one KV head ---- */

#define KV_TILE 64

/* Keys or values in the KV cache. A row is a position: head_dim f16, or head_dim / 32 q8_0 blocks, whose values are
 * code times scale, rounded to 11 significant bits like an f16. All are finite: an f16 with the largest exponent is
 * (1 + m / 1024) 2^16, where m is its mantissa. */
struct kv_rows {
    const uint8_t *at; /* the first row, at an even address */
    size_t stride;     /* bytes from one row to the next, even */
    bool q8_0;
};
/* scores[q * scores_stride + t] = dot(query q, key t) * factor for q < queries, t < positions. Query q starts at
 * query + q * query_stride. head_dim: a multiple of 8, for q8_0 of 32. */
typedef void attention_scores_fn(float *scores, size_t scores_stride, const float *query, size_t query_stride,
                                 size_t queries, struct kv_rows keys, size_t positions, size_t head_dim, float factor);
/* Softmax over all positions of a query (at least 1), each weight rounded to f16 as llama.cpp does before the product
 * with the values: e[i] = exp(scores[i] - maximum), scores[i] = f16(e[i] * (1 / sum of e)). The sum and its inverse are
 * in double, in four partial sums as above. */
typedef void attention_softmax_fn(float *scores, size_t positions);
/* out[q * out_stride + d] += scores[q * scores_stride + t] * values[t][d], one product after the other, t ascending.
 * head_dim: a multiple of 8, for q8_0 of 32. */
typedef void attention_values_fn(float *out, size_t out_stride, const float *scores, size_t scores_stride,
                                 size_t queries, struct kv_rows values, size_t positions, size_t head_dim);

/* ---- the registry ---- */

#define KERNEL(kind, name, best) kind##_fn *name;
#define WEIGHT(type, name, best)
struct kernels {
#include "kernels/kernels.inc"
};
#undef KERNEL
#undef WEIGHT

/* The variants that this build uses. */
extern const struct kernels kernels;

#endif
