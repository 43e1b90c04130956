/* Stores into panels of bytes. They are not inlined, because they would be most of the code of each type. */
#include "kernels/relaxed/panel_i8.h"

void store_i8_legacy_group(uint8_t *panel, size_t g, v128_t codes[4][2], v128_t scales, int32_t offset) {
    (void)offset;
    UNROLL
    for (size_t v = 0; v < 2; v++) {
        const v128_t rows[4] = {codes[0][v], codes[1][v], codes[2][v], codes[3][v]};
        store_i8_slices(panel + 4 * v * I8_SLICE_BYTES, g, rows);
    }
    store_legacy_scales((struct legacy_panel_scales *)(void *)(panel + 8 * I8_SLICE_BYTES), g, scales);
}
