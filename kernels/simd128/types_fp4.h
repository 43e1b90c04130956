/* The FP4 types: MXFP4 with sub-blocks of 32, NVFP4 with sub-blocks of 16.
 *
 * To add a type, write its unpack function in types_fp4.c, describe it there, and declare and list it here. */
#ifndef KERNELS_SIMD128_TYPES_FP4_H
#define KERNELS_SIMD128_TYPES_FP4_H

#include "kernels/simd128/quad_type.h"

/* Each variant has macros that define the kernels of a type: QUAD32(name) for sub-blocks of 32, QUAD16(name) for
 * sub-blocks of 16. */
#define FP4_TYPES(QUAD32, QUAD16)                                                                                      \
    QUAD32(mxfp4)                                                                                                      \
    QUAD16(nvfp4)

extern const struct quad_type type_mxfp4, type_nvfp4;

#endif
