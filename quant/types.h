/* The tensor types of GGUF: their numbers, names and block sizes, from quant/types.inc.
 *
 * The folder quant/ defines number formats: the tensor types (types.inc), their blocks (blocks.h), their decoders
 * (decode.h and a .c file per family), and quantized activations (activation.h). It works on single rows of values and
 * knows no files, tensors or models. It includes only platform/; gguf/, kernels/ and engine/ build on it. */
#ifndef QUANT_TYPES_H
#define QUANT_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* TYPE_F32 = 0, TYPE_F16 = 1, TYPE_Q4_0 = 2 and so on. */
enum tensor_type {
#define FLOAT_TYPE(ID, name, number, bytes)              TYPE_##ID = (number),
#define QUANTIZED_TYPE(ID, name, number, weights, bytes) TYPE_##ID = (number),
#define OTHER_TYPE(ID, name, number, weights, bytes)     TYPE_##ID = (number),
#include "quant/types.inc"
    TYPE_COUNT /* the largest number, plus 1 */
};

struct type_traits {
    const char *name;       /* as llama.cpp prints it: "q4_K" */
    uint16_t block_weights; /* weights per block */
    uint16_t block_bytes;
};

/* The traits of a type; null if `type` is not the number of a type. Any number may be passed. */
const struct type_traits *type_traits(uint32_t type);

#endif
