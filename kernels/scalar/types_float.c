/* The reference of the float types: F32, F16, BF16. */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"

static float element_f32(const uint8_t *w, size_t i) {
    float value;
    memcpy(&value, w + 4 * i, sizeof(value));
    return value;
}
SCALAR_FLOATS(f32, 4)

static float element_f16(const uint8_t *w, size_t i) { return f16_at(w + 2 * i); }
SCALAR_FLOATS(f16, 2)

static float element_bf16(const uint8_t *w, size_t i) { return bf16_to_f32(u16_at(w + 2 * i)); }
SCALAR_FLOATS(bf16, 2)
