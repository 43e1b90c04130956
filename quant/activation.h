/* Quantized activations: a row of floats in the form that the dot product of a weight type takes.
 *
 * The values are those of llama.cpp's reference quantizers (quantize_row_q8_0_ref, q8_1, q8_K). The layout is our own:
 * all codes of a row come first and its scales follow as floats, so that a kernel reads both as streams.
 *
 *   kind   codes      scales           sums
 *   F32    float[n]   -                -
 *   Q8_0   int8[n]    float d[n/32]    int32 sum[n/32]: sum of the block's codes
 *   Q8_1   int8[n]    float d[n/32]    float s[n/32]: d times the sum of the block's codes
 *   Q8_K   int8[n]    float d[n/256]   int16 sum[n/16]: sums of 16 codes; then int16 sum[n/32]: sums of 32 codes
 *
 * d of Q8_0 and Q8_1, and s, are rounded to f16 and back, because llama.cpp stores them as f16. */
#ifndef QUANT_ACTIVATION_H
#define QUANT_ACTIVATION_H

#include <stddef.h>
#include <stdint.h>

enum activation_kind { ACTIVATION_F32, ACTIVATION_Q8_0, ACTIVATION_Q8_1, ACTIVATION_Q8_K };

/* Byte offsets within a quantized row, all multiples of 16. The codes start at 0. */
struct activation_layout {
    size_t scales;
    size_t sums;
    size_t sums_of_32; /* of Q8_K: the second array of sums */
    size_t bytes;      /* size of the row */
};
/* n: values in the row; a multiple of 32, for Q8_K of 256. */
struct activation_layout activation_layout(enum activation_kind kind, size_t n);
/* Distance in bytes between consecutive rows: the size of a row, rounded up to a multiple of 64. */
static inline size_t activation_row_bytes(enum activation_kind kind, size_t n) {
    return (activation_layout(kind, n).bytes + 63) & ~(size_t)63;
}

/* Quantize one row.
 *   row: 16-byte aligned; padding bytes between codes, scales and sums are not written
 *   x: (n)
 *   n: as for activation_layout
 *
 * These functions are the reference for the quantize_* kernels, which must give the same bits. For each block:
 *   Q8_0, Q8_1  largest = max |x|; d = largest / 127; id = 1 / d; code = round(x * id), ties away from zero;
 *               s = f16(float(sum of codes) * d), with d before it is rounded to f16
 *   Q8_K        largest = the first x with the largest |x|; id = -127 / largest; code = round(id * x), ties to even;
 *               d = 1 / id
 * Special values: the search for the largest skips NaNs. If id is not finite (all x are zero or too small to scale), id
 * is 0, and d of Q8_K is 0. A code or s that would be NaN is 0.
 * It follows that |code| <= 127. A block with an infinite input has codes 0 and an infinite d. d of Q8_0 and Q8_1 is
 * also infinite if max |x| exceeds 65519 * 127. */
void activation_quantize_f32(uint8_t *row, const float *x, size_t n);
void activation_quantize_q8_0(uint8_t *row, const float *x, size_t n);
void activation_quantize_q8_1(uint8_t *row, const float *x, size_t n);
void activation_quantize_q8_K(uint8_t *row, const float *x, size_t n);

#endif
