/* Quantised activations: one row of floats made into the form that a weight type's dot product wants.
 * The values are those of llama.cpp's reference quantisers (quantize_row_q8_0_ref, q8_1, q8_K); the layout is ours:
 * a row's quants lie together and its scales follow as floats, so that a kernel streams both.
 *
 *   kind      quants      scales                      sums
 *   F32       float[n]    -                           -
 *   Q8_0      int8[n]     float d[n/32]               int32 sum[n/32], of the block's quants
 *   Q8_1      int8[n]     float d[n/32]               float s[n/32], d times the block's sum
 *   Q8_K      int8[n]     float d[n/256]              int16 sum[n/16], of each 16 quants, and
 *                                                     int16 sum[n/32], of each 32
 *
 * d of Q8_0 and Q8_1 and s have been rounded to f16 and back, as llama.cpp stores them. */
#ifndef QUANT_ACTIVATION_H
#define QUANT_ACTIVATION_H

#include <stddef.h>
#include <stdint.h>

enum activation_kind { ACTIVATION_F32, ACTIVATION_Q8_0, ACTIVATION_Q8_1, ACTIVATION_Q8_K };

/* Where the scales and the sums of a row start, and how many bytes it takes: multiples of 16. */
struct activation_layout {
    size_t scales;
    size_t sums;
    size_t sums_of_32; /* of Q8_K, behind those of 16 */
    size_t bytes;
};
/* n: a multiple of 32, and of 256 for Q8_K. */
struct activation_layout activation_layout(enum activation_kind kind, size_t n);
/* Bytes from one row to the next where there are several: a multiple of 64. */
static inline size_t activation_row_bytes(enum activation_kind kind, size_t n) {
    return (activation_layout(kind, n).bytes + 63) & ~(size_t)63;
}

/* The steps, as every faster form must take them (x: the block's floats, || a magnitude):
 *   Q8_0, Q8_1  largest = max |x|; d = largest / 127; id = 1 / d; q = round(x * id), half away from zero;
 *               s = f16(float(sum of q) * d), with d not yet rounded to f16
 *   Q8_K        largest = the first x of the largest |x|; id = -127 / largest; q = round(id * x), half to even;
 *               d = 1 / id
 * Rules for what has no value: a NaN is passed over in the search for the largest; an id that is not finite (the
 * block is zero, or too small to scale) counts as 0, for Q8_K with d = 0; a product that is NaN gives q = 0 or s = 0.
 * So |q| <= 127 always; where an input is infinite, all quants are 0 and d is infinite, and where |x| passes
 * 65519 * 127 the d of Q8_0 and Q8_1 is.
 *
 * `row` is 16-byte aligned; `x` need not be aligned beyond a float. Bytes of padding between the parts are not
 * written. The scalar form; kernels/ holds faster ones. */
void activation_quantize_f32(uint8_t *row, const float *x, size_t n);
void activation_quantize_q8_0(uint8_t *row, const float *x, size_t n);
void activation_quantize_q8_1(uint8_t *row, const float *x, size_t n);
void activation_quantize_q8_K(uint8_t *row, const float *x, size_t n);

#endif
