/* Vector constants that are loaded from memory. V8 rebuilds a vector constant with three instructions at each use. */
#ifndef KERNELS_SIMD128_CONSTANTS_H
#define KERNELS_SIMD128_CONSTANTS_H

#include <stdint.h>

#include "kernels/simd128/hints.h"
#include "kernels/simd128/simd.h"

/* One vector per member, except `zero`, whose value the compiler must not know. */
struct constants {
    int8_t i8_3[16], i8_4[16], i8_15[16], i8_16[16], i8_48[16], i8_63[16], i8_1[16], i8_2[16], i8_8[16], i8_85[16],
        i8_170[16], i8_128[16];
    int16_t i16_1[8], i16_0xff[8], i16_0x80[8], i16_0xfff[8], i16_0x3800[8], i16_0x3880[8], i16_0x7c00[8],
        i16_0x8000[8], i16_0x400[8], i16_0x7800[8], i16_0x8fff[8];
    int32_t low_16_bits[4];
    uint8_t bits[16];           /* bit i % 8 in byte i */
    uint16_t pairs_to_top[8];   /* powers of two that move bits 2 i and 2 i + 1 of lane i to the top */
    uint16_t triples_to_top[8]; /* the same for bits 3 i to 3 i + 2, in lanes 0 to 3 and again in 4 to 7 */
    uint8_t zero[16];
};
extern const struct constants constants;

/* The 16 bytes at `at`, which need not be aligned. */
ALWAYS_INLINE v128_t load_constant(const void *at) { return wasm_v128_load(opaque(at)); }

/* x in all lanes of 8 bits. x is a compile-time constant; one without a member in `constants` works too, but slower. */
ALWAYS_INLINE v128_t splat8(int32_t x) {
    switch (x & 0xff) {
    case 1:
        return load_constant(constants.i8_1);
    case 2:
        return load_constant(constants.i8_2);
    case 3:
        return load_constant(constants.i8_3);
    case 4:
        return load_constant(constants.i8_4);
    case 8:
        return load_constant(constants.i8_8);
    case 15:
        return load_constant(constants.i8_15);
    case 16:
        return load_constant(constants.i8_16);
    case 48:
        return load_constant(constants.i8_48);
    case 63:
        return load_constant(constants.i8_63);
    case 85:
        return load_constant(constants.i8_85);
    case 128:
        return load_constant(constants.i8_128);
    case 170:
        return load_constant(constants.i8_170);
    default:
        return wasm_i8x16_splat((int8_t)x);
    }
}

/* The same for lanes of 16 bits. */
ALWAYS_INLINE v128_t splat16(int32_t x) {
    switch (x & 0xffff) {
    case 1:
        return load_constant(constants.i16_1);
    case 0xff:
        return load_constant(constants.i16_0xff);
    case 0x80:
        return load_constant(constants.i16_0x80);
    case 0x400:
        return load_constant(constants.i16_0x400);
    case 0xfff:
        return load_constant(constants.i16_0xfff);
    case 0x3800:
        return load_constant(constants.i16_0x3800);
    case 0x3880:
        return load_constant(constants.i16_0x3880);
    case 0x7800:
        return load_constant(constants.i16_0x7800);
    case 0x7c00:
        return load_constant(constants.i16_0x7c00);
    case 0x8000:
        return load_constant(constants.i16_0x8000);
    case 0x8fff:
        return load_constant(constants.i16_0x8fff);
    default:
        return wasm_i16x8_splat((int16_t)x);
    }
}

#endif
