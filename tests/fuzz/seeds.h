/* Shared by the programs that write seeds. */
#ifndef TESTS_FUZZ_SEEDS_H
#define TESTS_FUZZ_SEEDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Writes <folder>/<kind>-<number>, or ends the program. */
static inline void seed_write(const char *folder, const char *kind, size_t number, const void *bytes, size_t count) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s-%zu", folder, kind, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* The next random byte. */
static inline uint8_t seed_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

#endif
