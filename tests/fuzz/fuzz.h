/* Shared by the fuzz targets. A target depends only on its input: random numbers come from fuzz_random. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, but also in release builds. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            __builtin_trap();                                                                                          \
        }                                                                                                              \
    } while (0)

/* FNV-1a: a seed for fuzz_random that depends on the input. */
static inline uint64_t fuzz_hash(const uint8_t *data, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ data[i]) * 0x100000001b3u;
    }
    return hash;
}

/* A random number below `below`; splitmix64. */
static inline size_t fuzz_random(uint64_t *state, size_t below) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return below ? (size_t)((z ^ z >> 31) % below) : 0;
}

/* An input that is read as a list of choices. */
struct choices {
    const uint8_t *at;
    size_t left;
};

/* A number below `below`, at most 256; 0 if no bytes are left. */
static inline uint32_t choose(struct choices *choices, uint32_t below) {
    if (choices->left == 0) {
        return 0;
    }
    choices->left--;
    return *choices->at++ % below;
}

/* Any number of up to 4 bytes, in the order of the file; 0 if no bytes are left. */
static inline uint32_t choose_number(struct choices *choices, unsigned bytes) {
    uint32_t number = 0;
    for (unsigned i = 0; i < bytes; i++) {
        number |= choose(choices, 256) << 8 * i;
    }
    return number;
}

/* A copy of exactly that size, so that ASan detects an overread by a single byte. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    REQUIRE(copy != NULL);
    if (size) {
        memcpy(copy, data, size);
    }
    return copy;
}

#endif
