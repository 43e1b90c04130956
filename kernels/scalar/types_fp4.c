/* The reference of the FP4 types, MXFP4 and NVFP4. Codes are the doubled values of quant/fp4.h, with halved scales. */
#include "kernels/scalar/matmul.h"
#include "kernels/variants.h"
#include "quant/fp4.h"

static void unpack_mxfp4(struct block32 *out, const void *from) {
    const struct block_mxfp4 *block = from;
    out->d = half_e8m0(block->e);
    for (unsigned i = 0; i < 32; i++) {
        out->code[i] = fp4_values[nibble_of_32(block->qs, i)];
    }
}
SCALAR_BLOCKS32(mxfp4, 32)

/* Each sub-block of 16 weights has a float scale of its own, so its sum is multiplied and added on its own. */
static float dot_nvfp4(const uint8_t *w, const uint8_t *activation, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, n);
    const struct block_nvfp4 *blocks = (const struct block_nvfp4 *)w;
    const int8_t *codes = (const int8_t *)activation;
    const float *d = (const float *)(const void *)(activation + layout.scales);
    float sum = 0.0f;
    for (size_t j = 0; j < n / 16; j++) {
        const struct block_nvfp4 *block = &blocks[j / 4];
        int32_t isum = 0;
        for (size_t i = 0; i < 16; i++) {
            isum += fp4_values[nvfp4_code(block, (unsigned)(16 * (j % 4) + i))] * codes[16 * j + i];
        }
        sum += (float)isum * (half_e4m3(block->d[j % 4]) * d[j / 2]);
    }
    return sum;
}
SCALAR_KERNELS(nvfp4, ACTIVATION_Q8_0, 64, sizeof(struct block_nvfp4))
