/* The reference of the IQ4 types, IQ4_NL and IQ4_XS. */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"
#include "quant/iq4.h"

static void unpack_iq4_nl(struct block32 *out, const void *from) {
    const struct block_iq4_nl *block = from;
    out->d = f16_at(block->d);
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = iq4_values[nibble_of_32(block->qs, i)];
    }
}
SCALAR_BLOCKS32(iq4_nl, 32)

static void unpack_iq4_xs(struct block256 *out, const void *from) {
    const struct block_iq4_xs *block = from;
    out->d = f16_at(block->d);
    for (unsigned j = 0; j < 16; j++) {
        out->scale[j] = (int16_t)iq4_xs_scale(block, j / 2);
    }
    for (unsigned i = 0; i < 256; i++) {
        out->code[i] = iq4_values[nibble_of_32(block->qs + i / 32 * 16, i % 32)];
    }
}
SCALAR_BLOCKS256(iq4_xs)
