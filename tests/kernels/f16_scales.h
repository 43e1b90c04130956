/* Where the blocks of a weight type have f16 scales, so that tests can give them sensible or special values. */
#ifndef TESTS_KERNELS_F16_SCALES_H
#define TESTS_KERNELS_F16_SCALES_H

#include <stddef.h>
#include <stdint.h>

#define F16_SCALES 2 /* in a block, at most */

struct f16_scales {
    unsigned count; /* 0 for types whose scales are not f16, and for float types */
    size_t at[F16_SCALES];
};
/* Offsets in bytes, ascending. They are found by trial: a NaN in a scale makes a weight NaN, and other bytes cannot. */
struct f16_scales f16_scales(uint32_t type);

/* Stores an f16 at any address. */
static inline void put_f16(uint8_t *at, uint16_t f16) {
    at[0] = (uint8_t)f16;
    at[1] = (uint8_t)(f16 >> 8);
}

#endif
