/* The kernel check: runs every variant of every kernel and compares it with the scalar reference by memcmp, in buffers
 * that end where accessible memory ends. Freestanding: it runs natively and as a Wasm module without imports.
 *
 * A function check_<kind> (check_kinds.h) runs the cases of all kernels of a kind. A case looks like this:
 *
 *     check_case(check, "n", n);                   describes the case in the line of a failure
 *     float *out = check_floats(check, n);         buffers, filled with noise
 *     float *x = check_floats(check, n);
 *     check_fill(check, x, n, FILL_NORMAL);
 *     check_expect(check);                         saves the inputs
 *     reference(out, x, n);
 *     while (check_next_round(check)) {            moves the saved inputs to other addresses
 *         variant(AT(out), AT(x), n);
 *     }
 *
 * After each round all buffers, also the inputs, must have the contents that the reference left, and the borders around
 * them must be unchanged. Two floats that are both NaN count as equal. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/variants.h"

#define CHECK_BUFFERS 8
#define CHECK_NUMBERS 8

struct check_buffer {
    uint8_t *before;   /* contents at check_expect */
    uint8_t *expected; /* the reference works here: the pointer that check_floats and the like return */
    uint8_t *placed;   /* the variant works here during a round */
    size_t bytes;
    bool floats; /* NaNs are compared as NaNs */
};

struct check {
    const char *kernel;  /* as in kernels.inc */
    const char *variant; /* "scalar", "simd128" or "relaxed" */
    uint64_t random;     /* state of check_random */
    struct check_buffer buffers[CHECK_BUFFERS];
    unsigned n_buffers;
    const char *names[CHECK_NUMBERS]; /* the numbers that describe the case */
    size_t numbers[CHECK_NUMBERS];
    unsigned n_numbers;
    unsigned round;    /* rounds of this case so far */
    size_t used;       /* bytes of the workspace */
    uint32_t cases;    /* so far */
    uint32_t failures; /* cases that failed */
    bool failed;       /* this case has failed and is in the report */
};

/* Starts a case without buffers, described by one number. */
void check_case(struct check *check, const char *name, size_t number);
/* Adds a number to the description of the case. */
void check_also(struct check *check, const char *name, size_t number);

/* Adds a buffer. For the reference it is aligned to 64 bytes. For the variant it ends at the last accessible byte in
 * one of the rounds, so its alignment follows from its length. The length may be 0. */
float *check_floats(struct check *check, size_t count);
uint16_t *check_f16s(struct check *check, size_t count);
uint8_t *check_bytes(struct check *check, size_t bytes);

/* Saves the contents of all buffers, from which each round starts. */
void check_expect(struct check *check);
/* Compares the buffers after the round before, if there was one, and sets up the next. Returns false after the last
 * round or a failure. */
bool check_next_round(struct check *check);
/* Whether `kernel` is the kernel being checked. */
bool check_is(const struct check *check, const char *kernel);
/* The address for the variant of a buffer, or of a byte within it, given the address for the reference. */
void *check_at(struct check *check, const void *expected);
#define AT(pointer) check_at(check, (pointer))

#endif
