#include "kernels/simd128/lanes.h"

#define EIGHT(x)   {x, x, x, x, x, x, x, x}
#define SIXTEEN(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}

const struct constants constants = {
    {SIXTEEN(3), SIXTEEN(4), SIXTEEN(15), SIXTEEN(16), SIXTEEN(48), SIXTEEN(1), SIXTEEN(2), SIXTEEN(8), SIXTEEN(85),
     SIXTEEN(-86), SIXTEEN(-128)},
    {EIGHT(1), EIGHT(0x80), EIGHT(0xfff), EIGHT(0x3800), EIGHT(0x3880), EIGHT(0x7c00), EIGHT(-0x8000), EIGHT(0x400),
     EIGHT(0x7800), EIGHT(-0x7001)},
    {{0xffff, 0xffff, 0xffff, 0xffff}},
    {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128},
    {0},
};
