/* Adds gathered products to the sums of four rows. */
#include "kernels/simd128/row_products.h"

#include "kernels/simd128/four_rows.h"

void add_row_products(v128_t *sums, struct row_products *products, size_t count) {
    for (size_t k = 0; count % 4 && k < 4; k++) { /* adding a zero changes no sum, because none is -0 */
        for (size_t i = count; i % 4; i++) {
            products->of[k][i] = 0.0f;
        }
    }
    v128_t sum = *sums;
    KEEP_LOOP
    for (size_t i = 0; i < count; i += 4) {
        v128_t each[4];
        transpose(each, wasm_v128_load(products->of[0] + i), wasm_v128_load(products->of[1] + i),
                  wasm_v128_load(products->of[2] + i), wasm_v128_load(products->of[3] + i));
        sum = wasm_f32x4_add(sum, each[0]);
        sum = wasm_f32x4_add(sum, each[1]);
        sum = wasm_f32x4_add(sum, each[2]);
        sum = wasm_f32x4_add(sum, each[3]);
    }
    *sums = sum;
}
