/* Files that continue with noise after the input, so that a directory alone is a file to compute with. */
#ifndef TESTS_FUZZ_NOISE_H
#define TESTS_FUZZ_NOISE_H

#include "tests/fuzz/fuzz.h"

#define NOISE 8192 /* bytes; then they repeat */

/* Pseudorandom bytes, repeated once, in which most floats have an ordinary magnitude. */
static inline const uint8_t *noise_bytes(void) {
    static uint8_t bytes[2 * NOISE];
    for (size_t i = 0; bytes[1] == 0 && i < 2 * NOISE; i++) {
        const uint8_t random = (uint8_t)((i % NOISE) * 0x9e3779b97f4a7c15u >> 56);
        const uint8_t usual = (uint8_t)(0x3a + random % 4 + random / 128 * 128); /* high byte of an f16 or f32 near 1 */
        bytes[(i + 2) % (2 * NOISE)] = i % 2 ? usual : random;
    }
    return bytes;
}

/* The bytes of the file at an offset: the input, then noise. */
static inline void noise_read(uint8_t *out, const uint8_t *data, size_t size, uint64_t offset, size_t bytes) {
    size_t done = 0;
    if (offset < size) {
        done = bytes < size - offset ? bytes : (size_t)(size - offset);
        memcpy(out, data + offset, done);
    }
    while (done < bytes) {
        const size_t piece = bytes - done < NOISE ? bytes - done : NOISE;
        memcpy(out + done, noise_bytes() + (offset + done) % NOISE, piece);
        done += piece;
    }
}

#endif
