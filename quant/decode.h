/* The decoders: each turns the blocks of one tensor type into floats, and is the definition of that type.
 *
 * Every code has a value, so a decoder accepts any bytes. The float operations and their order are those of llama.cpp
 * (dequantize_row_* in ggml-quants.c), so the floats are equal to the last bit. */
#ifndef QUANT_DECODE_H
#define QUANT_DECODE_H

#include "quant/types.h"

/* Decodes n weights, a multiple of the type's block.
 * out: (n)
 * blocks: the file's bytes; no alignment is needed */
typedef void decode_fn(float *out, const void *blocks, size_t n);

/* The decoder of a type; null if `type` is not the number of a type, or the type has no decoder. The function links all
 * decoders. The engine calls weight_decoder of kernels/kernels.h, which links only those of its weight types. */
decode_fn *type_decoder(uint32_t type);

/* decode_f32, decode_q4_K and so on, one per type of quant/types.inc that has a decoder. Each family of types has its
 * file: float.c, legacy.c, kquant.c, grid.c (IQ1 to IQ3), iq4.c, fp4.c, low_bit.c. */
#define FLOAT_TYPE(ID, name, number, bytes)              decode_fn decode_##name;
#define QUANTIZED_TYPE(ID, name, number, weights, bytes) decode_fn decode_##name;
#include "quant/types.inc"

#endif
