/* The reference of quantizing activations is quant/activation.c. */
#include "kernels/variants.h"

void quantize_f32_scalar(uint8_t *row, const float *x, size_t n) { activation_quantize_f32(row, x, n); }

void quantize_q8_0_scalar(uint8_t *row, const float *x, size_t n) { activation_quantize_q8_0(row, x, n); }

void quantize_q8_1_scalar(uint8_t *row, const float *x, size_t n) { activation_quantize_q8_1(row, x, n); }

void quantize_q8_K_scalar(uint8_t *row, const float *x, size_t n) { activation_quantize_q8_K(row, x, n); }
