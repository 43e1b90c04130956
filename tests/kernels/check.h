/* The kernel check: every variant of every kernel against its scalar contract, by memcmp, with buffers that end where
 * memory ends. Freestanding: it runs natively and as a Wasm module that imports nothing.
 *
 * A check_<kind> function runs cases; kernels.inc says of which kernels. A case:
 *
 *     check_case(check, "n", n);                   what a failure's line says
 *     float *out = check_floats(check, n);         buffers, filled with noise
 *     float *x = check_floats(check, n);
 *     check_fill(check, x, n, FILL_NORMAL);
 *     check_expect(check);                         from here on the contract runs
 *     contract(out, x, n);
 *     while (check_place(check)) {                 puts the buffers elsewhere, as they were before check_expect
 *         variant(AT(out), AT(x), n);
 *     }
 *
 * After each turn all buffers, inputs too, must be as the contract left them, and the borders around them untouched.
 * Floats that are NaN in both count as equal. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/variants.h"

#define CHECK_BUFFERS 8
#define CHECK_NUMBERS 8

struct check_buffer {
    uint8_t *before;   /* as it was at check_expect */
    uint8_t *expected; /* as the contract left it; what the check function fills and points to */
    uint8_t *placed;   /* where the variant works, while check_place says true */
    size_t bytes;
    bool floats;
};

struct check {
    const char *kernel;  /* as in kernels.inc */
    const char *variant; /* "scalar", "simd128" or "relaxed" */
    uint64_t random;     /* state */
    struct check_buffer buffers[CHECK_BUFFERS];
    unsigned n_buffers;
    const char *names[CHECK_NUMBERS]; /* of the case's numbers */
    size_t numbers[CHECK_NUMBERS];
    unsigned n_numbers;
    unsigned turn;
    size_t used;       /* bytes of the workspace */
    uint32_t cases;    /* made so far */
    uint32_t failures; /* cases that failed */
    bool failed;       /* this case has, and has been reported */
};

/* Starts a case of no buffers. */
void check_case(struct check *check, const char *name, size_t number);
/* One more number that describes it. */
void check_also(struct check *check, const char *name, size_t number);

/* Buffers, aligned to 64 bytes for the contract; the variant's end at the last byte of memory, and are aligned as far
 * as their length allows. A length of 0 is allowed. */
float *check_floats(struct check *check, size_t count);
uint16_t *check_halves(struct check *check, size_t count);
uint8_t *check_bytes(struct check *check, size_t bytes);

void check_expect(struct check *check);
bool check_place(struct check *check);
/* Whether the check is of that kernel. */
bool check_is(const struct check *check, const char *kernel);
/* Where a buffer, or a place inside it, lies for the variant. */
void *check_at(struct check *check, const void *expected);
#define AT(pointer) check_at(check, (pointer))

/* ---- numbers ---- */

uint32_t check_random(struct check *check);
/* Below `bound`, which is at least 1. */
size_t check_below(struct check *check, size_t bound);

enum fill {
    FILL_NORMAL,   /* bell-shaped about 0, below 4 */
    FILL_ZERO,     /* +0 and -0 */
    FILL_EQUAL,    /* 1.5 and -1.5 */
    FILL_TIES,     /* halfway between integers, between halves, and next to that */
    FILL_TINY,     /* subnormals, of float and of f16 */
    FILL_LARGE,    /* up to the largest float */
    FILL_WIDE,     /* any finite float */
    FILL_INFINITE, /* normal with a few infinities */
    FILL_NAN,      /* normal with a few NaNs */
    FILLS
};
/* The name of a fill is in the report as a number: its place above. */
void check_fill(struct check *check, float *x, size_t n, enum fill fill);
/* The same in f16; never infinite or NaN but where the fill says so. */
void check_fill_halves(struct check *check, uint16_t *x, size_t n, enum fill fill);

/* ---- the seams to native and Wasm ---- */

/* A zeroed workspace for the contract's buffers. */
#define CHECK_WORKSPACE ((size_t)24 << 20)
uint8_t *place_workspace(void);
/* How often the buffers of a case are placed, and the place of a buffer in a turn. `border` says how many bytes before
 * and after it can be written and must stay. */
unsigned place_turns(unsigned n_buffers);
struct place {
    uint8_t *at;
    size_t before;
    size_t after;
};
#define PLACE_BYTES  ((size_t)4 << 20) /* a buffer's room, with two borders */
#define PLACE_BORDER ((size_t)256)
struct place place_buffer(unsigned buffer, unsigned turn, size_t bytes);

/* ---- the checks ---- */

/* Runs them all, or those of the kernel `only`. Returns how many variants failed, or made no case; the report, text,
 * says which and why. */
uint32_t check_all(uint32_t seed, const char *only);
extern uint32_t check_count; /* variants checked by the last check_all */
extern char check_report[];  /* ends with a zero byte */

#define KERNEL(kind, name, best) void check_##kind(struct check *check, kind##_fn *contract, kind##_fn *variant);
#define WEIGHT(type, name, best)
#include "kernels/kernels.inc"
#undef KERNEL
#undef WEIGHT

void check_weight(struct check *check, uint32_t type, const struct weight_kernels *contract,
                  const struct weight_kernels *variant);

#endif
