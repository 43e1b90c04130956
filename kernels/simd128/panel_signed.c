/* Unpacks panels of signed types to i16. */
#include "kernels/simd128/panel_signed.h"

#include "kernels/simd128/gemm_i16.h"
#include "kernels/simd128/types_grid.h"
#include "platform/memory.h"

void unpack_i16_signed_panel(const struct signed_type *type, const struct panel_args *args) {
    const uint8_t *w = args->w;
    uint8_t *panel = args->panel;
    union spread_grid grid;
    spread_grid(&grid, type);
    for (size_t b = args->n / 256; b; b--, w += type->block_bytes, panel += I16_KQUANT_PANEL_BYTES) {
        struct kquant_panel_scales *scales = (struct kquant_panel_scales *)(void *)(panel + 64 * I16_SLICE_BYTES);
        for (size_t g = 0; g < GROUPS; g++) {
            const uint8_t *at[4];
            four_rows(at, w, args->row_bytes, 4 * g, args->rows);
            struct kquant_rows rows;
            float d[4];
            for (size_t k = 0; k < 4; k++) {
                struct signed_block block;
                type->unpack(&block, type, at[k], &grid);
                memcpy(rows.codes[k], block.code, sizeof(block.code));
                memcpy(rows.scales[k].scale, block.scale, sizeof(block.scale));
                memset(rows.scales[k].minimum, 0, sizeof(rows.scales[k].minimum));
                d[k] = block.d;
            }
            store_i16_kquant_group(panel, g, 1, &rows, wasm_i16x8_splat(0x3c00)); /* an f16 scale of 1 ... */
            memcpy(scales[g].d, d, sizeof(d));                                    /* ... replaced by the float */
        }
    }
}
