/* Finds the f16 scales of a block with the decoder of its type. */
#include "f16_scales.h"

#include <stdbool.h>

#include "platform/memory.h"
#include "quant/decode.h"

enum { BLOCK_WEIGHTS = 256, BLOCK_BYTES = 512, F16_NAN = 0x7e00 };

static bool is_scale(uint32_t type, size_t at) {
    uint8_t block[BLOCK_BYTES] = {0};
    float weights[BLOCK_WEIGHTS];
    const size_t n = type_traits(type)->block_weights;
    put_f16(block + at, F16_NAN);
    type_decoder(type)(weights, block, n);
    for (size_t i = 0; i < n; i++) {
        if (weights[i] != weights[i]) {
            return true;
        }
    }
    return false;
}

static struct f16_scales find(uint32_t type) {
    struct f16_scales scales = {0};
    const struct type_traits *traits = type_traits(type);
    if (traits->block_weights > BLOCK_WEIGHTS || traits->block_bytes > BLOCK_BYTES) {
        __builtin_trap();
    }
    for (size_t at = 0; traits->block_weights > 1 && at + 2 <= traits->block_bytes; at++) {
        if (is_scale(type, at)) {
            if (scales.count == F16_SCALES) {
                __builtin_trap();
            }
            scales.at[scales.count++] = at;
        }
    }
    return scales;
}

struct f16_scales f16_scales(uint32_t type) {
    static struct {
        bool known;
        struct f16_scales scales;
    } cache[TYPE_COUNT];
    if (!cache[type].known) {
        cache[type].scales = find(type);
        cache[type].known = true;
    }
    return cache[type].scales;
}
