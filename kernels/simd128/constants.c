/* The values of the vector constants. */
#include "kernels/simd128/constants.h"

#define EIGHT(x)   {x, x, x, x, x, x, x, x}
#define SIXTEEN(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}

const struct constants constants = {
    .i8_3 = SIXTEEN(3),
    .i8_4 = SIXTEEN(4),
    .i8_15 = SIXTEEN(15),
    .i8_16 = SIXTEEN(16),
    .i8_48 = SIXTEEN(48),
    .i8_63 = SIXTEEN(63),
    .i8_1 = SIXTEEN(1),
    .i8_2 = SIXTEEN(2),
    .i8_8 = SIXTEEN(8),
    .i8_85 = SIXTEEN(85),
    .i8_170 = SIXTEEN(170 - 256),
    .i8_128 = SIXTEEN(-128),
    .i16_1 = EIGHT(1),
    .i16_0xff = EIGHT(0xff),
    .i16_0x80 = EIGHT(0x80),
    .i16_0xfff = EIGHT(0xfff),
    .i16_0x3800 = EIGHT(0x3800),
    .i16_0x3880 = EIGHT(0x3880),
    .i16_0x7c00 = EIGHT(0x7c00),
    .i16_0x8000 = EIGHT(-0x8000),
    .i16_0x400 = EIGHT(0x400),
    .i16_0x7800 = EIGHT(0x7800),
    .i16_0x8fff = EIGHT(0x8fff - 0x10000),
    .low_16_bits = {0xffff, 0xffff, 0xffff, 0xffff},
    .bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128},
    .pairs_to_top = {1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 6, 1 << 4, 1 << 2, 1},
    .triples_to_top = {1 << 13, 1 << 10, 1 << 7, 1 << 4, 1 << 13, 1 << 10, 1 << 7, 1 << 4},
    .zero = {0},
};
