/* Unpacks IQ4_XS. */
#include "kernels/simd128/types_iq4.h"

#include "quant/iq4.h"

static void unpack_iq4_xs(struct signed_block *out, const struct signed_type *type, const uint8_t *bytes,
                          const union spread_grid *grid) {
    (void)type, (void)grid;
    const struct block_iq4_xs *block = (const struct block_iq4_xs *)bytes;
    const v128_t values = load_constant(iq4_values);
    int16_t scales[8];
    unpack_iq4_xs_scales(scales, block);
    KEEP_LOOP
    for (unsigned s = 0; s < 8; s++) {
        out->scale[2 * s] = out->scale[2 * s + 1] = scales[s];
        v128_t codes[2];
        nibbles(codes, block->qs + 16 * s);
        wasm_v128_store(out->code + 32 * s, wasm_i8x16_swizzle(values, codes[0]));
        wasm_v128_store(out->code + 32 * s + 16, wasm_i8x16_swizzle(values, codes[1]));
    }
    out->d = f16_at(block->d);
}

const struct signed_type type_iq4_xs = {.unpack = unpack_iq4_xs, .block_bytes = sizeof(struct block_iq4_xs)};
