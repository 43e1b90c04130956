/* Random and adversarial numbers for the buffers of a check. */
#ifndef TESTS_KERNELS_FILL_H
#define TESTS_KERNELS_FILL_H

#include "check.h"

uint32_t check_random(struct check *check);
/* A number below `bound`, which is at least 1. */
size_t check_below(struct check *check, size_t bound);

enum fill {
    FILL_NORMAL,   /* bell-shaped around 0, magnitudes below 4 */
    FILL_ZERO,     /* +0 and -0 */
    FILL_EQUAL,    /* 1.5 and -1.5 */
    FILL_TIES,     /* halfway between two integers or two f16, and the floats next to that */
    FILL_TINY,     /* subnormal floats and f16 */
    FILL_LARGE,    /* up to the largest float */
    FILL_FINITE,   /* any finite float */
    FILL_INFINITE, /* normal with a few infinities */
    FILL_NAN,      /* normal with a few NaNs */
    FILLS
};
/* x: (n). The report names a fill by its number. */
void check_fill(struct check *check, float *x, size_t n, enum fill fill);
/* The same for f16. Infinities and NaNs occur only in FILL_INFINITE and FILL_NAN. */
void check_fill_f16(struct check *check, uint16_t *x, size_t n, enum fill fill);

#endif
