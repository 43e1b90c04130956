/* The table of decoders, filled from quant/types.inc. */
#include "quant/decode.h"

static decode_fn *const decoders[TYPE_COUNT] = {
#define FLOAT_TYPE(ID, name, number, bytes)              [number] = decode_##name,
#define QUANTIZED_TYPE(ID, name, number, weights, bytes) [number] = decode_##name,
#include "quant/types.inc"
};

decode_fn *type_decoder(uint32_t type) { return type < TYPE_COUNT ? decoders[type] : NULL; }
