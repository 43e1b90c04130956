/* Stores the results of a tile. */
#include "kernels/simd128/gemm_tile.h"

void store_tile(const struct gemm_args *args, size_t token, const struct tile *sums) {
    for (size_t t = 0; t < TOKENS && token + t < args->tokens; t++) {
        for (size_t g = 0; g < GROUPS && 4 * g < args->rows; g++) {
            store_rows(args->out + (token + t) * args->out_stride + 4 * g, sums->of[t][g], args->rows - 4 * g);
        }
    }
}
