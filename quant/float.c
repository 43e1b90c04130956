/* Decoders of the float types: F32, F16, BF16. */
#include "platform/memory.h"
#include "quant/blocks.h"
#include "quant/decode.h"

void decode_f32(float *out, const void *blocks, size_t n) { memcpy(out, blocks, n * sizeof *out); }

void decode_f16(float *out, const void *blocks, size_t n) {
    const uint8_t *bytes = blocks;
    for (size_t i = 0; i < n; i++) {
        out[i] = f16_at(bytes + 2 * i);
    }
}

void decode_bf16(float *out, const void *blocks, size_t n) {
    const uint8_t *bytes = blocks;
    for (size_t i = 0; i < n; i++) {
        out[i] = bf16_to_f32(u16_at(bytes + 2 * i));
    }
}
