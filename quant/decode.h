/* The decoders, one a tensor type: each is the definition of its type. out: n floats; blocks: the file's bytes, not
 * aligned; n: a multiple of the type's block. Every code has a value, so any bytes will do. The order of the float
 * operations is llama.cpp's (dequantize_row_*, ggml-quants.c), so that the values are the same to the last bit. */
#ifndef QUANT_DECODE_H
#define QUANT_DECODE_H

#include "quant/types.h"

/* Writes n weights as floats; n is a multiple of the block, `blocks` need not be aligned. */
typedef void decode_fn(float *out, const void *blocks, size_t n);

/* The decoder of any type; null for a number that is no live type, or one that holds no weights. It links them all: a
 * module that multiplies only some types has weight_decoder of kernels/kernels.h. */
decode_fn *type_decoder(uint32_t type);

decode_fn decode_f32, decode_f16, decode_bf16;                             /* plain.c */
decode_fn decode_q4_0, decode_q4_1, decode_q5_0, decode_q5_1, decode_q8_0; /* legacy.c */
decode_fn decode_q2_K, decode_q3_K, decode_q4_K, decode_q5_K, decode_q6_K; /* k.c */
decode_fn decode_q1_0, decode_q2_0, decode_tq1_0, decode_tq2_0;            /* narrow.c */
decode_fn decode_mxfp4, decode_nvfp4;                                      /* fp4.c */
decode_fn decode_iq1_s, decode_iq1_m;                                      /* iq1.c */
decode_fn decode_iq2_xxs, decode_iq2_xs, decode_iq2_s;                     /* iq2.c */
decode_fn decode_iq3_xxs, decode_iq3_s;                                    /* iq3.c */
decode_fn decode_iq4_nl, decode_iq4_xs;                                    /* iq4.c */

#endif
