/* The products of the blocks of four rows, gathered row by row and then added four rows at once, in the order of the
 * blocks, so that the sums fill a vector. */
#ifndef KERNELS_SIMD128_ROW_PRODUCTS_H
#define KERNELS_SIMD128_ROW_PRODUCTS_H

#include <stddef.h>

#include "kernels/simd128/simd.h"

#define PRODUCTS_PER_ROW 256 /* products that are gathered before they are added */

struct row_products {
    float of[4][PRODUCTS_PER_ROW];
};

/* sums[r] += of[r][0], of[r][1], ... in order, `count` of each. Overwrites up to three products after `count`. */
void add_row_products(v128_t *sums, struct row_products *products, size_t count);

#endif
