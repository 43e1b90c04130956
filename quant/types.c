/* The table of tensor types, filled from quant/types.inc. */
#include "quant/types.h"

static const struct type_traits traits[TYPE_COUNT] = {
#define FLOAT_TYPE(ID, name, number, bytes)              [number] = {#name, 1, bytes},
#define QUANTIZED_TYPE(ID, name, number, weights, bytes) [number] = {#name, weights, bytes},
#define OTHER_TYPE(ID, name, number, weights, bytes)     [number] = {#name, weights, bytes},
#include "quant/types.inc"
};

const struct type_traits *type_traits(uint32_t type) {
    return type < TYPE_COUNT && traits[type].block_weights != 0 ? &traits[type] : NULL;
}
